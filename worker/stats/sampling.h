/* sampling: which requests are kept, with what probability. */
#ifndef ASSAY_SAMPLING_H
#define ASSAY_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/hash.h"
#include "schema/base/str.h"

/* OpenTelemetry's consistent probability sampling: a request is kept iff the low 56 bits of its
 * keyed hash are at least a threshold, so that what is kept at one probability is kept at every
 * higher one, on every machine. Whoever is downstream may raise the threshold, never lower it. Hash
 * the request's id, not its text: else all copies of a popular prompt are kept or dropped together.
 * The key keeps clients from crafting ids. */

/* 2^56: the threshold that keeps nothing. */
#define SAMPLING_THRESHOLD_NONE (UINT64_C(1) << 56)

/* round((1 - p) 2^56), p outside [0,1] (or NAN) is taken as the nearest end (0). */
uint64_t sampling_threshold(double p);
/* The probability that a threshold stands for: the inclusion probability to store; 0 for
 * SAMPLING_THRESHOLD_NONE and above. Its inverse is the weight. */
double sampling_probability(uint64_t threshold);
/* The 56 bits of SipHash-2-4 that decide. */
uint64_t sampling_randomness(const uint8_t key[SIPHASH_KEY_BYTES], struct str request_id);
bool sampling_keeps(uint64_t randomness, uint64_t threshold);

/* A part of the traffic with a sampling rate of its own. */
struct stratum_size {
    double population; /* requests expected, > 0 */
    double deviation;  /* standard deviation of its scores; used by Neyman's rule only */
};

enum allocation_rule {
    ALLOCATION_PROPORTIONAL, /* ~ N: hides rare strata */
    ALLOCATION_SQUARE_ROOT,  /* ~ sqrt N: the default, rare strata stay reportable */
    ALLOCATION_NEYMAN,       /* ~ N s: best for the overall mean alone */
};

/* Shares `total` out; not rounded. A stratum gets at least `floor` and at most all of its
 * population (which wins over the floor); what that takes or frees is shared by the others by the
 * same rule. Floors are kept although their sum exceeds the total. Takes 100 rounds over the
 * strata. */
void sampling_allocate(const struct stratum_size *strata, size_t count, enum allocation_rule rule,
                       double total, double floor, double *out_sizes);

/* Requests a day that bound a rate by `rate` when none is seen: 3 / rate. */
double sampling_floor_for_rate(double rate);

#endif
