/* sampler: which records of the traffic are kept, each with a known probability. */
#ifndef ASSAY_SAMPLER_H
#define ASSAY_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/hash.h"
#include "schema/base/str.h"
#include "worker/intake/named.h"

/* Strata share a part of the traffic by the square roots of their sizes, with a floor for each, and
 * some of it goes to prompts of a shape that came seldom. Probabilities follow what arrived before,
 * never what was kept nor what a score will be, so each is right for its record, and 1 / p
 * is an unbiased weight, whatever becomes of the state: whoever starts again begins with nothing.
 * They change only where a bucket ends: after SAMPLER_BUCKET_RECORDS; where a rate is wanted also
 * after 10 s, or when several times as many records came as in the bucket before. */
enum { SAMPLER_BUCKET_RECORDS = 10000, SAMPLER_STRATA_MAX = 4096 };

struct sampler_config {
    double share;   /* of all records, about; (0,1]; 0: `rate` says how many */
    double rate;    /* records a second, about; > 0 where share is 0 */
    double floor;   /* of each stratum at least so many of 10,000 records, or all there are; >= 0 */
    double novelty; /* of each shape of prompt about so many before it is common, as long as that
                     * takes no more than a quarter of the whole; 0: shapes do not matter */
    struct named strata;            /* STRATUM=PROBABILITY, by hand; borrowed */
    uint8_t key[SIPHASH_KEY_BYTES]; /* of the hash that decides: equal keys decide alike */
};

/* What is asked about a record. */
struct sampler_record {
    struct str id;      /* what the hash is of: records of one id go together */
    struct str name;    /* of its stratum, as `strata` of the config have it */
    struct str stratum; /* all that its stratum is told apart by */
    struct str prompt;  /* absent: of no shape */
    bool grouped; /* it is of use with its group only: its probability is the share (of a rate 1),
                   * which does not move */
};

struct sampler_decision {
    bool keep;
    double probability; /* with which it is kept; 0: of its stratum nothing is wanted */
};

struct sampler; /* one thread */

/* Copies the config. */
struct sampler *sampler_new(const struct sampler_config *config);
void sampler_free(struct sampler *sampler);

/* Counts the record and decides; `now_ms`: steady clock, which only a rate needs. Probabilities
 * that are not set by hand are of 64, quarter powers of 1/2, so that a report has few weights. A
 * stratum that is new keeps its first `floor` records, then what all together keep; those beyond
 * SAMPLER_STRATA_MAX are one. */
struct sampler_decision sampler_decide(struct sampler *sampler, const struct sampler_record *record,
                                       int64_t now_ms);

/* Of a record that was sampled with one probability and then with another: their product, which is
 * a quarter power of 1/2 where both are, to the last bit. */
double sampler_product(double before, double after);

#endif
