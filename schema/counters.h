/* counters: what a lane did since it started; written by the lane, read by anyone. */
#ifndef ASSAY_COUNTERS_H
#define ASSAY_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>
#include "schema/readiness.h"

enum counter {
    COUNT_DELIVERED,  /* messages taken in */
    COUNT_ADOPTED,    /* of these, held already by the shard: not scored again */
    COUNT_SCORED,
    COUNT_DUPLICATE,
    COUNT_UNMATCHED,
    COUNT_NOT_SAMPLED, /* not among the unmatched */
    COUNT_INVALID,
    COUNT_UNKNOWN_KEYS, /* keys of samples' records that were left out */
    COUNT_TRANSACTIONS,
    COUNT_COMMITS,         /* of offsets, accepted */
    COUNT_COMMITS_REFUSED,
    COUNT_ANSWERS_SKIPPED, /* questions that a rule left unanswered */
    COUNT_METRICS_SENT,
    COUNT_METRICS_AMBIGUOUS,
    COUNT_METRICS_REFUSED,
    COUNT_IN_FLIGHT,  /* a gauge: deliveries not yet recorded */
    COUNT_PARTITIONS, /* a gauge: owned now */
    COUNTERS,
};

struct counters {
    _Atomic int64_t value[COUNTERS];
    _Atomic int64_t ticked_ms; /* steady clock: the lane's loop last came round */
    _Atomic int readiness;     /* enum readiness; of a lane that has not begun: no assignment */
};

static inline void count(struct counters *counters, enum counter which, int64_t more)
{
    atomic_fetch_add_explicit(&counters->value[which], more, memory_order_relaxed);
}

#endif
