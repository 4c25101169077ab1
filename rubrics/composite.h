/* composite: one number from the scores of a rubric's criteria. */
#ifndef ASSAY_COMPOSITE_H
#define ASSAY_COMPOSITE_H

#include "rubrics/rubric.h"
#include "schema/score.h"

/* Weighted mean over the scored criteria (missing weight is redistributed), capped by every gate
 * that was scored below its threshold. not_applicable: nothing was scored; error: a gate errored,
 * so that "safe" is never assumed. `scores` has one entry per criterion, in the rubric's order. */
struct score composite_score(const struct rubric *rubric, const struct score *scores);
/* The same mean over the criteria of one dimension, without gates. */
struct score composite_dimension(const struct rubric *rubric, const struct score *scores,
                                 const char *dimension);

#endif
