/* lost_chunks: chunks of a run that two shards hold: one of them counts, the others do not.
 *
 * A worker that was killed between its transaction and its commit leaves a chunk that another one
 * does again. Both are whole; that of the shard with the lowest name counts. */
#ifndef ASSAY_LOST_CHUNKS_H
#define ASSAY_LOST_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "worker/store/db.h"

/* What does not count: of a shard, everything of a source from `first` up to `end`. */
struct lost_chunk {
    size_t shard;
    int64_t run, source; /* ids of the shard */
    int64_t first, end;
};

/* Ascending by all their members. Zero-initialise. */
struct lost_chunks {
    struct lost_chunk *items;
    size_t count;
};

/* Adds those of the run of this name; shards may lack it. */
void lost_chunks_find(struct lost_chunks *lost, struct db *const *shards, size_t shard_count,
                      const char *run);
bool lost_chunks_hold(const struct lost_chunks *lost, size_t shard, int64_t run, int64_t source,
                      int64_t offset);
void lost_chunks_clear(struct lost_chunks *lost);

#endif
