/* survey: means of samples with unequal probabilities. */
#ifndef ASSAY_SURVEY_H
#define ASSAY_SURVEY_H

#include <stddef.h>
#include <stdint.h>

#include "worker/stats/interval.h"

/* Weights are 1 / inclusion probability. Sums of a sample: adding sums merges samples. They may be
 * built of rows or of histograms (one for each weight: n values with sums s1 and s2). */
struct survey_sums {
    double n;         /* rows */
    double w, ww;     /* sums of weights and of squared weights */
    double wy;        /* of w y */
    double wwy, wwyy; /* of w^2 y and w^2 y^2 */
    double wwp;       /* of (1 - p) w^2: for the finite population */
    double wwpy, wwpyy;
};

/* Adds n values of equal weight, with their sum and sum of squares. weight >= 1. */
void survey_add(struct survey_sums *sums, double weight, double n, double sum, double sum_squares);
void survey_merge(struct survey_sums *into, const struct survey_sums *other);

/* NAN for an empty sample. */
struct survey_estimate {
    double total;           /* Horvitz and Thompson: sum of w y */
    double population;      /* sum of w: estimated number of requests */
    double mean;            /* Hajek: sum of w y / sum of w */
    double variance;        /* of the mean, super-population: for every question about drift */
    double variance_finite; /* only for "what happened to exactly these requests" (Poisson) */
    double total_variance_finite; /* of the total */
    double n_eff;                 /* Kish: as many equally weighted rows would tell as much */
    double deff;                  /* design effect n / n_eff */
};

struct survey_estimate survey_estimate(const struct survey_sums *sums);

/* Variance of the Hajek mean when rows of a cluster (a conversation, a user) go together, by
 * Taylor linearisation, with G / (G - 1). clusters[i] is the row's, 0 .. cluster_count - 1;
 * `totals` is room for cluster_count. NAN for fewer than two clusters. */
double survey_cluster_variance(const double *y, const double *weight, const size_t *clusters,
                               size_t count, size_t cluster_count, double *totals);
/* Kish's design effect of clusters of mean size m and intra-cluster correlation rho. */
double survey_cluster_deff(double mean_size, double rho);

/* Strata of known population, each sampled with equal probability. */
struct survey_stratum {
    double population; /* N */
    double n, mean, variance;
};

/* n >= 1 in each. */
struct stratified_estimate {
    double mean;
    double variance;        /* super-population */
    double variance_finite; /* with the finite population correction */
};

struct stratified_estimate stratified_estimate(const struct survey_stratum *strata, size_t count);

/* A stratum of which it is known how much came, and not only how much was kept. */
struct post_stratum {
    struct survey_sums sums; /* of the scores, by the weights they were kept with */
    double factor;           /* what came / sum of the weights of what was kept */
};

/* NAN for an empty sample. */
struct post_stratified_estimate {
    double mean;
    double variance; /* of the mean, super-population, with n_eff / (n_eff - 1) in each stratum */
    double weight;   /* requests that the scores stand for */
    double n_eff;    /* Kish, of the weights times their factors */
};

/* Post-stratification (Holt and Smith 1979): weights are scaled so that each stratum stands for
 * what came of it. The variance is within strata, about the mean of all where a stratum has fewer
 * than two effective scores, plus that of shares among the `arrived` requests, also drawn. */
struct post_stratified_estimate post_stratify(const struct post_stratum *strata, size_t count,
                                              double arrived);

/* The size of a weighted rate: as many independent verdicts would be as sure of it, p (1 - p) /
 * variance; at most half as many again as there are rows, because a variance does not know of what
 * the heaviest have not shown yet. n_eff where the variance is 0 or unknown. */
double survey_rate_size(double p, double variance, double n, double n_eff);

/* Wilson's interval of a weighted proportion, with the size p (1 - p) / variance; *out_n_eff may be
 * NULL. [0, 1] when the variance is 0 or unknown, where no size can be had. */
struct interval survey_wilson(double p, double variance, double alpha, double *out_n_eff);

#endif
