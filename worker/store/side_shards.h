/* side_shards: shards that people write, in a folder of a store: labels, marks. */
#ifndef ASSAY_SIDE_SHARDS_H
#define ASSAY_SIDE_SHARDS_H

#include "schema/base/error.h"
#include "schema/base/problems.h"

struct db;
struct store;

/* Takes a shard of the folder that no process holds, in a transaction. NULL: FATAL. */
struct store *side_shard_take(const char *dir, const char *folder, struct error *error);

/* Calls back for each shard of the folder, open for reading. One that cannot be read, or that a
 * newer program wrote, is named in `partial`. No shards are no problem. */
void side_shards_each(const char *dir, const char *folder, void (*take)(void *owner, struct db *db),
                      void *owner, struct problems *partial);

#endif
