/* tenures: which shard owned a partition from which offset on, and what it already holds. */
#include "schema/base/clock.h"
#include "worker/store/shard.h"

int64_t store_source(struct store *store, const char *topic, const char *incarnation,
                     int32_t partition)
{
    struct statement *make =
        db_sql(store->db, "INSERT OR IGNORE INTO source(topic, incarnation, partition) "
                          "VALUES(?, ?, ?)");
    db_bind_text(make, str_of(topic));
    db_bind_text(make, str_of(incarnation));
    db_bind_int(make, partition);
    db_do(make);
    struct statement *read = db_sql(
        store->db, "SELECT id FROM source WHERE topic = ? AND incarnation = ? AND partition = ?");
    db_bind_text(read, str_of(topic));
    db_bind_text(read, str_of(incarnation));
    db_bind_int(read, partition);
    int64_t id = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return id;
}

int64_t store_highest(struct store *store, int64_t source)
{
    struct statement *read =
        db_sql(store->db, "SELECT coalesce(max((SELECT max(off) FROM delivery WHERE run = run.id "
                          "AND source = ?)), -1) FROM run");
    db_bind_int(read, source);
    int64_t highest = db_row(read) ? db_int(read, 0) : -1;
    db_end(read);
    return highest;
}

int64_t store_acked(struct store *store, int64_t source)
{
    struct statement *read =
        db_sql(store->db, "SELECT coalesce(max(acked_to), -1) FROM tenure WHERE source = ?");
    db_bind_int(read, source);
    int64_t acked = db_row(read) ? db_int(read, 0) : -1;
    db_end(read);
    return acked;
}

static int64_t next_number(struct store *store, int64_t source)
{
    struct statement *read =
        db_sql(store->db, "SELECT coalesce(max(number), 0) + 1 FROM tenure WHERE source = ?");
    db_bind_int(read, source);
    int64_t number = db_row(read) ? db_int(read, 0) : 1;
    db_end(read);
    return number;
}

bool store_open_tenure(struct store *store, int64_t source, int64_t start, const char *predecessor,
                       struct tenure *out, struct error *error)
{
    db_begin(store->db);
    int64_t number = next_number(store, source);
    struct statement *make = db_sql(store->db, "INSERT INTO tenure(run, source, number, start,"
                                               "low_water, acked_to, predecessor, opened_at_ms) "
                                               "VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    db_bind_int(make, store->run);
    db_bind_int(make, source);
    db_bind_int(make, number);
    db_bind_int(make, start);
    db_bind_int(make, start);
    db_bind_int(make, start);
    db_bind_text(make, str_of(predecessor));
    db_bind_int(make, clock_wall_ms());
    db_do(make);
    int64_t id = db_last_id(store->db);
    if (!db_commit(store->db, error))
        return false;
    *out = (struct tenure){
        .id = id, .source = source, .number = number, .start = start, .acked_to = start};
    return true;
}

uint64_t store_run_key(uint64_t sample_key, enum sample_run run)
{
    return run == SAMPLE_LIVE ? sample_key : ~sample_key;
}

bool store_held(struct store *store, int64_t source, int64_t from,
                void (*held)(void *owner, int64_t offset, const uint64_t *scored_key), void *owner,
                struct error *error)
{
    struct statement *rows = db_sql(
        store->db, "SELECT off, sample_key, state = 'scored' OR reason = '" TERMINAL_NOT_SAMPLED
                   "', run FROM delivery WHERE run IN (SELECT id FROM run) "
                   "AND source = ? AND off >= ? ORDER BY off");
    db_bind_int(rows, source);
    db_bind_int(rows, from);
    while (db_row(rows)) {
        bool again = db_int(rows, 3) == store->references;
        uint64_t key = store_run_key((uint64_t)db_int(rows, 1),
                                     again ? SAMPLE_REFERENCES : SAMPLE_LIVE);
        held(owner, db_int(rows, 0), db_int(rows, 2) ? &key : NULL);
    }
    db_end(rows);
    return db_ok(store->db, error);
}

void store_low_water(struct store *store, const struct tenure *tenure, int64_t offset)
{
    struct statement *move = db_sql(store->db, "UPDATE tenure SET low_water = ? WHERE id = ?");
    db_bind_int(move, offset);
    db_bind_int(move, tenure->id);
    db_do(move);
}
