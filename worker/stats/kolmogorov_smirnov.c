/* kolmogorov_smirnov: are two distributions the same? */
#include "worker/stats/kolmogorov_smirnov.h"

#include <math.h>
#include <stdlib.h>

#include "worker/stats/distributions.h"

/* D times n m, an integer: comparing integers, no path is lost to rounding. */
static int64_t scaled_distance(const struct score_bins *base, const struct score_bins *current,
                               size_t *out_bin)
{
    int64_t n = (int64_t)score_bins_total(base), m = (int64_t)score_bins_total(current);
    int64_t below1 = 0, below2 = 0, largest = 0;
    *out_bin = 0;
    for (size_t q = 0; q < SCORE_BINS; q++) {
        below1 += (int64_t)base->counts[q];
        below2 += (int64_t)current->counts[q];
        int64_t distance = llabs(below1 * m - below2 * n);
        if (distance > largest) {
            largest = distance;
            *out_bin = q;
        }
    }
    return largest;
}

struct ks_statistic ks_statistic(const struct score_bins *base, const struct score_bins *current)
{
    double n = (double)score_bins_total(base), m = (double)score_bins_total(current);
    struct ks_statistic statistic = {n > 0 && m > 0 ? 0 : NAN, 0};
    uint64_t below1 = 0, below2 = 0;
    for (size_t q = 0; q < SCORE_BINS; q++) {
        below1 += base->counts[q];
        below2 += current->counts[q];
        double distance = fabs((double)below1 / n - (double)below2 / m);
        if (distance > statistic.d)
            statistic = (struct ks_statistic){distance, q};
    }
    return statistic;
}

/* A lattice path from (0, 0) to (n, m) is one order of the pooled values; it is bad where it comes
 * as far from the diagonal as `limit`, looked at only between values that differ. */
struct lattice {
    int64_t n, m, limit;
    const bool *tie_end; /* NULL: no ties */
};

static bool is_bad(const struct lattice *lattice, int64_t i, int64_t j)
{
    if (i + j == 0 || (lattice->tie_end && !lattice->tie_end[i + j - 1]))
        return false;
    return llabs(i * lattice->m - j * lattice->n) >= lattice->limit;
}

/* The share of paths that are bad somewhere; `row` has room for m + 1. */
static double bad_share(const struct lattice *lattice, double *row)
{
    row[0] = 1;
    for (int64_t j = 1; j <= lattice->m; j++)
        row[j] = is_bad(lattice, 0, j) ? 0 : row[j - 1];
    for (int64_t i = 1; i <= lattice->n; i++) {
        /* Scaled so that the full count is 1 at every (i, m): numbers stay near 1. */
        double scale = (double)i / (double)(i + lattice->m);
        row[0] = is_bad(lattice, i, 0) ? 0 : row[0] * scale;
        for (int64_t j = 1; j <= lattice->m; j++)
            row[j] = is_bad(lattice, i, j) ? 0 : row[j] * scale + row[j - 1];
    }
    return fmax(1 - row[lattice->m], 0);
}

static bool is_affordable(uint64_t n, uint64_t m)
{
    return n > 0 && m > 0 && n + m <= KS_POOLED_MAX && n * m <= KS_CELLS_MAX &&
           (n < m ? n : m) <= KS_ROW_MAX;
}

double ks_exact_p(const struct score_bins *base, const struct score_bins *current,
                  struct ks_scratch *scratch)
{
    uint64_t n = score_bins_total(base), m = score_bins_total(current), rank = 0;
    if (!is_affordable(n, m))
        return NAN;
    for (size_t q = 0; q < SCORE_BINS; q++)
        for (uint64_t left = base->counts[q] + current->counts[q]; left > 0; left--)
            scratch->tie_end[rank++] = left == 1;
    size_t bin;
    struct lattice lattice = {
        .n = (int64_t)(n > m ? n : m),
        .m = (int64_t)(n > m ? m : n),
        .limit = scaled_distance(base, current, &bin),
        .tie_end = scratch->tie_end,
    };
    return bad_share(&lattice, scratch->row);
}

double ks_exact_p_without_ties(size_t n, size_t m, double d, struct ks_scratch *scratch)
{
    if (!is_affordable(n, m))
        return NAN;
    struct lattice lattice = {
        .n = (int64_t)(n > m ? n : m),
        .m = (int64_t)(n > m ? m : n),
        .limit = llround(d * (double)n * (double)m),
    };
    return bad_share(&lattice, scratch->row);
}

double ks_limit_p(double n, double m, double d)
{
    return kolmogorov_sf(sqrt(n * m / (n + m)) * d);
}

double ks_stephens_p(double n, double m, double d)
{
    double root = sqrt(n * m / (n + m));
    return kolmogorov_sf((root + 0.12 + 0.11 / root) * d);
}

double ks_p(const struct score_bins *base, const struct score_bins *current,
            struct ks_scratch *scratch)
{
    double p = ks_exact_p(base, current, scratch);
    if (!isnan(p))
        return p;
    return ks_stephens_p((double)score_bins_total(base), (double)score_bins_total(current),
                         ks_statistic(base, current).d);
}
