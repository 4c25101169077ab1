/* kolmogorov_smirnov: are two distributions the same? */
#ifndef ASSAY_KOLMOGOROV_SMIRNOV_H
#define ASSAY_KOLMOGOROV_SMIRNOV_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/stats/score_bins.h"

/* D, the largest |F - G|, and the lowest bin where it is reached. NAN when a side is empty. */
struct ks_statistic {
    double d;
    size_t bin;
};

struct ks_statistic ks_statistic(const struct score_bins *base, const struct score_bins *current);

/* What the exact p may cost: a step for each cell of an n by m lattice. */
enum { KS_CELLS_MAX = 4000000, KS_ROW_MAX = 2000, KS_POOLED_MAX = 65536 };

struct ks_scratch {
    double row[KS_ROW_MAX + 1];
    bool tie_end[KS_POOLED_MAX]; /* [r]: pooled sorted values r and r + 1 differ */
};

/* P(D' >= d) of two samples of one distribution, sizes n and m, given which of the pooled values
 * are tied (exact, conditional on the ties; grades always have some). By counting lattice paths
 * (Hodges 1957). NAN when n * m, n + m or the smaller of both is beyond its limit above. */
double ks_exact_p(const struct score_bins *base, const struct score_bins *current,
                  struct ks_scratch *scratch);
/* The same as if no values were tied: too large when some are. */
double ks_exact_p_without_ties(size_t n, size_t m, double d, struct ks_scratch *scratch);
/* Kolmogorov's limit with Stephens' 1970 correction, for large samples. */
double ks_stephens_p(double n, double m, double d);
/* Kolmogorov's limit. */
double ks_limit_p(double n, double m, double d);

/* Exact where it may be, else by Stephens; NAN when a side is empty. */
double ks_p(const struct score_bins *base, const struct score_bins *current,
            struct ks_scratch *scratch);

#endif
