/* consistency: do several responses to one request say the same? */
#ifndef ASSAY_CONSISTENCY_H
#define ASSAY_CONSISTENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/sample.h"

enum consistency_metric {
    CONSISTENCY_AGREEMENT, /* sum c(c-1) / (K(K-1)): chance that two responses agree; unbiased */
    CONSISTENCY_MAJORITY,  /* max c / K: share of the commonest answer */
    CONSISTENCY_LEXICAL,   /* mean ROUGE-L F of all pairs; needs the texts */
    CONSISTENCY_SEMANTIC_ENTROPY, /* 1 - H / ln K, H = -sum (c/K) ln (c/K): 1 when all are equal, 0
                                   * when no two are */
    CONSISTENCY_ROBUSTNESS,       /* 1 - max(0, d - d_base), distances being 1 - ROUGE-L F: d of the
                                   * responses to a changed request from those to the original,
                                   * d_base of these from each other */
    CONSISTENCY_CONTRADICTION,    /* how few of the response's sentences its resamples contradict,
                                   * as the judge says; needs the texts */
};

/* Whether it is a function of how many responses give which answer. */
bool consistency_is_of_classes(enum consistency_metric metric);

enum { CONSISTENCY_CLASSES_MAX = SAMPLE_RESAMPLES_MAX + 1 };

/* Of a group whose answers fall into `n` classes of these sizes, at most CONSISTENCY_CLASSES_MAX
 * (every response without an answer is a class of its own, of size 1): the same for every order of
 * them. NaN when K = sum of counts is below 2, and for metrics that need the texts. */
double consistency_from_counts(enum consistency_metric metric, const uint32_t *counts, size_t n);

#endif
