/* sampling: which requests are kept, with what probability. */
#include "worker/stats/sampling.h"

#include <math.h>

enum { BISECTIONS = 100 };

static const uint64_t RANDOMNESS_MASK = SAMPLING_THRESHOLD_NONE - 1;

uint64_t sampling_threshold(double p)
{
    if (!(p > 0))
        return SAMPLING_THRESHOLD_NONE;
    return p >= 1 ? 0 : (uint64_t)llround(ldexp(1 - p, 56));
}

double sampling_probability(uint64_t threshold)
{
    if (threshold >= SAMPLING_THRESHOLD_NONE)
        return 0;
    return ldexp((double)(SAMPLING_THRESHOLD_NONE - threshold), -56);
}

uint64_t sampling_randomness(const uint8_t key[SIPHASH_KEY_BYTES], struct str request_id)
{
    return hash_sip(key, request_id) & RANDOMNESS_MASK;
}

bool sampling_keeps(uint64_t randomness, uint64_t threshold)
{
    return randomness >= threshold;
}

static double share_of(struct stratum_size stratum, enum allocation_rule rule)
{
    switch (rule) {
    case ALLOCATION_PROPORTIONAL:
        return stratum.population;
    case ALLOCATION_SQUARE_ROOT:
        return sqrt(stratum.population);
    case ALLOCATION_NEYMAN:
        return stratum.population * stratum.deviation;
    }
    return 0;
}

static double clamped(struct stratum_size stratum, double size, double floor)
{
    return fmin(fmax(size, floor), stratum.population);
}

/* The sum of the sizes is continuous and grows with the common factor: bisection finds it. */
void sampling_allocate(const struct stratum_size *strata, size_t count, enum allocation_rule rule,
                       double total, double floor, double *out_sizes)
{
    double low = 0, high = 0;
    for (size_t i = 0; i < count; i++)
        if (share_of(strata[i], rule) > 0)
            high = fmax(high, strata[i].population / share_of(strata[i], rule));
    for (int step = 0; step < BISECTIONS; step++) {
        double factor = low + (high - low) / 2, sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += clamped(strata[i], factor * share_of(strata[i], rule), floor);
        if (sum < total)
            low = factor;
        else
            high = factor;
    }
    for (size_t i = 0; i < count; i++)
        out_sizes[i] = clamped(strata[i], high * share_of(strata[i], rule), floor);
}

double sampling_floor_for_rate(double rate)
{
    return 3 / rate;
}
