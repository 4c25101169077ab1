/* migrate: the tables of a shard, as this program knows them. */
#ifndef ASSAY_MIGRATE_H
#define ASSAY_MIGRATE_H

#include "worker/store/db.h"

/* Which version the tables are of; 0: there are none. */
int64_t schema_version(struct db *db);
/* Makes them of version `to`, at most STORE_SCHEMA_VERSION, a transaction a step. False (FATAL):
 * they are of a newer version than that, or cannot be written. `path` is for the message. */
bool schema_migrate(struct db *db, const char *path, int64_t to, struct error *error);

#endif
