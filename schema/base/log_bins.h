/* log_bins: a histogram with a bound on relative error. */
#ifndef ASSAY_BASE_LOG_BINS_H
#define ASSAY_BASE_LOG_BINS_H

#include <stddef.h>
#include <stdint.h>

/* DDSketch (Masson, Rim, Lee 2019) with fixed bins, alpha = 1 %: for milliseconds, tokens and
 * bytes. Bin i >= 1 holds (g^(i-1), g^i], g = 1.01 / 0.99, and stands for 2 g^i / (g + 1), which
 * is within 1 % of every value in it; bin 0 holds what is 1 or below. Merging is adding: exact, in
 * any order. */
enum { LOG_BINS = 1732 }; /* up to 1.1e15; what is above goes into the last */

struct log_bins {
    uint64_t counts[LOG_BINS];
};

/* The bin of a value > 0; of 0, negative and NAN it is 0. */
size_t log_bin_of(double value);
/* What a bin stands for. */
double log_bin_value(size_t bin);
void log_bins_add(struct log_bins *bins, double value, uint64_t times);
void log_bins_merge(struct log_bins *into, const struct log_bins *other);
uint64_t log_bins_total(const struct log_bins *bins);
/* Nearest rank, within 1 % of the true quantile for values from 1 on. NAN when empty. */
double log_bins_quantile(const struct log_bins *bins, double p);
/* Values above the bin of `limit`: the exceedance metric, whose drift is that of a rate. */
uint64_t log_bins_above(const struct log_bins *bins, double limit);

#endif
