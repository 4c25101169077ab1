/* alarm_collect: what stores hold that no closed bucket has counted yet. */
#ifndef ASSAY_ALARM_COLLECT_H
#define ASSAY_ALARM_COLLECT_H

#include "worker/alarm/alarm_kept.h"

/* A closed bucket is kept as it was when it closed. So what the stores hold of five minutes is
 * compared with what was taken of them before; the rest belongs to the bucket that closes next:
 * rows in time to their own, late ones to the first that is still open. Validity needs only that
 * this choice does not look at scores. Where a shard is missing for a while, less is held than was
 * taken: then nothing is counted until it is back. */

/* Cells of closed buckets, by time, series, segment, threshold; one of each. */
struct alarm_collected {
    struct alarm_kept *buckets; /* at_ms: the bucket's end */
    size_t count;
    size_t shards; /* that were read */
};

/* Reads [from_ms, to_ms), from a full hour on, of the stores with these names, DIR or URL; buckets
 * end after closed_to_ms and at to_ms at the latest. Notes in `state` what is taken: in a
 * transaction, to be committed with the buckets. What cannot be read is named in `partial`. False
 * (INPUT): more series than CELL_SERIES_MAX. */
bool alarm_collect(struct alarm_state *state, const char *const *names, size_t name_count,
                   int64_t from_ms, int64_t to_ms, struct problems *partial,
                   struct alarm_collected *out, struct error *error);
void alarm_collected_clear(struct alarm_collected *collected);

#endif
