/* distance: how far two distributions are apart. */
#ifndef ASSAY_DISTANCE_H
#define ASSAY_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

#include "worker/stats/score_bins.h"

/* A distance without its noise floor says nothing: with no drift, 100 scores against 5000 give a
 * PSI above 0.1 in two of five windows. Print psi_noise or a p-value beside it. NAN when a side is
 * empty. */

/* 1-Wasserstein (earth mover's) distance in score units: at least |difference of means|. */
double wasserstein1(const struct score_bins *base, const struct score_bins *current);

/* Counts of the same `count` categories or bins in two windows. */
struct count_pair {
    const uint64_t *base, *current;
    size_t count;
};

/* Jensen-Shannon divergence in bits, 0 .. 1. The distance is its square root; in natural logarithms
 * (Evidently) the distance is smaller by the factor sqrt(ln 2). */
double jensen_shannon_bits(struct count_pair counts);
/* Total variation: half the sum of |p - q|, 0 .. 1. */
double total_variation(struct count_pair counts);
/* L-infinity: the largest |p - q| (Vertex). */
double l_infinity(struct count_pair counts);

/* Bins between the deciles of the baseline (nearest rank): (edge[i-1], edge[i]], so about equal
 * counts of the baseline in each. Equal deciles are one edge: fewer bins. */
enum { DECILE_BINS_MAX = 10 };

struct decile_bins {
    size_t count;                      /* 1 .. DECILE_BINS_MAX; 0 for an empty baseline */
    size_t edges[DECILE_BINS_MAX - 1]; /* count - 1 of them: the highest score bin that belongs */
    uint64_t base[DECILE_BINS_MAX], current[DECILE_BINS_MAX];
};

void decile_bins_fill(struct decile_bins *deciles, const struct score_bins *base,
                      const struct score_bins *current);
struct count_pair decile_bins_counts(const struct decile_bins *deciles);

/* Population stability index, sum of (q - p) ln(q / p), with `add` added to each count so that no
 * bin is empty: 0.5 is ours, 0 gives INFINITY for an empty bin. */
double population_stability_index(struct count_pair counts, double add);

/* What the PSI is without any drift: about (1/n1 + 1/n2) chi-square of bins - 1 degrees of freedom
 * (Yurdakul 2018). NAN for fewer than two bins or an empty side. */
struct psi_noise {
    double mean; /* expected */
    double p99;  /* exceeded by chance in 1 % */
    double p;    /* of a PSI at least as large as the one given */
};

struct psi_noise psi_noise(double psi, size_t bins, double n1, double n2);

#endif
