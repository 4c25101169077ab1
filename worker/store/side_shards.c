/* side_shards: shards that people write, in a folder of a store: labels, marks. */
#include "worker/store/side_shards.h"

#include <stdio.h>
#include <unistd.h>
#include "worker/store/shard.h"

enum { PATH_BYTES = 4096 };

struct store *side_shard_take(const char *dir, const char *folder, struct error *error)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%.4000s/%s", dir, folder);
    struct store *store = store_take(&(struct store_config){.dir = path}, error);
    if (store)
        store_begin(store);
    return store;
}

static int64_t schema_version(struct db *db)
{
    struct statement *query = db_sql(db, "PRAGMA user_version");
    int64_t version = db_row(query) ? db_int(query, 0) : 0;
    db_end(query);
    return version;
}

void side_shards_each(const char *dir, const char *folder, void (*take)(void *owner, struct db *db),
                      void *owner, struct problems *partial)
{
    for (int number = 1; number <= STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES + 64];
        struct error why = {0};
        snprintf(path, sizeof path, "%.4000s/%s/shard-%04d.db", dir, folder, number);
        if (access(path, F_OK) != 0)
            continue;
        struct db *db = db_open(path, DB_READER, &why);
        if (db && schema_version(db) > STORE_SCHEMA_VERSION)
            error_set(&why, ERROR_INPUT, "it was written by a newer assay");
        else if (db)
            take(owner, db);
        if ((db && !db_ok(db, &why)) || why.kind != ERROR_NONE)
            problems_add(partial, path, "%s are left out: %.300s", folder, why.text);
        db_close(db);
    }
}
