/* extract: what reports need of a shard, as a shard of its own. */
#include "worker/store/extract.h"

#include "schema/base/clock.h"
#include "worker/store/migrate.h"
#include "worker/store/store.h"

/* Later than this is no delay of a clock any more. */
static const int64_t AHEAD_MS = 3600000;

/* A table that shards have from a version on; the copy is brought up to date afterwards. */
struct table {
    const char *copy;
    int version;
    bool by_time; /* takes the range, and from when on a row is of the future */
};

#define IN_RANGE " WHERE bucket_ms >= ? AND bucket_ms < ? OR bucket_ms >= ?"

/* The live run and the segment of no words are there already. */
static const struct table TABLES[] = {
    {"INSERT OR IGNORE INTO run(id, name) SELECT id, name FROM shard.run", 1, false},
    {"INSERT INTO meta SELECT * FROM shard.meta", 1, false},
    {"INSERT INTO source SELECT * FROM shard.source", 1, false},
    {"INSERT INTO word SELECT * FROM shard.word", 1, false},
    {"INSERT INTO rubric SELECT id, hash, name, '' FROM shard.rubric", 1, false},
    {"INSERT INTO criterion SELECT * FROM shard.criterion", 1, false},
    {"INSERT OR IGNORE INTO segment SELECT * FROM shard.segment", 7, false},
    {"INSERT INTO tenure SELECT * FROM shard.tenure", 1, false},
    {"INSERT INTO rollup SELECT * FROM shard.rollup" IN_RANGE, 1, true},
    {"INSERT INTO measure SELECT * FROM shard.measure" IN_RANGE, 3, true},
    {"INSERT INTO category SELECT * FROM shard.category" IN_RANGE, 3, true},
    {"INSERT INTO rollup_hour SELECT * FROM shard.rollup_hour" IN_RANGE, 8, true},
    {"INSERT INTO measure_hour SELECT * FROM shard.measure_hour" IN_RANGE, 8, true},
    {"INSERT INTO category_hour SELECT * FROM shard.category_hour" IN_RANGE, 8, true},
    {"INSERT INTO traffic SELECT * FROM shard.traffic" IN_RANGE, 12, true},
    /* Rows from what the broker accepted of a tenure to its low-water mark: another shard may have
     * begun anywhere in there. Those that another tenure of ours has counted are in rollups. */
    {"INSERT OR IGNORE INTO delivery SELECT d.* FROM tenure t JOIN shard.delivery d"
     " ON d.run = t.run AND d.source = t.source AND d.off >= t.acked_to AND d.off < t.low_water"
     " WHERE NOT EXISTS (SELECT 1 FROM tenure c WHERE c.run = d.run AND c.source = d.source"
     " AND c.start <= d.off AND c.acked_to > d.off)",
     1, false},
    /* Groups of responses that other shards may hold some of: open here, or not for good, or with a
     * response soon after a tenure's start, before which an earlier owner may have had the same. */
    {"INSERT INTO fingerprint SELECT f.* FROM shard.fingerprint f WHERE f.run = 1 AND"
     " (f.criterion, f.grp) IN (SELECT p.criterion, p.grp FROM shard.fingerprint p WHERE p.run = 1"
     " GROUP BY p.criterion, p.grp HAVING max(p.expected) = 0 OR count(*) < max(p.expected)"
     " OR max(NOT EXISTS (SELECT 1 FROM tenure t WHERE t.run = 1 AND t.source = p.source"
     " AND t.start <= p.off AND t.acked_to > p.off)) OR max(EXISTS (SELECT 1 FROM tenure t"
     " WHERE t.run = 1 AND t.source = p.source AND t.start > 0 AND t.start <= p.off"
     " AND t.start + 1000 > p.off)))",
     2, false},
    {"INSERT OR IGNORE INTO delivery SELECT d.* FROM fingerprint f JOIN shard.delivery d"
     " ON d.run = f.run AND d.source = f.source AND d.off = f.off",
     2, false},
    {"UPDATE rubric SET document = (SELECT r.document FROM shard.rubric r WHERE r.id = rubric.id)"
     " WHERE id IN (SELECT c.rubric FROM criterion c JOIN fingerprint ON criterion = c.id)",
     2, false},
    {"INSERT INTO score SELECT s.* FROM delivery d JOIN shard.score s"
     " ON s.run = d.run AND s.source = d.source AND s.off = d.off",
     1, false},
    {"UPDATE score SET findings = NULL", 1, false},
};

static void copy_table(struct db *db, const struct table *table, int64_t from_ms, int64_t to_ms)
{
    struct statement *copy = db_sql(db, table->copy);
    if (table->by_time) {
        db_bind_int(copy, from_ms);
        db_bind_int(copy, to_ms);
        db_bind_int(copy, clock_wall_ms() + AHEAD_MS);
    }
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
static bool copy(struct db *db, int64_t version, int64_t from_ms, int64_t to_ms,
                 struct error *error)
{
    db_run(db, "BEGIN");
    bool same = attached_version(db) == version;
    for (size_t i = 0; same && i < sizeof TABLES / sizeof *TABLES; i++)
        if (TABLES[i].version <= version)
            copy_table(db, &TABLES[i], from_ms, to_ms);
    return db_commit(db, error) &&
           (same || error_set(error, ERROR_TRANSIENT, "it is being converted: try again"));
}

struct db *store_extract_open(const char *path, int64_t from_ms, int64_t to_ms,
                              struct error *error)
{
    struct db *db = db_open(path, DB_EXTRACT, error);
    if (!db)
        return NULL;
    db_attach(db, path);
    int64_t version = attached_version(db);
    bool fine = db_ok(db, error) && (version <= STORE_SCHEMA_VERSION ||
                                     error_set(error, ERROR_INPUT, "%s is of schema %lld, not %d",
                                               path, (long long)version, STORE_SCHEMA_VERSION));
    fine = fine && schema_migrate(db, path, version, error) &&
           copy(db, version, from_ms, to_ms, error);
    if (fine)
        db_run(db, "DETACH shard");
    if (fine && schema_migrate(db, path, STORE_SCHEMA_VERSION, error) && db_ok(db, error))
        return db;
    db_close(db);
    return NULL;
}

bool store_extract(const char *path, int64_t from_ms, int64_t to_ms, struct buffer *out,
                   struct error *error)
{
    struct db *db = store_extract_open(path, from_ms, to_ms, error);
    if (!db)
        return false;
    db_serialize(db, out);
    bool fine = db_ok(db, error);
    db_close(db);
    return fine;
}

int64_t store_ahead_ms(struct db *shard)
{
    struct statement *read =
        db_sql(shard, "SELECT max(coalesce((SELECT max(bucket_ms) FROM rollup), 0),"
                      "coalesce((SELECT max(bucket_ms) FROM rollup_hour WHERE run = 1), 0))");
    int64_t latest_ms = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return latest_ms >= clock_wall_ms() + AHEAD_MS ? latest_ms : 0;
}
