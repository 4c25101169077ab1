/* sampler: the share of each stratum that is kept, learnt from the traffic as it goes by. */
#ifndef ASSAY_SAMPLER_H
#define ASSAY_SAMPLER_H

#include <stdint.h>
#include "schema/base/hash.h"
#include "schema/base/str.h"

/* Rates change only where a bucket of so many records ends, by what the bucket before held: what a
 * record's score will be has no say in whether it is kept. */
enum { SAMPLER_BUCKET_RECORDS = 10000, SAMPLER_STRATA_MAX = 4096 };

struct sampler_config {
    double share;    /* of all records, about; (0,1] */
    double floor;    /* of each stratum of a bucket at least so many, or all there are; >= 0 */
    double novelty;  /* of each shape of prompt about so many, then as its stratum; 0: as its stratum */
};

struct sampler; /* one thread */

struct sampler *sampler_new(const struct sampler_config *config);
void sampler_free(struct sampler *sampler);

/* Counts a record, and gives the probability with which it is to be kept: one of 64, quarter powers
 * of 1/2, so that a report has few weights. Strata share by the square roots of their sizes; one
 * that is new keeps its first `floor` records, then `share`; those beyond SAMPLER_STRATA_MAX are one.
 * `stratum` and `shape` are keyed hashes; shape 0: it has none. */
double sampler_probability(struct sampler *sampler, uint64_t stratum, uint64_t shape);

/* A keyed hash of what prompts of a kind share: their length, to a power of two, and their first
 * words, digits masked, ASCII letters lower-case. Never 0. */
uint64_t sampler_shape(const uint8_t key[SIPHASH_KEY_BYTES], struct str prompt);

#endif
