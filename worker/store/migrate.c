/* migrate: the tables of a shard, as this program knows them. */
#include "worker/store/migrate.h"

#include <stdio.h>
#include "worker/store/migrations.h"
#include "worker/store/store.h"

int64_t schema_version(struct db *db)
{
    struct statement *query = db_sql(db, "PRAGMA user_version");
    int64_t version = db_row(query) ? db_int(query, 0) : 0;
    db_end(query);
    return version;
}

bool schema_migrate(struct db *db, const char *path, int64_t to, struct error *error)
{
    int64_t version = schema_version(db);
    if (version > to)
        return error_set(error, ERROR_FATAL,
                         "%s was written by a newer assay (schema %lld, this one knows %d)", path,
                         (long long)version, (int)to);
    for (; version < to; version++) {
        char set[64];
        snprintf(set, sizeof set, "PRAGMA user_version=%lld", (long long)version + 1);
        db_begin(db);
        db_run(db, MIGRATIONS[version]);
        db_run(db, set);
        if (!db_commit(db, error))
            return error_prefix(error, "migration %lld: ", (long long)version + 1);
    }
    return true;
}
