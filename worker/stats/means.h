/* means: two windows' means compared. */
#ifndef ASSAY_MEANS_H
#define ASSAY_MEANS_H

#include "worker/stats/interval.h"
#include "worker/stats/moments.h"

/* Current minus baseline. Everything but delta is NAN when the standard error is unknown: fewer
 * than two values on a side, or no spread on either (equal values say nothing of their error). */
struct mean_difference {
    double delta;
    double se;
    double t, df;
    double p; /* two-sided, of no difference */
    struct interval ci;
};

/* Welch 1947 with Satterthwaite's degrees of freedom: variances may differ. */
struct mean_difference welch_t(const struct moments *base, const struct moments *current,
                               double alpha);
/* Student 1908, one pooled variance. Only to compare with other tools. */
struct mean_difference student_t_pooled(const struct moments *base, const struct moments *current,
                                        double alpha);

/* delta over the pooled standard deviation; NAN without spread. */
double cohen_d(const struct moments *base, const struct moments *current);
/* Hedges' correction of Cohen's d for small samples, exact (Hedges 1981): multiply by it. */
double hedges_j(double df);
/* Its usual approximation 1 - 3 / (4 df - 1). */
double hedges_j_approximate(double df);
double hedges_g(const struct moments *base, const struct moments *current);

/* The minimum detectable effect: the smallest true difference that a two-sided test at `alpha`
 * finds with probability `power`, for a standard error of the difference: 2.80 se at 5 %, 80 %. */
double minimum_detectable_effect(double se, double alpha, double power);
/* sqrt(v1/n1 + v2/n2), variances and sizes of two windows. */
double difference_error(double variance1, double n1, double variance2, double n2);
/* Values needed in each of two windows to find `delta` > 0; not rounded. */
double sample_size_per_arm(double variance, double delta, double alpha, double power);

#endif
