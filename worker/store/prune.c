/* prune: takes away rows that are older than they may be. */
#include <stdio.h>
#include "worker/store/shard.h"

enum {
    PRUNE_ROWS = 1000, /* a transaction */
    VACUUM_PAGES = 200,
    SENT_DAYS = 15, /* minutes that CloudWatch would no longer take */
};

static const int64_t DAY_MS = 86400000;

/* What one transaction may still take away. */
struct prune {
    struct store *store;
    int64_t now_ms, room;
};

/* Rows of a run that came from a source. */
struct rows {
    int64_t run, source;
};

/* Offsets are recorded nearly in their order: the first that is young enough ends the search. */
static int64_t old_end(struct prune *prune, struct statement *rows, const struct rows *of,
                       int64_t days)
{
    int64_t end = -1, limit = prune->now_ms - days * DAY_MS;
    db_bind_int(rows, of->run);
    db_bind_int(rows, of->source);
    db_bind_int(rows, prune->room);
    while (db_row(rows) && db_int(rows, 1) < limit) {
        end = db_int(rows, 0) + 1;
        prune->room--;
    }
    db_end(rows);
    return end;
}

static void delete_below(struct statement *statement, const struct rows *of, int64_t end)
{
    db_bind_int(statement, of->run);
    db_bind_int(statement, of->source);
    db_bind_int(statement, end);
    db_do(statement);
}

static void prune_texts(struct prune *prune, const struct rows *of, int64_t days)
{
    struct db *db = prune->store->db;
    int64_t end = old_end(
        prune,
        db_sql(db, "SELECT off, recorded_at_ms FROM text JOIN delivery USING(run, source, off) "
                   "WHERE run = ? AND source = ? ORDER BY off LIMIT ?"),
        of, days);
    if (end >= 0)
        delete_below(db_sql(db, "DELETE FROM text WHERE run = ? AND source = ? AND off < ?"), of,
                     end);
}

/* What is not acked is not counted yet, and what may come again must be known again. */
static void prune_deliveries(struct prune *prune, const struct rows *of, int64_t days)
{
    struct db *db = prune->store->db;
    int64_t end = old_end(
        prune,
        db_sql(db, "SELECT off, recorded_at_ms FROM delivery WHERE run = ? AND source = ?2 AND off "
                   "< (SELECT max(acked_to) FROM tenure WHERE source = ?2) ORDER BY off LIMIT ?"),
        of, days);
    if (end < 0)
        return;
    delete_below(db_sql(db, "DELETE FROM text WHERE run = ? AND source = ? AND off < ?"), of, end);
    delete_below(db_sql(db, "DELETE FROM score WHERE run = ? AND source = ? AND off < ?"), of,
                 end);
    delete_below(db_sql(db, "DELETE FROM fingerprint WHERE run = ? AND source = ? AND off < ?"),
                 of, end);
    delete_below(db_sql(db, "DELETE FROM delivery WHERE run = ? AND source = ? AND off < ?"), of,
                 end);
}

static void prune_rows(struct prune *prune, const struct retention *retention)
{
    struct statement *all = db_sql(prune->store->db, "SELECT run.id, source.id FROM source, run "
                                                     "ORDER BY source.id, run.id");
    while (prune->room > 0 && db_row(all)) {
        const struct rows of = {db_int(all, 0), db_int(all, 1)};
        if (retention->text_days > 0)
            prune_texts(prune, &of, retention->text_days);
        if (retention->row_days > 0 && prune->room > 0)
            prune_deliveries(prune, &of, retention->row_days);
    }
    db_end(all);
}

/* Answers are kept as long as the texts they are about. Newer ones have higher ids. */
static void prune_answers(struct prune *prune, int64_t days)
{
    struct statement *old = db_sql(prune->store->db,
                                   "DELETE FROM answer WHERE id IN (SELECT id FROM answer ORDER BY "
                                   "id LIMIT ?) AND recorded_at_ms < ? RETURNING id");
    db_bind_int(old, prune->room);
    db_bind_int(old, prune->now_ms - days * DAY_MS);
    while (db_row(old))
        prune->room--;
    db_end(old);
}

static void prune_outbox(struct prune *prune)
{
    struct statement *sent = db_sql(prune->store->db, "DELETE FROM outbox WHERE id IN (SELECT id "
                                                      "FROM outbox WHERE state = 'sent' AND "
                                                      "minute_ms < ? LIMIT ?)");
    db_bind_int(sent, prune->now_ms - SENT_DAYS * DAY_MS);
    db_bind_int(sent, PRUNE_ROWS);
    db_do(sent);
}

bool store_prune(struct store *store, const struct retention *retention, int64_t now_ms,
                 bool *out_more, struct error *error)
{
    struct prune prune = {.store = store, .now_ms = now_ms, .room = PRUNE_ROWS};
    db_begin(store->db);
    prune_rows(&prune, retention);
    if (retention->text_days > 0 && prune.room > 0)
        prune_answers(&prune, retention->text_days);
    prune_outbox(&prune);
    *out_more = prune.room <= 0;
    if (!store_commit(store, error))
        return false;
    char vacuum[64];
    snprintf(vacuum, sizeof vacuum, "PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
    if (prune.room < PRUNE_ROWS)
        db_run(store->db, vacuum);
    return db_ok(store->db, error);
}
