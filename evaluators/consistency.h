/* consistency: do several responses to one request say the same? */
#ifndef ASSAY_CONSISTENCY_H
#define ASSAY_CONSISTENCY_H

#include <stddef.h>
#include <stdint.h>

enum consistency_metric {
    CONSISTENCY_AGREEMENT, /* sum c(c-1) / (K(K-1)): chance that two responses agree; unbiased */
    CONSISTENCY_MAJORITY,  /* max c / K: share of the commonest answer */
    CONSISTENCY_LEXICAL,   /* mean ROUGE-L F of all pairs; needs the texts */
};

/* Of a group whose answers fall into classes of these sizes (every response without an answer is a
 * class of its own, of size 1). NaN when K = sum of counts is below 2, and for `lexical`. */
double consistency_from_counts(enum consistency_metric metric, const uint32_t *counts, size_t n);

#endif
