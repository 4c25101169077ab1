/* extract: what reports need of a shard, as a shard of its own. */
#include "worker/store/extract.h"

#include <string.h>
#include "worker/store/db.h"
#include "worker/store/migrate.h"
#include "worker/store/store.h"

/* Rows that say what others mean. The live run is there already. */
static const char NAMES[] =
    "DELETE FROM run;"
    "INSERT INTO run SELECT * FROM shard.run;"
    "INSERT INTO meta SELECT * FROM shard.meta;"
    "INSERT INTO source SELECT * FROM shard.source;"
    "INSERT INTO word SELECT * FROM shard.word;"
    "INSERT INTO rubric SELECT id, hash, name, '' FROM shard.rubric;"
    "INSERT INTO criterion SELECT * FROM shard.criterion;"
    "DELETE FROM segment;"
    "INSERT INTO segment SELECT * FROM shard.segment;"
    "INSERT INTO tenure SELECT * FROM shard.tenure;";

/* Of a range of time. */
static const char *const COUNTED[] = {
    "INSERT INTO rollup SELECT * FROM shard.rollup WHERE bucket_ms >= ? AND bucket_ms < ?",
    "INSERT INTO measure SELECT * FROM shard.measure WHERE bucket_ms >= ? AND bucket_ms < ?",
    "INSERT INTO category SELECT * FROM shard.category WHERE bucket_ms >= ? AND bucket_ms < ?",
    "INSERT INTO rollup_hour SELECT * FROM shard.rollup_hour WHERE bucket_ms >= ? AND bucket_ms < ?",
    "INSERT INTO measure_hour SELECT * FROM shard.measure_hour WHERE bucket_ms >= ? AND bucket_ms < ?",
    "INSERT INTO category_hour SELECT * FROM shard.category_hour WHERE bucket_ms >= ? AND bucket_ms < ?",
};

/* Rows from what the broker accepted of a tenure to its low-water mark: another shard may have begun
 * anywhere in there. Those that another tenure of ours has counted are in rollups. */
static const char TAIL[] =
    "INSERT OR IGNORE INTO delivery SELECT d.* FROM tenure t JOIN shard.delivery d"
    " ON d.run = t.run AND d.source = t.source AND d.off >= t.acked_to AND d.off < t.low_water"
    " WHERE NOT EXISTS (SELECT 1 FROM tenure c WHERE c.run = d.run AND c.source = d.source"
    " AND c.start <= d.off AND c.acked_to > d.off);"
    "INSERT INTO score SELECT s.run, s.source, s.off, s.criterion, s.status, s.value, s.passed,"
    " s.label, s.reason, NULL, s.place FROM delivery d JOIN shard.score s"
    " ON s.run = d.run AND s.source = d.source AND s.off = d.off;";

static void copy_range(struct db *db, const char *literal, int64_t from_ms, int64_t to_ms)
{
    struct statement *copy = db_sql(db, literal);
    db_bind_int(copy, from_ms);
    db_bind_int(copy, to_ms);
    db_do(copy);
}

static int64_t attached_version(struct db *db)
{
    struct statement *query = db_sql(db, "PRAGMA shard.user_version");
    int64_t version = db_row(query) ? db_int(query, 0) : 0;
    db_end(query);
    return version;
}

/* In one transaction, so that all is read as of one moment. */
static bool copy(struct db *db, int64_t from_ms, int64_t to_ms, struct error *error)
{
    db_run(db, "BEGIN");
    db_run(db, NAMES);
    for (size_t i = 0; i < sizeof COUNTED / sizeof *COUNTED; i++)
        copy_range(db, COUNTED[i], from_ms, to_ms);
    db_run(db, TAIL);
    return db_commit(db, error);
}

bool store_extract(const char *path, int64_t from_ms, int64_t to_ms, struct buffer *out,
                   struct error *error)
{
    struct db *db = db_open(path, DB_EXTRACT, error);
    bool fine = db && schema_migrate(db, path, error);
    if (fine) {
        db_attach(db, path);
        int64_t version = attached_version(db);
        fine = db_ok(db, error);
        if (fine && version != STORE_SCHEMA_VERSION)
            fine = error_set(error, ERROR_INPUT, "%s is of schema %lld, not %d", path,
                             (long long)version, STORE_SCHEMA_VERSION);
    }
    fine = fine && copy(db, from_ms, to_ms, error);
    if (fine) {
        db_serialize(db, out);
        fine = db_ok(db, error);
    }
    db_close(db);
    return fine;
}
