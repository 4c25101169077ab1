/* consistency: do several responses to one request say the same? */
#ifndef ASSAY_CONSISTENCY_H
#define ASSAY_CONSISTENCY_H

#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"

enum consistency_metric {
    CONSISTENCY_AGREEMENT, /* sum c(c-1) / (K(K-1)): chance that two responses agree; unbiased */
    CONSISTENCY_MAJORITY,  /* max c / K: share of the commonest answer */
    CONSISTENCY_LEXICAL,   /* mean ROUGE-L F of all pairs; needs the texts */
};

/* A response without an answer agrees with no other. */
enum { CONSISTENCY_NO_ANSWER = 0 };

/* What the criterion compares, from the state of a configured `consistency` evaluator. */
enum consistency_metric consistency_metric_of(const void *state);

/* 64 bits of the canonical answer's SHA-256, the same on every machine: equal answers, equal
 * fingerprints. CONSISTENCY_NO_ANSWER when there is none. The arena is only for work on the way. */
uint64_t consistency_fingerprint(const void *state, struct str response, struct arena *arena);

/* Of a group whose answers fall into classes of these sizes (every response without an answer is a
 * class of its own, of size 1). NaN when K = sum of counts is below 2, and for `lexical`. */
double consistency_from_counts(enum consistency_metric metric, const uint32_t *counts, size_t n);

#endif
