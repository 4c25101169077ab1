/* traffic_counts: how much came of each stratum, where workers evaluated a part of it. */
#ifndef ASSAY_TRAFFIC_COUNTS_H
#define ASSAY_TRAFFIC_COUNTS_H

#include "worker/report/reading/level.h"
#include "worker/report/reading/stores.h"

/* Strata are the segments of the stores. What a stratum's kept samples stand for by their
 * probabilities is what came of it, but for chance; it was counted, so the factor between the two
 * takes that chance out (post-stratification). Strata of which fewer than
 * TRAFFIC_STRATUM_MIN were kept share one factor. */
enum { TRAFFIC_WINDOWS = 2, TRAFFIC_STRATUM_MIN = 10 };

/* Of a model in a window. */
struct traffic_window {
    struct stratum_traffic *strata; /* by place of the stratum; NULL: nothing was counted */
    double requests;                /* that records that came stand for */
    uint64_t arrived, kept;         /* records */
};

struct traffic_model {
    char *model;
    struct traffic_window windows[TRAFFIC_WINDOWS];
};

/* Zero-initialise; traffic_counts_clear gives the memory back. */
struct traffic_counts {
    struct traffic_model *models; /* by name */
    size_t count;
    size_t *places; /* of the stores' segments, in the order of their words */
    size_t place_count;
};

/* Reads live traffic of all shards, after stores_resolve with rows that are in no rollup yet, of
 * buckets that begin in the range. `window_of`: 0, 1 or, of neither window, -1. `model`: NULL for all. */
void traffic_counts_read(struct traffic_counts *counts, struct stores *stores, const char *model,
                         struct time_range range,
                         int (*window_of)(const void *owner, int64_t bucket_ms), const void *owner);
void traffic_counts_clear(struct traffic_counts *counts);

/* By place; NULL: nothing was counted. */
const struct stratum_traffic *traffic_counts_of(const struct traffic_counts *counts,
                                                const char *model, int window);
/* Those of a segment of the stores. */
size_t traffic_counts_place(const struct traffic_counts *counts, size_t segment);

#endif
