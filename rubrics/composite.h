/* composite: one number from the scores of a rubric's criteria. */
#ifndef ASSAY_COMPOSITE_H
#define ASSAY_COMPOSITE_H

#include "rubrics/rubric.h"
#include "schema/score.h"

/* One number over the criteria that were scored and carry weight: their weighted mean, their
 * weighted geometric mean (0 when one is 0) or the least of them, as the rubric says. Missing
 * weight is redistributed. It is capped by every gate that was scored below its threshold.
 * not_applicable: nothing was scored; error: a gate errored, so that "safe" is never assumed.
 * `scores` has one entry per criterion, in the rubric's order. */
struct score composite_score(const struct rubric *rubric, const struct score *scores);
/* The same before gates. */
struct score composite_ungated(const struct rubric *rubric, const struct score *scores);
/* The failed gate with the lowest cap, or NULL. */
const struct criterion *composite_failed_gate(const struct rubric *rubric,
                                              const struct score *scores);
/* The weight that was scored, as a share of all weight of the rubric: [0,1]. */
double composite_coverage(const struct rubric *rubric, const struct score *scores);
/* The same number over the criteria of one dimension, without gates. */
struct score composite_dimension(const struct rubric *rubric, const struct score *scores,
                                 const char *dimension);

#endif
