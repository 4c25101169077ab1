/* rollup: what acked rows add to the histograms of scores that reports read. */
#ifndef ASSAY_ROLLUP_H
#define ASSAY_ROLLUP_H

#include "schema/score.h"
#include "worker/store/histogram.h"
#include "worker/store/shard.h"

enum { ROLLUP_BUCKET_MS = 5 * 60 * 1000 };

/* Where a row counts, in table rollup and in its neighbours measure and category. */
struct rollup_key {
    int64_t run;       /* row */
    int64_t model;     /* word */
    int64_t segment;   /* row of table segment */
    int64_t threshold; /* of sampling: kept iff hash >= threshold, 56 bits */
    int64_t bucket_ms; /* start of its ROLLUP_BUCKET_MS */
};

/* Of an inclusion probability: round((1 - p) 2^56). */
int64_t rollup_threshold(double probability);

bool rollup_same_key(const struct rollup_key *a, const struct rollup_key *b);

/* All that one ack adds. Zero-initialise. */
struct rollups {
    struct rollup_cell **cells;
    size_t count;
    uint32_t *slots; /* open addressing: 1 + the number of a cell, 0 free */
    size_t slot_count;
};

/* `status` as the score row spells it; `passed` is 1 when the value reached its threshold. */
void rollups_add(struct rollups *rollups, const struct rollup_key *key, int64_t criterion,
                 struct str status, double value, int64_t passed);
/* Inside a transaction. */
void rollups_write(const struct rollups *rollups, struct store *store);
void rollups_clear(struct rollups *rollups);

#endif
