/* ranks: is a score of today likelier better or worse? */
#ifndef ASSAY_RANKS_H
#define ASSAY_RANKS_H

#include <stddef.h>

#include "worker/stats/interval.h"
#include "worker/stats/score_bins.h"

/* Of two histograms of independent samples, ties counted half. Exact functions of the bins. What
 * needs more values than there are, or some spread, is NAN. */

/* Mann and Whitney 1947. U counts the pairs in which the current score is above the baseline's. */
struct mann_whitney {
    double u;
    double auc;         /* U / (n1 n2): P(current > base) + P(equal) / 2 */
    double cliff_delta; /* 2 auc - 1: P(current > base) - P(current < base) */
    double sigma;       /* of U without drift, corrected for ties */
    double z;           /* of |U - n1 n2 / 2| - 1/2 */
    double p;           /* two-sided, from z */
};

struct mann_whitney mann_whitney(const struct score_bins *base, const struct score_bins *current);

/* The exact two-sided p of a U without ties, for samples up to MANN_WHITNEY_EXACT_MAX; else NAN. */
enum { MANN_WHITNEY_EXACT_MAX = 20 };
double mann_whitney_exact_p(size_t n1, size_t n2, double u);

/* Brunner and Munzel 2000: valid though the variances differ, and gives the interval of the
 * effect. */
struct brunner_munzel {
    double t, df, p;
    double auc_se;
    struct interval cliff_ci; /* of Cliff's delta; [-1, 1] when the error is unknown */
};

struct brunner_munzel brunner_munzel(const struct score_bins *base,
                                     const struct score_bins *current, double alpha);

/* Hodges and Lehmann 1963: the median of all differences current - base, in score units; the ends
 * are the differences of rank k = n1 n2 / 2 - z sigma from either side, rounded to nearest. Costs a
 * step for each pair of occupied bins. */
struct hodges_lehmann {
    double shift;
    double rank; /* k */
    struct interval ci;
};

struct hodges_lehmann hodges_lehmann(const struct score_bins *base,
                                     const struct score_bins *current, double alpha);

#endif
