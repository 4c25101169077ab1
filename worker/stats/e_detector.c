/* e_detector: alarms with a stated false-alarm budget. */
#include "worker/stats/e_detector.h"

#include <math.h>

#include "worker/stats/special.h"

void e_detector_init(struct e_detector *detector, enum e_detector_form form)
{
    *detector = (struct e_detector){.form = form};
    for (size_t k = 0; k < BETS; k++)
        detector->log_m[k] = -INFINITY;
}

double shiryaev_roberts_step(double log_m, double log_e)
{
    /* ln(M + 1) without overflow */
    double log_more = log_m > 0 ? log_m + log1p(exp(-log_m)) : log1p(exp(log_m));
    return log_more + log_e;
}

double e_cusum_step(double log_m, double log_e)
{
    return fmax(log_m, 0) + log_e;
}

double e_detector_step(struct e_detector *detector, struct log_wealth bucket)
{
    for (size_t k = 0; k < BETS; k++) {
        double *log_m = &detector->log_m[k];
        if (detector->form == E_DETECTOR_SHIRYAEV_ROBERTS) {
            *log_m = shiryaev_roberts_step(*log_m, bucket.of[k]);
        } else {
            if (*log_m <= 0)
                detector->start[k] = detector->buckets;
            *log_m = e_cusum_step(*log_m, bucket.of[k]);
        }
    }
    detector->buckets++;
    return log_sum_exp(detector->log_m, BETS) - log(BETS);
}

uint64_t e_detector_start(const struct e_detector *detector)
{
    size_t best = 0;
    for (size_t k = 1; k < BETS; k++)
        if (detector->log_m[k] > detector->log_m[best])
            best = k;
    return detector->start[best];
}

double e_detector_log_threshold(double buckets, double streams)
{
    return log(buckets * streams);
}
