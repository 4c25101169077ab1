/* run_shards: all shards of a run, open for reading. */
#include "worker/store/run_shards.h"

#include <stdio.h>
#include <unistd.h>

enum { RUNS_SINCE = 11 /* schema version */ };

/* A shard that was being made when its process was killed has no tables yet, or not all. */
static bool holds_runs(struct db *db)
{
    struct statement *read = db_sql(db, "PRAGMA user_version");
    bool holds = db_row(read) && db_int(read, 0) >= RUNS_SINCE;
    db_end(read);
    return holds;
}

static bool open_folder(struct run_shards *out, const char *dir, const char *name,
                        struct error *error)
{
    for (int number = 1; number <= STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%.3900s/runs/%.64s/shard-%04d.db", dir, name, number);
        if (access(path, F_OK) != 0)
            break;
        struct db *db = db_open(path, DB_READER, error);
        if (!db)
            return false;
        if (!holds_runs(db) || out->count == STORE_SHARDS_MAX) {
            db_close(db);
            continue;
        }
        db_run(db, "BEGIN"); /* all of it as of one moment */
        out->db[out->count++] = db;
    }
    return true;
}

bool run_shards_open(struct run_shards *out, const char *const *dirs, size_t dir_count,
                     const char *name, struct error *error)
{
    out->count = 0;
    for (size_t i = 0; i < dir_count; i++) {
        if (open_folder(out, dirs[i], name, error))
            continue;
        run_shards_close(out, error);
        return false;
    }
    return true;
}

bool run_shards_close(struct run_shards *shards, struct error *error)
{
    bool fine = true;
    for (size_t i = 0; i < shards->count; i++) {
        fine = db_ok(shards->db[i], error) && fine;
        db_close(shards->db[i]);
    }
    shards->count = 0;
    return fine;
}
