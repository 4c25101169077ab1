/* prediction_powered: many judge scores, few human labels. */
#ifndef ASSAY_PREDICTION_POWERED_H
#define ASSAY_PREDICTION_POWERED_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/stats/interval.h"
#include "worker/stats/moments.h"

/* Angelopoulos et al., arXiv 2301.09633 and 2311.01453 (PPI++). The labels must be a sample with
 * known, equal probability of this very window; nothing is assumed about the judge. */

/* Pairs of a person's label and the judge's score f. Zero-initialise. */
struct labelled_sums {
    struct moments label, judge;
    double product; /* sum of (label - its mean)(judge - its mean) */
};

void labelled_add(struct labelled_sums *sums, double label, double judge);

/* Pearson's correlation of judge and person: below .3 the judge adds nothing. NAN if constant. */
double labelled_correlation(const struct labelled_sums *sums);

/* Divisor of the labelled rows' moments: n (as ppi_py) or n - 1 (as GLIDE). */
enum ppi_divisor { PPI_DIVISOR_N, PPI_DIVISOR_N_MINUS_1 };

/* How much to lean on the judge: cov(label, f) / ((1 + n/N) var(f)), var over labelled and
 * unlabelled together, with n - 1. Clipped to [0,1] when `clip` (as ppi_py). 0 when f has no
 * spread or nothing is unlabelled. */
double ppi_lambda(const struct labelled_sums *labelled, const struct moments *unlabelled,
                  enum ppi_divisor divisor, bool clip);

struct ppi_estimate {
    double lambda, estimate, se;
};

/* lambda * mean_N(f) + mean_n(label - lambda f). lambda 0 is people only, 1 is PPI. NAN without
 * labels, or (lambda not 0) without unlabelled scores. */
struct ppi_estimate ppi_mean(const struct labelled_sums *labelled, const struct moments *unlabelled,
                             double lambda, enum ppi_divisor divisor);
/* estimate +- z se: of `ppi_mean` and the two below. */
struct interval ppi_interval(struct ppi_estimate estimate, double alpha);

/* sum of W estimate, sum of W^2 se^2; weights sum to 1. `lambda` of the result is NAN. */
struct ppi_estimate ppi_stratified(const double *weights, const struct ppi_estimate *strata,
                                   size_t count);

/* A label with the judge's score of the same item, and how many items it stands for. */
struct labelled_item {
    double label, judge, weight;
};

/* Moments and product as if all items had one weight: n is Kish's n_eff. */
struct labelled_sums labelled_weighted(const struct labelled_item *items, size_t count);

/* PPI++ of items that were drawn with unequal, known probabilities: lambda * mean_N(f) + the
 * Hajek mean of (label - lambda f), with its super-population variance. `unlabelled`: n_eff in n,
 * and an m2 such that m2 / (n - 1) / n is the variance of the mean. `lambda` as of ppi_lambda; 0:
 * people only. With equal weights ppi_mean with PPI_DIVISOR_N_MINUS_1. NAN below two items (se) or
 * without any. */
struct ppi_estimate ppi_hajek(const struct labelled_item *items, size_t count,
                              const struct moments *unlabelled, double lambda);

/* An item whose chance to be labelled was `probability` > 0; `label` is read only when labelled. */
struct ppi_item {
    double judge, label, probability;
    bool labelled;
};

/* Inverse probability weighted: mean of lambda f + labelled (label - lambda f) / probability over
 * all items, variance with n - 1. NAN for fewer than two items (se) or none. */
struct ppi_estimate ppi_weighted(const struct ppi_item *items, size_t count, double lambda);

/* Is PPI++ to be used for a rate, or Wilson's interval of the labels alone? PPI++ wants 20 labels
 * of the rarer verdict: below, its interval is too narrow. With this rule the coverage of 95 % is
 * 93.5 % or more in every cell of tests/measure_stats.c; lambda 1 as a step between made it 91.5
 * %. */
enum { PPI_RARER_LABELS_MIN = 20 };

bool ppi_is_advisable(double positives, double negatives);

/* The theoretical ratio of variances to that of people only: 1 - rho^2 N / (n + N). */
double ppi_variance_ratio(double rho, double n, double unlabelled);

#endif
