/* bootstrap: an interval where there is no formula. */
#ifndef ASSAY_BOOTSTRAP_H
#define ASSAY_BOOTSTRAP_H

#include <stddef.h>

#include "worker/stats/interval.h"
#include "worker/stats/random.h"

/* Percentile bootstrap (Efron 1979), deterministic for a seed. */
enum { BOOTSTRAP_ROUNDS = 2000 };

/* A statistic of two resampled windows. */
typedef double bootstrap_statistic(const double *base, size_t base_count, const double *current,
                                   size_t current_count, void *context);

struct bootstrap_sample {
    const double *values;
    size_t count; /* > 0 */
};

/* Room for the work: `resampled` for both counts together, `statistics` for BOOTSTRAP_ROUNDS, which
 * are left there in ascending order. */
struct bootstrap_room {
    double *resampled, *statistics;
};

/* The statistics of rank R alpha/2 and R (1 - alpha/2), counted from 1. Each round draws all of the
 * baseline, then all of the current window. */
struct interval bootstrap_percentile(struct bootstrap_sample base, struct bootstrap_sample current,
                                     bootstrap_statistic *statistic, void *context, double alpha,
                                     struct random *random, struct bootstrap_room room);

/* Mean of current minus mean of base. */
bootstrap_statistic bootstrap_mean_difference;

#endif
