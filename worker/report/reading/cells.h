/* cells: what stores counted, cell by cell: the one way in which reports read rollups. */
#ifndef ASSAY_CELLS_H
#define ASSAY_CELLS_H

#include "worker/report/reading/level.h"
#include "worker/report/reading/stores.h"

enum { CELL_SERIES_MAX = 4096 };

/* Scores of one series and segment that were kept with one threshold, in one bucket of time. */
struct cell {
    const struct cell_series *series; /* the same for all cells of it, in all shards */
    size_t segment;                   /* number in stores->segments */
    uint64_t threshold;               /* of sampling */
    int64_t bucket_ms, length_ms;     /* [bucket_ms, bucket_ms + length_ms) */
    struct status_counts statuses;
    uint64_t passed;                /* of the scored: reached the criterion's threshold */
    bool counts_only; /* of a shard that gives no rows */
    const struct bin_count *scores; /* borrowed during the call; bins below SCORE_BINS, ascending */
    size_t score_count;
};

/* Which cells: those that begin in [from_ms, to_ms). */
struct cells_wanted {
    const char *run;   /* NULL: live */
    const char *model; /* NULL: every model */
    int64_t from_ms, to_ms;
    size_t part, parts; /* only every parts-th shard, from `part` on; 0 parts: all of them */
};

/* Calls back for all cells, shard by shard, a series has many; after stores_resolve rows that are
 * in no rollup yet are among them, as cells of one row. Threads may read parts of the same stores
 * at a time. A callback that returns false ends it, with its error. False (INPUT): more than
 * CELL_SERIES_MAX series. What cannot be read of a shard is named in stores->partial. */
bool cells_each(struct stores *stores, const struct cells_wanted *wanted,
                bool (*take)(void *owner, const struct cell *cell, struct error *error),
                void *owner, struct error *error);

#endif
