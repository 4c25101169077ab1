/* segment_ids: which of the stores' segments the ids of a shard are. */
#ifndef ASSAY_SEGMENT_IDS_H
#define ASSAY_SEGMENT_IDS_H

#include "worker/report/reading/stores.h"

/* Zero-initialise; segment_ids_clear gives the memory back. */
struct segment_ids {
    size_t *numbers; /* in stores->segments, by id, which counts up from 0 */
    size_t count;
};

/* Once. Threads may read other shards of the stores at the same time. */
void segment_ids_read(struct segment_ids *ids, struct stores *stores,
                      const struct open_shard *shard);
/* What a row names and no table knows is damage: it counts as not told apart. */
size_t segment_ids_find(const struct segment_ids *ids, int64_t id);
void segment_ids_clear(struct segment_ids *ids);

#endif
