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

struct labelled_sums labelled_weighted(const struct labelled_item *items, size_t count)
{
    struct labelled_sums sums = {.product = 0};
    double all = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        all += items[i].weight;
        squares += items[i].weight * items[i].weight;
    }
    if (!(all > 0))
        return sums;
    for (size_t i = 0; i < count; i++) {
        sums.label.mean += items[i].weight / all * items[i].label;
        sums.judge.mean += items[i].weight / all * items[i].judge;
    }
    sums.label.n = sums.judge.n = all * all / squares;
    for (size_t i = 0; i < count; i++) {
        double share = items[i].weight / all * sums.label.n;
        double label = items[i].label - sums.label.mean, judge = items[i].judge - sums.judge.mean;
        sums.label.m2 += share * label * label;
        sums.judge.m2 += share * judge * judge;
        sums.product += share * label * judge;
    }
    return sums;
}

/* Variance of the weighted mean of label - lambda f. */
static double hajek_variance(const struct labelled_item *items, size_t count, double lambda,
                             const struct labelled_sums *sums)
{
    double mean = sums->label.mean - lambda * sums->judge.mean, all = 0, sum = 0;
    for (size_t i = 0; i < count; i++) {
        double distance = items[i].label - lambda * items[i].judge - mean;
        all += items[i].weight;
        sum += items[i].weight * items[i].weight * distance * distance;
    }
    return sum / all / all * sums->label.n / (sums->label.n - 1);
}

struct ppi_estimate ppi_hajek(const struct labelled_item *items, size_t count,
                              const struct moments *unlabelled, double lambda)
{
    struct labelled_sums sums = labelled_weighted(items, count);
    struct ppi_estimate result = {lambda, NAN, NAN};
    if (!(sums.label.n > 0) || (lambda != 0 && !(unlabelled->n > 0)))
        return result;
    result.estimate = sums.label.mean - lambda * sums.judge.mean;
    double variance = hajek_variance(items, count, lambda, &sums);
    if (lambda != 0) {
        result.estimate += lambda * unlabelled->mean;
        variance += lambda * lambda * moments_variance(unlabelled) / unlabelled->n;
    }
    result.se = sums.label.n > 1 ? sqrt(variance) : NAN;
    return result;
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
