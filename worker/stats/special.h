/* special: gamma and beta integrals, to double precision. */
#ifndef ASSAY_SPECIAL_H
#define ASSAY_SPECIAL_H

#include <stddef.h>

/* Relative error is about 1e-13 for arguments up to 1e6; beyond, it grows with the arguments. All
 * loops are bounded. An argument outside its range gives NAN.
 * Formulas: DLMF 8.7, 8.9, 8.17.22 (series and continued fractions); the leading factors as in
 * C. Loader, Fast and Accurate Computation of Binomial Probabilities, 2000, which does not cancel
 * for large counts. */

/* ln |Gamma(x)|, safe in threads. */
double log_gamma(double x);
/* ln B(a, b) for a, b > 0. */
double log_beta(double a, double b);

/* Regularised incomplete gamma: P(a, x) and Q(a, x) = 1 - P, each without cancellation. a > 0,
 * x >= 0. */
double gamma_p(double a, double x);
double gamma_q(double a, double x);

/* Regularised incomplete beta I_x(a, b): P(X <= x) of a beta variable. a, b > 0; y = 1 - x is
 * given too, because the caller often has it without cancellation. The upper tail is beta_i(b, a,
 * y, x). */
double beta_i(double a, double b, double x, double y);

/* x^a y^b / B(a, b) with x + y = 1, both above 0: x y times the density of a beta variable. */
double beta_factor(double a, double b, double x, double y);
/* x with I_x(a, b) = p, 0 <= p <= 1. Found by Newton steps within a bracket. */
double beta_quantile(double p, double a, double b);

/* ln of the sum of exp(values). -INFINITY for count = 0 and for values that are all -INFINITY. */
double log_sum_exp(const double *values, size_t count);

#endif
