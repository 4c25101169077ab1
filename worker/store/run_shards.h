/* run_shards: all shards of a run, open for reading. Not for other rooms. */
#ifndef ASSAY_RUN_SHARDS_H
#define ASSAY_RUN_SHARDS_H

#include "schema/base/memory.h"
#include "worker/store/db.h"
#include "worker/store/shard.h"

enum { PATH_BYTES = 4096 };

struct run_shards {
    struct db *db[STORE_SHARDS_MAX];
    size_t count;
};

/* False: FATAL, one cannot be read; then nothing is open. */
bool run_shards_open(struct run_shards *out, const char *const *dirs, size_t dir_count,
                     const char *name, struct error *error);
/* False: something could not be read since. */
bool run_shards_close(struct run_shards *shards, struct error *error);

#endif
