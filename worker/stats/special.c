/* special: gamma and beta integrals, to double precision. */
#include "worker/stats/special.h"

#include <float.h>
#include <math.h>

enum { TERMS_MAX = 100000, NEWTON_MAX = 200 };

/* Stops a continued fraction from dividing by zero (Lentz). */
static const double TINY = 1e-300;

double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* What Stirling's formula misses of ln n!: DLMF 5.11.1 from 16 on, by subtraction below, where the
 * terms are small. */
static double stirling_error(double n)
{
    if (n < 16)
        return log_gamma(n + 1) - (n + 0.5) * log(n) + n - 0.5 * log(2 * M_PI);
    double squared = n * n;
    double series = 1.0 / 1188 / squared;
    series = (1.0 / 1680 - series) / squared;
    series = (1.0 / 1260 - series) / squared;
    series = (1.0 / 360 - series) / squared;
    return (1.0 / 12 - series) / n;
}

/* Loader's deviance x ln(x/m) + m - x, by series where it would cancel. x, m > 0. */
static double deviance(double x, double m)
{
    double difference = x - m, sum = x + m;
    if (fabs(difference) > 0.1 * sum)
        return x * log(x / m) + m - x;
    double v = difference / sum, squared = v * v;
    double total = difference * v, power = 2 * x * v;
    for (int k = 1; k < 100; k++) {
        power *= squared;
        double next = total + power / (2 * k + 1);
        if (next == total)
            break;
        total = next;
    }
    return total;
}

double log_beta(double a, double b)
{
    if (!(a > 0 && b > 0))
        return NAN;
    if (a < 16 && b < 16)
        return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
    /* B(a, b) = (a + b) / (a b) / C(a + b, a), and C by Stirling's formula. */
    double n = a + b;
    return log(n / a / b) - (stirling_error(n) - stirling_error(a) - stirling_error(b)) +
           a * log(a / n) + b * log1p(-a / n) - 0.5 * log(n / a / b / (2 * M_PI));
}

/* x^a e^-x / Gamma(a). */
static double gamma_factor(double a, double x)
{
    if (a < 1)
        return exp(a * log(x) - x - log_gamma(a));
    return a * exp(-stirling_error(a) - deviance(a, x)) / sqrt(2 * M_PI * a);
}

static double gamma_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int n = 1; n <= TERMS_MAX && term > sum * DBL_EPSILON / 4; n++) {
        term *= x / (a + n);
        sum += term;
    }
    return sum * gamma_factor(a, x);
}

static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1 / TINY, d = 1 / (fabs(b) < TINY ? TINY : b), value = d;
    for (int n = 1; n <= TERMS_MAX; n++) {
        double term = -n * (n - a);
        b += 2;
        d = term * d + b;
        c = b + term / c;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = fabs(c) < TINY ? TINY : c;
        value *= d * c;
        if (fabs(d * c - 1) < DBL_EPSILON)
            break;
    }
    return value * gamma_factor(a, x);
}

double gamma_p(double a, double x)
{
    if (!(a > 0 && x >= 0))
        return NAN;
    if (x == 0 || isinf(x))
        return x == 0 ? 0 : 1;
    return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double gamma_q(double a, double x)
{
    if (!(a > 0 && x >= 0))
        return NAN;
    if (x == 0 || isinf(x))
        return x == 0 ? 1 : 0;
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

double beta_factor(double a, double b, double x, double y)
{
    if (a < 1 || b < 1)
        return exp(a * log(x) + b * log(y) - log_beta(a, b));
    double n = a + b;
    double exponent = stirling_error(n) - stirling_error(a) - stirling_error(b) -
                      deviance(a, n * x) - deviance(b, n * y);
    return exp(exponent) * sqrt(a * b / (2 * M_PI * n));
}

/* DLMF 8.17.22 by Lentz's method; converges fast for x below the mean. */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < TINY ? TINY : d);
    double value = d;
    for (int m = 1; m <= TERMS_MAX; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double step = 1;
        for (int half = 0; half < 2; half++) {
            double term = half == 0 ? even : odd;
            d = 1 + term * d;
            c = 1 + term / c;
            d = 1 / (fabs(d) < TINY ? TINY : d);
            c = fabs(c) < TINY ? TINY : c;
            step = d * c;
            value *= step;
        }
        if (fabs(step - 1) < DBL_EPSILON)
            break;
    }
    return value;
}

double beta_i(double a, double b, double x, double y)
{
    if (!(a > 0 && b > 0 && x >= 0 && y >= 0))
        return NAN;
    if (x == 0 || y == 0)
        return x == 0 ? 0 : 1;
    double factor = beta_factor(a, b, x, y);
    if (x < (a + 1) / (a + b + 2))
        return factor * beta_fraction(a, b, x) / a;
    return 1 - factor * beta_fraction(b, a, y) / b;
}

/* Of I_x(a, b) = p where the answer is at most about a half, so that its relative error is small.
 */
static double beta_quantile_low(double p, double a, double b)
{
    double low = 0, high = 1, x = a / (a + b);
    double start = exp((log(p) + log(a) + log_beta(a, b)) / a); /* I_x ~ x^a / (a B) near zero */
    if (start > 0 && start < x)
        x = start;
    for (int step = 0; step < NEWTON_MAX; step++) {
        double error = beta_i(a, b, x, 1 - x) - p;
        if (error > 0)
            high = x;
        else
            low = x;
        double next = x - error * x * (1 - x) / beta_factor(a, b, x, 1 - x);
        if (!(next > low && next < high))
            next = low + (high - low) / 2;
        if (fabs(next - x) <= x * DBL_EPSILON)
            return next;
        x = next;
    }
    return x;
}

double beta_quantile(double p, double a, double b)
{
    if (!(a > 0 && b > 0 && p >= 0 && p <= 1))
        return NAN;
    if (p == 0 || p == 1)
        return p;
    if (p > beta_i(a, b, 0.5, 0.5))
        return 1 - beta_quantile_low(1 - p, b, a);
    return beta_quantile_low(p, a, b);
}

double log_sum_exp(const double *values, size_t count)
{
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i] > max)
            max = values[i];
    if (isinf(max))
        return max;
    for (size_t i = 0; i < count; i++)
        sum += exp(values[i] - max);
    return max + log(sum);
}
