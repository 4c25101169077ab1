/* live_test: A against B on live traffic. */
#ifndef ASSAY_LIVE_TEST_H
#define ASSAY_LIVE_TEST_H

#include "worker/stats/evidence.h"

/* Both may be looked at any number of times; 20 is the e-value of 5 %. */

/* Scores: the k-th of A with the k-th of B. Adds the pair to the evidence that B is worse:
 * y = (b - a + 1) / 2 against "its mean is at least 1/2", with the bets of evidence.h. Scores in
 * [0,1]. Zero-initialise; the result is log_wealth_mix. */
void live_test_add_pair(struct log_wealth *wealth, double a, double b);

/* Pass or fail in blocks (Turner, Ly, Gruenwald, arXiv 2106.02693): k of n in each of A and B. */
struct live_block {
    double k_a, n_a, k_b, n_b;
};

/* ln of the block's e-value against "both rates are equal", for the alternative that A's is p_a and
 * B's p_b, fixed before the block; 0 < p_a, p_b < 1. Blocks multiply: add these. */
double live_test_log_e(struct live_block block, double p_a, double p_b);

#endif
