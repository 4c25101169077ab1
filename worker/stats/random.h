/* random: a seeded generator, the same everywhere. */
#ifndef ASSAY_RANDOM_H
#define ASSAY_RANDOM_H

#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood 2014): for resampling and permutation, so that a rerun is the same
 * to the bit. Not for secrets and not for sampling decisions (those are keyed: sampling.h). */
struct random {
    uint64_t state; /* the seed */
};

uint64_t random_next(struct random *random);
/* 0 .. below - 1, below > 0, by remainder: the bias is below 2^-40 for below < 2^24. */
uint64_t random_below(struct random *random, uint64_t below);
/* In [0, 1), 53 bits. */
double random_unit(struct random *random);

#endif
