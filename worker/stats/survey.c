/* survey: means of samples with unequal probabilities. */
#include "worker/stats/survey.h"

#include <math.h>
#include <stdbool.h>

#include "worker/stats/proportion.h"

void survey_add(struct survey_sums *sums, double weight, double n, double sum, double sum_squares)
{
    double squared = weight * weight, left_out = squared - weight; /* (1 - p) w^2, p = 1/w */
    sums->n += n;
    sums->w += weight * n;
    sums->ww += squared * n;
    sums->wy += weight * sum;
    sums->wwy += squared * sum;
    sums->wwyy += squared * sum_squares;
    sums->wwp += left_out * n;
    sums->wwpy += left_out * sum;
    sums->wwpyy += left_out * sum_squares;
}

void survey_merge(struct survey_sums *into, const struct survey_sums *other)
{
    into->n += other->n;
    into->w += other->w;
    into->ww += other->ww;
    into->wy += other->wy;
    into->wwy += other->wwy;
    into->wwyy += other->wwyy;
    into->wwp += other->wwp;
    into->wwpy += other->wwpy;
    into->wwpyy += other->wwpyy;
}

/* Sum of c (y - mean)^2 from the sums of c, c y and c y^2. */
static double about(double mean, double c, double cy, double cyy)
{
    return fmax(cyy - 2 * mean * cy + mean * mean * c, 0);
}

struct survey_estimate survey_estimate(const struct survey_sums *sums)
{
    double mean = sums->w > 0 ? sums->wy / sums->w : NAN, squared = sums->w * sums->w;
    return (struct survey_estimate){
        .total = sums->wy,
        .population = sums->w,
        .mean = mean,
        .variance = about(mean, sums->ww, sums->wwy, sums->wwyy) / squared,
        .variance_finite = about(mean, sums->wwp, sums->wwpy, sums->wwpyy) / squared,
        .total_variance_finite = sums->wwpyy,
        .n_eff = squared / sums->ww,
        .deff = sums->n * sums->ww / squared,
    };
}

double survey_cluster_variance(const double *y, const double *weight, const size_t *clusters,
                               size_t count, size_t cluster_count, double *totals)
{
    double w = 0, wy = 0, sum = 0, g = (double)cluster_count;
    if (cluster_count < 2)
        return NAN;
    for (size_t i = 0; i < count; i++) {
        w += weight[i];
        wy += weight[i] * y[i];
    }
    for (size_t c = 0; c < cluster_count; c++)
        totals[c] = 0;
    for (size_t i = 0; i < count; i++)
        totals[clusters[i]] += weight[i] * (y[i] - wy / w);
    for (size_t c = 0; c < cluster_count; c++)
        sum += totals[c] * totals[c];
    return g / (g - 1) * sum / (w * w);
}

double survey_cluster_deff(double mean_size, double rho)
{
    return 1 + (mean_size - 1) * rho;
}

struct stratified_estimate stratified_estimate(const struct survey_stratum *strata, size_t count)
{
    double population = 0;
    struct stratified_estimate estimate = {0};
    for (size_t i = 0; i < count; i++)
        population += strata[i].population;
    for (size_t i = 0; i < count; i++) {
        const struct survey_stratum *s = &strata[i];
        double share = s->population / population, term = share * share * s->variance / s->n;
        estimate.mean += share * s->mean;
        estimate.variance += term;
        estimate.variance_finite += term * (1 - s->n / s->population);
    }
    return estimate;
}

static double weighted_mean(const struct survey_sums *sums)
{
    return sums->wy / sums->w;
}

/* The square of the weights' sum times the variance of the stratum's mean. */
static double spread_of(const struct survey_sums *sums, double mean_of_all)
{
    double n_eff = sums->w * sums->w / sums->ww;
    bool alone = n_eff < 2;
    double centre = alone ? mean_of_all : weighted_mean(sums);
    double spread = about(centre, sums->ww, sums->wwy, sums->wwyy);
    return alone ? spread : spread * n_eff / (n_eff - 1);
}

struct post_stratified_estimate post_stratify(const struct post_stratum *strata, size_t count,
                                              double arrived)
{
    double w = 0, wy = 0, ww = 0, spread = 0, between = 0;
    for (size_t i = 0; i < count; i++) {
        w += strata[i].factor * strata[i].sums.w;
        wy += strata[i].factor * strata[i].sums.wy;
        ww += strata[i].factor * strata[i].factor * strata[i].sums.ww;
    }
    double mean = w > 0 ? wy / w : NAN;
    for (size_t i = 0; i < count; i++) {
        const struct survey_sums *sums = &strata[i].sums;
        if (!(sums->n > 0))
            continue;
        double factor = strata[i].factor, apart = weighted_mean(sums) - mean;
        spread += factor * factor * spread_of(sums, mean);
        between += factor * sums->w / w * apart * apart;
    }
    return (struct post_stratified_estimate){
        mean, spread / (w * w) + between / arrived, w, w * w / ww};
}

double survey_rate_size(double p, double variance, double n, double n_eff)
{
    static const double MORE = 1.5;
    double size = p * (1 - p) / variance;
    return size > 0 && isfinite(size) ? fmin(size, MORE * n) : n_eff;
}

struct interval survey_wilson(double p, double variance, double alpha, double *out_n_eff)
{
    double n_eff = variance > 0 ? p * (1 - p) / variance : NAN;
    if (out_n_eff)
        *out_n_eff = n_eff;
    return n_eff > 0 ? wilson_interval(p * n_eff, n_eff, alpha) : (struct interval){0, 1};
}
