/* distributions: probabilities and quantiles of tests. */
#ifndef ASSAY_DISTRIBUTIONS_H
#define ASSAY_DISTRIBUTIONS_H

#include <stdint.h>

/* _cdf is P(X <= x), _sf the survival function P(X > x) (computed on its own: no cancellation in
 * the tail), _quantile the inverse of _cdf. NAN outside the ranges given. Checked against SciPy on
 * random arguments by tests/test_stats.py. */

double normal_cdf(double x);
double normal_sf(double x);
/* 0 <= p <= 1; the ends give -INFINITY and INFINITY. Hastings' approximation (Abramowitz and Stegun
 * 26.2.23), then Halley steps on erfc. */
double normal_quantile(double p);
/* The z of a two-sided interval: 1.959964 for alpha = 0.05. */
double normal_two_sided(double alpha);

/* Chi-square, df > 0, x >= 0. The quantile is found by bisection of the logarithm. */
double chi_square_sf(double x, double df);
double chi_square_quantile(double p, double df);

/* Student's t, df > 0 and need not be whole. */
double student_t_sf(double t, double df);
double student_t_quantile(double p, double df);
/* 2 P(T > |t|). */
double student_t_two_sided(double t, double df);

/* Binomial: P(X <= k) for n trials; the quantile is the smallest k with P(X <= k) >= p. */
double binomial_cdf(int64_t k, int64_t n, double p);
double binomial_sf(int64_t k, int64_t n, double p);
/* P(X = k). */
double binomial_mass(int64_t k, int64_t n, double p);
int64_t binomial_quantile(double probability, int64_t n, double p);

/* Kolmogorov's limit: P(sqrt(n) D > x). Two series (DLMF 20.7.32), each where it converges fast. */
double kolmogorov_sf(double x);

#endif
