/* prediction_powered: many judge scores, few human labels. */
#include "worker/stats/prediction_powered.h"

#include <math.h>

#include "worker/stats/distributions.h"

void labelled_add(struct labelled_sums *sums, double label, double judge)
{
    double distance = label - sums->label.mean;
    moments_add(&sums->label, label);
    moments_add(&sums->judge, judge);
    sums->product += distance * (judge - sums->judge.mean);
}

double labelled_correlation(const struct labelled_sums *sums)
{
    double spread = sums->label.m2 * sums->judge.m2;
    return spread > 0 ? sums->product / sqrt(spread) : NAN;
}

static double over(double sum, double n, enum ppi_divisor divisor)
{
    return sum / (divisor == PPI_DIVISOR_N ? n : n - 1);
}

double ppi_lambda(const struct labelled_sums *labelled, const struct moments *unlabelled,
                  enum ppi_divisor divisor, bool clip)
{
    struct moments all = labelled->judge;
    moments_merge(&all, unlabelled);
    double n = labelled->label.n, variance = moments_variance(&all);
    if (!(variance > 0 && unlabelled->n > 0 && n > 0))
        return 0;
    double lambda = over(labelled->product, n, divisor) / ((1 + n / unlabelled->n) * variance);
    return clip ? fmin(fmax(lambda, 0), 1) : lambda;
}

struct ppi_estimate ppi_mean(const struct labelled_sums *labelled, const struct moments *unlabelled,
                             double lambda, enum ppi_divisor divisor)
{
    double n = labelled->label.n, many = unlabelled->n;
    double spread = labelled->label.m2 - 2 * lambda * labelled->product +
                    lambda * lambda * labelled->judge.m2; /* of label - lambda f */
    double estimate = labelled->label.mean - lambda * labelled->judge.mean;
    double variance = over(fmax(spread, 0), n, divisor) / n;
    if (lambda != 0) {
        estimate += lambda * unlabelled->mean;
        variance += lambda * lambda * over(unlabelled->m2, many, divisor) / many;
    }
    bool known = n > 0 && (lambda == 0 || many > 0);
    return (struct ppi_estimate){lambda, known ? estimate : NAN, known ? sqrt(variance) : NAN};
}

struct interval ppi_interval(struct ppi_estimate estimate, double alpha)
{
    double reach = normal_two_sided(alpha) * estimate.se;
    return (struct interval){estimate.estimate - reach, estimate.estimate + reach};
}

struct ppi_estimate ppi_stratified(const double *weights, const struct ppi_estimate *strata,
                                   size_t count)
{
    double estimate = 0, variance = 0;
    for (size_t i = 0; i < count; i++) {
        estimate += weights[i] * strata[i].estimate;
        variance += weights[i] * weights[i] * strata[i].se * strata[i].se;
    }
    return (struct ppi_estimate){NAN, estimate, sqrt(variance)};
}

struct ppi_estimate ppi_weighted(const struct ppi_item *items, size_t count, double lambda)
{
    struct moments z = {0};
    for (size_t i = 0; i < count; i++) {
        double value = lambda * items[i].judge;
        if (items[i].labelled)
            value += (items[i].label - lambda * items[i].judge) / items[i].probability;
        moments_add(&z, value);
    }
    return (struct ppi_estimate){lambda, count > 0 ? z.mean : NAN,
                                 sqrt(moments_variance(&z) / z.n)};
}

bool ppi_is_advisable(double positives, double negatives)
{
    return fmin(positives, negatives) >= PPI_RARER_LABELS_MIN;
}

double ppi_variance_ratio(double rho, double n, double unlabelled)
{
    return 1 - rho * rho * unlabelled / (n + unlabelled);
}
