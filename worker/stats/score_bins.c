/* score_bins: the exact histogram of scores. */
#include "worker/stats/score_bins.h"

#include <math.h>
#include <stdbool.h>

#include "worker/stats/distributions.h"

size_t score_bin_of(double score)
{
    if (!(score > 0))
        return 0;
    return score >= 1 ? SCORE_BIN_TOP : (size_t)lround(score * SCORE_BIN_TOP);
}

void score_bins_add(struct score_bins *bins, double score, uint64_t times)
{
    bins->counts[score_bin_of(score)] += times;
}

/* Most histograms are mostly empty: they are looked at by so many bins. */
enum { BLOCK = 8 };

static bool block_is_empty(const struct score_bins *bins, size_t first)
{
    uint64_t any = 0;
    for (size_t i = 0; i < BLOCK; i++)
        any |= bins->counts[first + i];
    return any == 0;
}

size_t score_bins_next(const struct score_bins *bins, size_t bin)
{
    while (bin + BLOCK <= SCORE_BINS && block_is_empty(bins, bin))
        bin += BLOCK;
    while (bin < SCORE_BINS && bins->counts[bin] == 0)
        bin++;
    return bin;
}

void score_bins_merge(struct score_bins *into, const struct score_bins *other)
{
    size_t bin = 0;
    for (; bin + BLOCK <= SCORE_BINS; bin += BLOCK)
        if (!block_is_empty(other, bin))
            for (size_t i = 0; i < BLOCK; i++)
                into->counts[bin + i] += other->counts[bin + i];
    for (; bin < SCORE_BINS; bin++)
        into->counts[bin] += other->counts[bin];
}

void score_bins_reverse(const struct score_bins *bins, struct score_bins *out)
{
    for (size_t q = 0; q < SCORE_BINS; q++)
        out->counts[q] = bins->counts[SCORE_BIN_TOP - q];
}

uint64_t score_bins_total(const struct score_bins *bins)
{
    uint64_t total = 0;
    for (size_t q = 0; q < SCORE_BINS; q++)
        total += bins->counts[q];
    return total;
}

struct score_sums score_bins_sums(const struct score_bins *bins)
{
    struct score_sums sums = {0};
    for (uint64_t q = 0; q < SCORE_BINS; q++) {
        sums.n += bins->counts[q];
        sums.s1 += bins->counts[q] * q;
        sums.s2 += bins->counts[q] * q * q;
    }
    return sums;
}

struct moments score_sums_moments(struct score_sums sums)
{
    if (sums.n == 0)
        return (struct moments){0};
    double n = (double)sums.n, top = SCORE_BIN_TOP;
    /* The difference cancels in floating point: 128 bits hold it exactly. */
    unsigned __int128 spread = (unsigned __int128)sums.n * sums.s2;
    spread -= (unsigned __int128)sums.s1 * sums.s1;
    return (struct moments){n, (double)sums.s1 / (n * top), (double)spread / n / (top * top)};
}

struct moments score_bins_moments(const struct score_bins *bins)
{
    return score_sums_moments(score_bins_sums(bins));
}

size_t score_bins_rank(const struct score_bins *bins, uint64_t rank)
{
    uint64_t below = 0;
    for (size_t q = 0; q < SCORE_BINS; q++) {
        below += bins->counts[q];
        if (below >= rank && below > 0)
            return q;
    }
    return SCORE_BIN_TOP;
}

size_t score_bins_quantile(const struct score_bins *bins, double p)
{
    uint64_t n = score_bins_total(bins);
    /* The slack undoes the rounding of p n: 0.9 * 400 must be rank 360, not 361. */
    double rank = ceil(p * (double)n * (1 - 1e-15));
    return n == 0 ? 0 : score_bins_rank(bins, rank < 1 ? 1 : (uint64_t)rank);
}

struct quantile_ranks quantile_ranks(uint64_t n, double p, double alpha)
{
    return (struct quantile_ranks){
        (uint64_t)binomial_quantile(alpha / 2, (int64_t)n, p),
        (uint64_t)binomial_quantile(1 - alpha / 2, (int64_t)n, p) + 1,
    };
}

struct interval score_bins_quantile_interval(const struct score_bins *bins, double p, double alpha)
{
    uint64_t n = score_bins_total(bins);
    if (n == 0)
        return (struct interval){NAN, NAN};
    struct quantile_ranks ranks = quantile_ranks(n, p, alpha);
    return (struct interval){
        ranks.low == 0 ? 0 : score_of_bin(score_bins_rank(bins, ranks.low)),
        ranks.high > n ? 1 : score_of_bin(score_bins_rank(bins, ranks.high)),
    };
}
