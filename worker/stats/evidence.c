/* evidence: e-values from the merged histogram. */
#include "worker/stats/evidence.h"

#include <math.h>

#include "worker/stats/distributions.h"
#include "worker/stats/special.h"

enum { BISECTIONS = 60 };

static const double NARROWEST = 1e-13;

const double BET[BETS] = {0.9375,  0.5,      0.25,      0.125,      0.0625,
                          0.03125, 0.015625, 0.0078125, 0.00390625, 0.001953125};

void log_wealth_add_weighted(struct log_wealth *into, const struct score_bins *bins, double share,
                             double m)
{
    for (size_t q = score_bins_next(bins, 0); q < SCORE_BINS; q = score_bins_next(bins, q + 1)) {
        double gain = share * (m - score_of_bin(q)) / (1 - m);
        for (size_t k = 0; k < BETS; k++)
            into->of[k] += (double)bins->counts[q] * log1p(BET[k] * gain);
    }
}

struct log_wealth log_wealth_drop(const struct score_bins *bins, double m)
{
    struct log_wealth wealth = {0};
    log_wealth_add_weighted(&wealth, bins, 1, m);
    return wealth;
}

struct log_wealth log_wealth_rise(const struct score_bins *bins, double m)
{
    struct score_bins reversed;
    score_bins_reverse(bins, &reversed);
    return log_wealth_drop(&reversed, 1 - m);
}

void log_wealth_add(struct log_wealth *into, const struct log_wealth *other)
{
    for (size_t k = 0; k < BETS; k++)
        into->of[k] += other->of[k];
}

double log_wealth_mix(const struct log_wealth *wealth)
{
    return log_sum_exp(wealth->of, BETS) - log(BETS);
}

double log_e_drop(const struct score_bins *bins, double m)
{
    struct log_wealth wealth = log_wealth_drop(bins, m);
    return log_wealth_mix(&wealth);
}

double log_e_rise(const struct score_bins *bins, double m)
{
    struct log_wealth wealth = log_wealth_rise(bins, m);
    return log_wealth_mix(&wealth);
}

double log_bet_drop(double score, double m, double bet)
{
    return log1p(bet * (m - score) / (1 - m));
}

double p_of_log_e(double log_e)
{
    return log_e > 0 ? exp(-log_e) : 1;
}

double e_of_p(double p)
{
    return 0.5 / sqrt(p);
}

/* The lowest m that a drop to the seen scores would refute: the evidence grows with m. */
static double drop_end(const struct score_bins *bins, double mean, double log_limit)
{
    double low = mean, high = 1;
    for (int i = 0; i < BISECTIONS && high - low > NARROWEST; i++) {
        double middle = low + (high - low) / 2;
        if (middle > low && middle < 1 && log_e_drop(bins, middle) < log_limit)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct interval betting_interval(const struct score_bins *bins, double alpha)
{
    struct score_sums sums = score_bins_sums(bins);
    if (sums.n == 0)
        return (struct interval){0, 1};
    struct score_bins reversed;
    score_bins_reverse(bins, &reversed);
    double mean = score_sums_moments(sums).mean, log_limit = log(2 / alpha);
    return (struct interval){
        1 - drop_end(&reversed, 1 - mean, log_limit),
        drop_end(bins, mean, log_limit),
    };
}

struct interval betting_difference_interval(const struct score_bins *base,
                                            const struct score_bins *current, double alpha)
{
    struct interval before = betting_interval(base, alpha / 2);
    struct interval now = betting_interval(current, alpha / 2);
    return (struct interval){now.low - before.high, now.high - before.low};
}

double baseline_bound(const struct moments *base, double miss, double tolerance)
{
    return moments_mean_interval(base, 2 * miss).low - tolerance;
}
