/* live_test: A against B on live traffic. */
#include "worker/stats/live_test.h"

#include <math.h>

void live_test_add_pair(struct log_wealth *wealth, double a, double b)
{
    for (size_t k = 0; k < BETS; k++)
        wealth->of[k] += log_bet_drop((b - a + 1) / 2, 0.5, BET[k]);
}

/* ln of the likelihood of k of n at `rate` beside that at `common`. */
static double log_ratio(double k, double n, double rate, double common)
{
    return k * log(rate / common) + (n - k) * (log1p(-rate) - log1p(-common));
}

double live_test_log_e(struct live_block block, double p_a, double p_b)
{
    double n = block.n_a + block.n_b;
    if (!(n > 0))
        return 0;
    double common = (block.n_a * p_a + block.n_b * p_b) / n;
    return log_ratio(block.k_a, block.n_a, p_a, common) +
           log_ratio(block.k_b, block.n_b, p_b, common);
}
