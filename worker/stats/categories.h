/* categories: did the mix of labels change? */
#ifndef ASSAY_CATEGORIES_H
#define ASSAY_CATEGORIES_H

#include <stddef.h>
#include <stdint.h>

#include "worker/stats/distance.h"

/* Test of one distribution in both windows, 2 x K. */
struct homogeneity {
    double chi_square; /* Pearson, no continuity correction */
    double g;          /* likelihood ratio */
    double df;         /* categories seen at all, minus 1 */
    double p, g_p;
    double cramers_v; /* sqrt(chi-square / N), 0 .. 1 */
};

/* Pearson 1900. Categories seen in neither window do not count. NAN when a window is empty; with
 * one category seen, df is 0 and p NAN. Rough below 5 expected in a cell. */
struct homogeneity homogeneity_test(struct count_pair counts);

/* Adjusted (Haberman 1973) residual of a category in the current window, about standard normal
 * without drift: beyond +-3 the category is worth naming. NAN when it is seen in neither window, or
 * alone. */
double standardised_residual(struct count_pair counts, size_t category);

/* Chi-square of the current counts with the baseline's shares taken as exact, and its p in *out_p.
 * Only to compare with other tools: the baseline's own noise makes it fire too often. INFINITY for
 * a category that the baseline never saw. */
double chi_square_one_sample(struct count_pair counts, double *out_p);

/* ln of an e-value against "the labels follow the baseline", anytime-valid for a baseline that is
 * fixed before: Dirichlet-multinomial with mean p0 = (base + 1/2) / (n + K/2) and `concentration`
 * > 0 pseudo-counts, against p0 itself. Merging: add the current counts, then ask. */
double dirichlet_multinomial_log_e(struct count_pair counts, double concentration);

#endif
