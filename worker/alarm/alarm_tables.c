/* alarm_tables: what alarms.sqlite holds, and how an older one becomes that. */
#include "worker/alarm/alarm_tables.h"

static const char FIRST[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    /* in force for buckets that end after from_ms */
    "CREATE TABLE rules(from_ms INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, model TEXT NOT NULL, rubric TEXT NOT NULL,"
    " criterion TEXT NOT NULL, dimension TEXT NOT NULL, hash TEXT NOT NULL,"
    " UNIQUE(model, rubric, criterion, hash)) STRICT;"
    "CREATE TABLE segment(id INTEGER PRIMARY KEY, words TEXT NOT NULL UNIQUE) STRICT;"
    /* what the stores held of a time, five minutes or an hour, when it was last looked at; at_ms:
     * its start */
    "CREATE TABLE taken(series INTEGER NOT NULL, segment INTEGER NOT NULL,"
    " threshold INTEGER NOT NULL, at_ms INTEGER NOT NULL, scored INTEGER NOT NULL,"
    " not_applicable INTEGER NOT NULL, skipped INTEGER NOT NULL, error INTEGER NOT NULL,"
    " passed INTEGER NOT NULL, histogram BLOB NOT NULL,"
    " PRIMARY KEY(series, segment, threshold, at_ms)) STRICT, WITHOUT ROWID;"
    /* closed buckets, never changed; at_ms: their end */
    "CREATE TABLE bucket(at_ms INTEGER NOT NULL, series INTEGER NOT NULL,"
    " segment INTEGER NOT NULL, threshold INTEGER NOT NULL, scored INTEGER NOT NULL,"
    " not_applicable INTEGER NOT NULL, skipped INTEGER NOT NULL, error INTEGER NOT NULL,"
    " passed INTEGER NOT NULL, histogram BLOB NOT NULL,"
    " PRIMARY KEY(at_ms, series, segment, threshold)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE event(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, alarm TEXT NOT NULL,"
    " at_ms INTEGER NOT NULL, body TEXT NOT NULL) STRICT;"
    "CREATE INDEX event_alarm ON event(alarm);"
    /* ready -> sending -> sent | refused | expired; found 'sending' after a crash, it is sent again
     */
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY, event INTEGER NOT NULL, target TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK(state IN ('ready','sending','sent','refused','expired')),"
    " attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL, made_ms INTEGER NOT NULL,"
    " UNIQUE(event, target)) STRICT;"
    "CREATE INDEX outbox_open ON outbox(due_ms) WHERE state IN ('ready','sending');"
    /* gauges for CloudWatch; found 'sending' after a crash, they are never sent again */
    "CREATE TABLE metric(id INTEGER PRIMARY KEY,"
    " state TEXT NOT NULL CHECK(state IN ('ready','sending','sent','refused','expired')),"
    " minute_ms INTEGER NOT NULL, model TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,"
    " value REAL NOT NULL) STRICT;";

static const char CHECKPOINTS[] =
    /* the engine when the bucket that ends at at_ms had closed: alarm_checkpoint.c */
    "CREATE TABLE checkpoint(at_ms INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
    " digest BLOB NOT NULL) STRICT;"
    /* series 0: what belongs to no stream */
    "CREATE TABLE checkpoint_part(at_ms INTEGER NOT NULL, series INTEGER NOT NULL,"
    " body BLOB NOT NULL, PRIMARY KEY(at_ms, series)) STRICT;";

/* Step N leads to version N + 1. To change the tables, add one; never edit those before. */
static const char *const STEPS[] = {FIRST, CHECKPOINTS};
enum { VERSION = sizeof STEPS / sizeof *STEPS };

static int64_t read_version(struct db *db)
{
    struct statement *read = db_sql(db, "PRAGMA user_version");
    int64_t version = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return version;
}

static bool upgrade(struct db *db, int64_t version, struct error *error)
{
    struct buffer done = {0};
    buffer_printf(&done, "PRAGMA user_version=%d", VERSION);
    db_begin(db);
    for (; version < VERSION; version++)
        db_run(db, STEPS[version]);
    db_run(db, done.data);
    buffer_clear(&done);
    return db_commit(db, error);
}

bool alarm_tables_check(struct db *db, const char *path, bool writes, struct error *error)
{
    int64_t version = read_version(db);
    if (!db_ok(db, error))
        return false;
    if (version > VERSION)
        return error_set(error, ERROR_FATAL,
                         "%s was written by a newer assay (format %lld, this one knows %d)", path,
                         (long long)version, VERSION);
    if (version == VERSION)
        return true;
    if (writes)
        return upgrade(db, version, error);
    return version == 0
               ? error_set(error, ERROR_INPUT, "%s is no file of assay alarms run", path)
               : error_set(error, ERROR_INPUT,
                           "%s was written by an older assay (format %lld, this one reads %d): "
                           "assay alarms run of this version makes it anew when it starts",
                           path, (long long)version, VERSION);
}
