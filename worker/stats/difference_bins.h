/* difference_bins: the exact histogram of differences of paired scores. */
#ifndef ASSAY_DIFFERENCE_BINS_H
#define ASSAY_DIFFERENCE_BINS_H

#include "worker/stats/random.h"
#include "worker/stats/score_bins.h"

/* Scores in bins differ by whole bins: counts[SCORE_BIN_TOP + q] pairs have a B - A of
 * q / SCORE_BIN_TOP. Merging is adding integers: exact. */
enum { DIFFERENCE_BINS = 2 * SCORE_BIN_TOP + 1 };

struct difference_bins {
    uint64_t counts[DIFFERENCE_BINS];
};

/* Scores in [0,1]. */
void difference_bins_add(struct difference_bins *bins, double a, double b);
/* n, the sum and the sum of squares of the differences, in score units. */
struct difference_sums {
    double n, sum, sum_squares;
};

struct difference_sums difference_bins_sums(const struct difference_bins *bins);
/* Without rounding in the sums. */
struct moments difference_bins_moments(const struct difference_bins *bins);

/* As sign_flip_p (paired.h), of a histogram: memory does not grow with the pairs, and time only by
 * one random word for 64 pairs that differ, a round. */
double difference_bins_sign_flip_p(const struct difference_bins *bins, unsigned rounds,
                                   struct random *random);

#endif
