/* two_proportions: pass rates of two windows compared. */
#ifndef ASSAY_TWO_PROPORTIONS_H
#define ASSAY_TWO_PROPORTIONS_H

#include "worker/stats/interval.h"

/* k of n in each of two independent samples. */
struct two_proportions {
    double k1, n1, k2, n2;
};

/* p1 - p2 by Newcombe 1998, method 10: the Wilson intervals squared and added. Coverage near
 * nominal also for rare events, where Wald's interval fails. [-1, 1] without observations. */
struct interval newcombe_interval(struct two_proportions pair, double alpha);
/* p1 - p2 +- z se, se unpooled. Only to compare with: misses too often for rare events. */
struct interval wald_difference_interval(struct two_proportions pair, double alpha);
/* z of p1 = p2 with the pooled standard error, and its two-sided p in *out_p (may be NULL). NAN
 * when n1 or n2 is 0, or when all or none were events. */
double pooled_z(struct two_proportions pair, double *out_p);
/* Fisher's exact test, two-sided: the probability of all tables with these margins that are no
 * likelier than this one. Whole counts. Takes a step for each possible table; NAN for a sample
 * above FISHER_COUNT_MAX. 1 when a margin is empty. */
enum { FISHER_COUNT_MAX = 10000000 };
double fisher_exact_p(struct two_proportions pair);
/* Cohen's h, the difference of 2 asin sqrt(p): .2 small, .5 medium, .8 large. */
double cohen_h(struct two_proportions pair);
/* p1 / p2 (for failures: how many times likelier). INFINITY when only k2 is 0, NAN for both. */
double risk_ratio(struct two_proportions pair);

#endif
