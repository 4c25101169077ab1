/* score_bins: the exact histogram of scores. */
#ifndef ASSAY_SCORE_BINS_H
#define ASSAY_SCORE_BINS_H

#include <stddef.h>
#include <stdint.h>

#include "worker/stats/interval.h"
#include "worker/stats/moments.h"

/* Bin q holds the scores that round to q / 1000. Merging is adding integers: exact. */
enum { SCORE_BINS = 1001, SCORE_BIN_TOP = SCORE_BINS - 1 };

struct score_bins {
    uint64_t counts[SCORE_BINS];
};

static inline double score_of_bin(size_t bin)
{
    return (double)bin / SCORE_BIN_TOP;
}

/* The bin of a score in [0,1]; what lies outside goes to the nearest end. Not for NAN. */
size_t score_bin_of(double score);
void score_bins_add(struct score_bins *bins, double score, uint64_t times);
/* The first bin from `bin` on that is not empty; SCORE_BINS when there is none. */
size_t score_bins_next(const struct score_bins *bins, size_t bin);
void score_bins_merge(struct score_bins *into, const struct score_bins *other);
/* As if every score s had been 1 - s: turns a question about rises into one about drops. */
void score_bins_reverse(const struct score_bins *bins, struct score_bins *out);

/* n, the sum of q and the sum of q^2: exact integers, safe up to 9e12 scores. */
struct score_sums {
    uint64_t n, s1, s2;
};

uint64_t score_bins_total(const struct score_bins *bins);
struct score_sums score_bins_sums(const struct score_bins *bins);
/* In score units; the same to the bit for the same integers. */
struct moments score_sums_moments(struct score_sums sums);
struct moments score_bins_moments(const struct score_bins *bins);

/* The bin of the score of this rank, 1 .. n, ascending. SCORE_BIN_TOP for ranks beyond n. */
size_t score_bins_rank(const struct score_bins *bins, uint64_t rank);
/* Nearest rank (Hyndman and Fan's type 1): the smallest bin with at least p of the scores at or
 * below it. 0 <= p <= 1; 0 for an empty histogram. */
size_t score_bins_quantile(const struct score_bins *bins, double p);

/* Ranks between which a quantile lies, from the binomial distribution of how many scores lie below
 * it (David and Nagaraja, Order Statistics, 7.1): distribution-free, coverage at least 1 - alpha
 * where both ranks exist. low = 0 or high = n + 1: the sample is too small for that end. */
struct quantile_ranks {
    uint64_t low, high;
};

struct quantile_ranks quantile_ranks(uint64_t n, double p, double alpha);
/* The same as scores; an end without a rank is 0 or 1, an empty histogram gives NAN ends. */
struct interval score_bins_quantile_interval(const struct score_bins *bins, double p, double alpha);

#endif
