/* bootstrap: an interval where there is no formula. */
#include "worker/stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void resample(struct bootstrap_sample sample, struct random *random, double *out)
{
    for (size_t i = 0; i < sample.count; i++)
        out[i] = sample.values[random_below(random, sample.count)];
}

struct interval bootstrap_percentile(struct bootstrap_sample base, struct bootstrap_sample current,
                                     bootstrap_statistic *statistic, void *context, double alpha,
                                     struct random *random, struct bootstrap_room room)
{
    double *second = room.resampled + base.count;
    for (size_t round = 0; round < BOOTSTRAP_ROUNDS; round++) {
        resample(base, random, room.resampled);
        resample(current, random, second);
        room.statistics[round] =
            statistic(room.resampled, base.count, second, current.count, context);
    }
    qsort(room.statistics, BOOTSTRAP_ROUNDS, sizeof *room.statistics, by_size);
    long low = lround(BOOTSTRAP_ROUNDS * alpha / 2);
    long high = lround(BOOTSTRAP_ROUNDS * (1 - alpha / 2));
    return (struct interval){
        room.statistics[low > 1 ? low - 1 : 0],
        room.statistics[high - 1],
    };
}

static double mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

double bootstrap_mean_difference(const double *base, size_t base_count, const double *current,
                                 size_t current_count, void *context)
{
    (void)context;
    return mean(current, current_count) - mean(base, base_count);
}
