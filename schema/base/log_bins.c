/* log_bins: a histogram with a bound on relative error. */
#include "schema/base/log_bins.h"

#include <math.h>

static const double ALPHA = 0.01;

static double growth(void)
{
    return (1 + ALPHA) / (1 - ALPHA);
}

size_t log_bin_of(double value)
{
    if (!(value > 1))
        return 0;
    double bin = ceil(log(value) / log(growth()));
    return bin < LOG_BINS - 1 ? (size_t)bin : LOG_BINS - 1;
}

double log_bin_value(size_t bin)
{
    return 2 * pow(growth(), (double)bin) / (growth() + 1);
}

void log_bins_add(struct log_bins *bins, double value, uint64_t times)
{
    bins->counts[log_bin_of(value)] += times;
}

void log_bins_merge(struct log_bins *into, const struct log_bins *other)
{
    for (size_t i = 0; i < LOG_BINS; i++)
        into->counts[i] += other->counts[i];
}

uint64_t log_bins_total(const struct log_bins *bins)
{
    uint64_t total = 0;
    for (size_t i = 0; i < LOG_BINS; i++)
        total += bins->counts[i];
    return total;
}

double log_bins_quantile(const struct log_bins *bins, double p)
{
    uint64_t n = log_bins_total(bins), below = 0;
    double rank = fmax(ceil(p * (double)n * (1 - 1e-15)), 1);
    for (size_t i = 0; i < LOG_BINS; i++) {
        below += bins->counts[i];
        if ((double)below >= rank)
            return log_bin_value(i);
    }
    return NAN;
}

uint64_t log_bins_above(const struct log_bins *bins, double limit)
{
    uint64_t above = 0;
    for (size_t i = log_bin_of(limit) + 1; i < LOG_BINS; i++)
        above += bins->counts[i];
    return above;
}
