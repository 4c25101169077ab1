/* moments: count, mean and variance, mergeable. */
#ifndef ASSAY_MOMENTS_H
#define ASSAY_MOMENTS_H

#include <stddef.h>

#include "worker/stats/interval.h"

/* Of a sequence of finite numbers. Zero-initialised: nothing seen. Merging rounds, so the last bits
 * depend on the order: where that must not be, keep integers (score_bins.h). */
struct moments {
    double n;
    double mean;
    double m2; /* sum of squared distances from the mean */
};

/* Welford 1962. */
void moments_add(struct moments *moments, double value);
/* Chan, Golub, LeVeque 1979: `into` afterwards tells of both. */
void moments_merge(struct moments *into, const struct moments *other);
struct moments moments_of(const double *values, size_t count);
/* Of n verdicts of which k were 1: mean k/n. */
struct moments moments_of_proportion(double k, double n);

/* Unbiased, m2 / (n - 1); NAN for n < 2. */
double moments_variance(const struct moments *moments);
/* m2 / n, as of a whole population; NAN for n = 0. */
double moments_variance_population(const struct moments *moments);
/* Student's interval for the mean; NAN ends for n < 2. */
struct interval moments_mean_interval(const struct moments *moments, double alpha);

/* Where the mean lies whatever `missing` further values in [0,1] would have been: the worst case.
 * NAN ends when there are neither values nor missing ones. */
struct interval moments_missing_bounds(const struct moments *moments, double missing);

#endif
