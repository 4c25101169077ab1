/* resample_groups: groups of responses that lie in several shards, put together. */
#ifndef ASSAY_RESAMPLE_GROUPS_H
#define ASSAY_RESAMPLE_GROUPS_H

#include "worker/report/reading/stores.h"

/* Once the tails are known: a group of responses to one request whose fingerprints lie in several
 * shards of a store (of one key) has its score once, as if one shard had held them all: with the
 * last of its expected responses, by topic, partition and offset. Which rows read otherwise for
 * that, composites too, goes into stores->fixes. `partial` says which rubrics cannot be applied
 * here. */
void resample_groups_join(struct stores *stores);

#endif
