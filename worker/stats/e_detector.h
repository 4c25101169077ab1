/* e_detector: alarms with a stated false-alarm budget. */
#ifndef ASSAY_E_DETECTOR_H
#define ASSAY_E_DETECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/stats/evidence.h"

/* Shin, Ramdas, Rinaldo, arXiv 2203.03532. Evidence is restarted at every bucket of time, so that a
 * drop is not diluted by the good time before it. While every bucket's mean is at least m, the
 * expected number of buckets to a false alarm is at least A, in every form, for any dependence.
 *
 *   struct e_detector detector;
 *   e_detector_init(&detector, E_DETECTOR_SHIRYAEV_ROBERTS);
 *   for each closed bucket that is not empty, in order of time:
 *       if (e_detector_step(&detector, log_wealth_drop(bucket, m)) >= log_a)
 *           alarm, and e_detector_init again
 *
 * Empty buckets are left out: each would add 1 to M. Rows that come late belong to the bucket being
 * closed then. Replaying the stored buckets gives the same alarms to the bit. */
enum e_detector_form {
    E_DETECTOR_SHIRYAEV_ROBERTS, /* M = (M + 1) e: the default; nearly tight */
    E_DETECTOR_CUSUM,            /* M = max(M, 1) e: slack of 14 or so, but tells when it began */
};

struct e_detector {
    enum e_detector_form form;
    double log_m[BETS];   /* -INFINITY: 0 */
    uint64_t buckets;     /* taken in so far */
    uint64_t start[BETS]; /* CUSUM: the bucket, counted from 0, its evidence goes back to */
};

void e_detector_init(struct e_detector *detector, enum e_detector_form form);
/* Takes in a bucket; returns ln M of the mixture. */
double e_detector_step(struct e_detector *detector, struct log_wealth bucket);
/* The bucket from which the strongest bet's evidence counts: CUSUM only. */
uint64_t e_detector_start(const struct e_detector *detector);

/* ln A for at most one false page in `buckets` buckets over all of `streams` streams. */
double e_detector_log_threshold(double buckets, double streams);

/* One step of a single bet: ln M from ln M and the bucket's ln e. */
double shiryaev_roberts_step(double log_m, double log_e);
double e_cusum_step(double log_m, double log_e);

#endif
