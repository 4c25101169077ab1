/* hours: adds cells of 5 minutes that are old up to hours: the same numbers in a twelfth of the
 * rows.
 *
 *
 * An hour is folded in one transaction. A row that comes late makes a cell of 5 minutes again,
 * which is added to its hour the next time. */
#include "worker/store/rollup.h"

enum { FINE_HOURS = 48 };

static const int64_t HOUR_MS = 3600000;

/* A histogram that is damaged makes one that is: whoever reads it says so. */
static void add_bins(struct str a, struct str b, struct buffer *out)
{
    if (bins_merge(a, b, out))
        return;
    buffer_reset(out);
    buffer_append(out, "\x80", 1);
}

/* Runs a statement with the bounds of an hour. */
static void run_in(struct db *db, const char *literal, int64_t hour_ms)
{
    struct statement *statement = db_sql(db, literal);
    db_bind_int(statement, hour_ms);
    db_bind_int(statement, hour_ms + HOUR_MS);
    db_do(statement);
}

static void fold_rollups(struct db *db, int64_t hour_ms)
{
    run_in(db,
           "INSERT INTO rollup_hour SELECT run, ?1, model, criterion, segment, threshold, scored,"
           "not_applicable, skipped, error, passed, histogram FROM rollup WHERE bucket_ms >= ?1 "
           "AND bucket_ms < ?2 ON CONFLICT DO UPDATE SET scored = scored + excluded.scored,"
           "not_applicable = not_applicable + excluded.not_applicable,"
           "skipped = skipped + excluded.skipped, error = error + excluded.error,"
           "passed = passed + excluded.passed, histogram = add_bins(histogram, excluded.histogram)",
           hour_ms);
    run_in(db, "DELETE FROM rollup WHERE bucket_ms >= ? AND bucket_ms < ?", hour_ms);
}

static void fold_measures(struct db *db, int64_t hour_ms)
{
    run_in(db,
           "INSERT INTO measure_hour SELECT run, ?1, model, name, segment, threshold, n, histogram "
           "FROM measure WHERE bucket_ms >= ?1 AND bucket_ms < ?2 ON CONFLICT DO UPDATE SET "
           "n = n + excluded.n, histogram = add_bins(histogram, excluded.histogram)",
           hour_ms);
    run_in(db, "DELETE FROM measure WHERE bucket_ms >= ? AND bucket_ms < ?", hour_ms);
}

static void fold_categories(struct db *db, int64_t hour_ms)
{
    run_in(db,
           "INSERT INTO category_hour SELECT run, ?1, model, criterion, label, segment, threshold,"
           "n FROM category WHERE bucket_ms >= ?1 AND bucket_ms < ?2 ON CONFLICT DO UPDATE SET "
           "n = n + excluded.n",
           hour_ms);
    run_in(db, "DELETE FROM category WHERE bucket_ms >= ? AND bucket_ms < ?", hour_ms);
}

/* In its own table: a window that begins inside of the hour is widened to all of it. */
static void fold_traffic(struct db *db, int64_t hour_ms)
{
    run_in(db,
           "INSERT INTO traffic SELECT run, ?1, model, segment, threshold, sum(arrived), sum(kept) "
           "FROM traffic WHERE bucket_ms > ?1 AND bucket_ms < ?2 "
           "GROUP BY run, model, segment, threshold ON CONFLICT DO UPDATE SET "
           "arrived = arrived + excluded.arrived, kept = kept + excluded.kept",
           hour_ms);
    run_in(db, "DELETE FROM traffic WHERE bucket_ms > ? AND bucket_ms < ?", hour_ms);
}

static void note_end(struct db *db, int64_t end_ms)
{
    struct statement *note =
        db_sql(db, "INSERT INTO meta VALUES('hours_to_ms', ?) ON CONFLICT DO UPDATE SET "
                   "value = max(value, excluded.value)");
    db_bind_int(note, end_ms);
    db_do(note);
}

/* The earliest cell of 5 minutes; -1: none. */
static int64_t first_cell(struct db *db)
{
    struct statement *read = db_sql(
        db, "SELECT coalesce(min(first), -1) FROM (SELECT min(bucket_ms) AS first FROM rollup "
            "UNION ALL SELECT min(bucket_ms) FROM measure "
            "UNION ALL SELECT min(bucket_ms) FROM category)");
    int64_t first = db_row(read) ? db_int(read, 0) : -1;
    db_end(read);
    return first;
}

void shard_teach_bins(struct db *db)
{
    db_function(db, "add_bins", add_bins);
}

bool store_fold_hours(struct store *store, int64_t now_ms, bool *out_more, struct error *error)
{
    struct db *db = store->db;
    int64_t first_ms = first_cell(db), limit_ms = now_ms - FINE_HOURS * HOUR_MS;
    int64_t hour_ms = first_ms - first_ms % HOUR_MS;
    *out_more = first_ms >= 0 && hour_ms + HOUR_MS <= limit_ms;
    if (!*out_more)
        return db_ok(db, error);
    db_begin(db);
    fold_rollups(db, hour_ms);
    fold_measures(db, hour_ms);
    fold_categories(db, hour_ms);
    fold_traffic(db, hour_ms);
    note_end(db, hour_ms + HOUR_MS);
    return store_commit(store, error);
}
