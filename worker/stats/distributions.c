/* distributions: probabilities and quantiles of tests. */
#include "worker/stats/distributions.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#include "worker/stats/special.h"

enum { BISECTIONS_MAX = 2200, HALLEY_STEPS = 3, NEWTON_STEPS = 4, SERIES_MAX = 100 };

/* Degrees of freedom and tails for which an expansion is a good start. */
static const double T_EXPANDED = 50, T_TAILS = 1e-6;

double normal_cdf(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

double normal_sf(double x)
{
    return 0.5 * erfc(x * M_SQRT1_2);
}

double normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? -INFINITY : INFINITY;
    double tail = fmin(p, 1 - p), t = sqrt(-2 * log(tail));
    double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int i = 0; i < HALLEY_STEPS; i++) {
        double density = exp(-z * z / 2) / sqrt(2 * M_PI);
        double step = (normal_sf(z) - tail) / density;
        z += step / (1 - z * step / 2);
    }
    return p < 0.5 ? -z : z;
}

double normal_two_sided(double alpha)
{
    return -normal_quantile(alpha / 2);
}

double chi_square_sf(double x, double df)
{
    return gamma_q(df / 2, x / 2);
}

double chi_square_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1 && df > 0))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? 0 : INFINITY;
    double low = 0, high = df;
    for (int i = 0; i < BISECTIONS_MAX && chi_square_sf(high, df) > 1 - p; i++)
        high *= 2;
    for (int i = 0; i < BISECTIONS_MAX && high - low > high * DBL_EPSILON; i++) {
        double middle = low + (high - low) / 2;
        double error =
            p < 0.5 ? gamma_p(df / 2, middle / 2) - p : 1 - p - chi_square_sf(middle, df);
        if (middle == low || middle == high)
            break;
        if (error < 0)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

/* P(|T| > |t|): the beta integral at df/(df + t^2). */
double student_t_two_sided(double t, double df)
{
    if (!(df > 0) || isnan(t))
        return NAN;
    double squared = t * t;
    if (isinf(squared))
        return 0;
    return beta_i(df / 2, 0.5, df / (df + squared), squared / (df + squared));
}

double student_t_sf(double t, double df)
{
    double half = student_t_two_sided(t, df) / 2;
    return t > 0 ? half : 1 - half;
}

static double student_t_density(double t, double df)
{
    double log_scale = -log_beta(0.5, df / 2) - log(df) / 2;
    return exp(log_scale - (df + 1) / 2 * log1p(t * t / df));
}

/* Where one tail holds so much: Newton's steps from the expansion of Cornish and Fisher in 1/df,
 * mostly one. A page asks for thousands, each of other degrees. */
static double student_t_far(double tail, double df)
{
    double z = -normal_quantile(tail), zz = z * z;
    double t = z + z * (zz + 1) / (4 * df) + z * ((5 * zz + 16) * zz + 3) / (96 * df * df) +
               z * (((3 * zz + 19) * zz + 17) * zz - 15) / (384 * df * df * df);
    for (int i = 0; i < NEWTON_STEPS; i++) {
        double step = (student_t_two_sided(t, df) / 2 - tail) / student_t_density(t, df);
        t += step;
        if (fabs(step) < 1e-9 * t) /* the next one would be far below a double's last digit */
            break;
    }
    return t;
}

double student_t_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1 && df > 0))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? -INFINITY : INFINITY;
    double tails = 2 * fmin(p, 1 - p), t;
    if (tails > T_TAILS && tails < 0.5 && df >= T_EXPANDED) {
        t = student_t_far(tails / 2, df);
    } else if (tails < 0.5) {
        double x = beta_quantile(tails, df / 2, 0.5);
        t = sqrt(df * (1 - x) / x);
    } else {
        double y = beta_quantile(2 * fabs(p - 0.5), 0.5, df / 2);
        t = sqrt(df * y / (1 - y));
    }
    return p < 0.5 ? -t : t;
}

double binomial_cdf(int64_t k, int64_t n, double p)
{
    if (n < 0 || !(p >= 0 && p <= 1))
        return NAN;
    if (k < 0 || k >= n)
        return k < 0 ? 0 : 1;
    return beta_i((double)(n - k), (double)(k + 1), 1 - p, p);
}

double binomial_sf(int64_t k, int64_t n, double p)
{
    if (n < 0 || !(p >= 0 && p <= 1))
        return NAN;
    if (k < 0 || k >= n)
        return k < 0 ? 1 : 0;
    return beta_i((double)(k + 1), (double)(n - k), p, 1 - p);
}

double binomial_mass(int64_t k, int64_t n, double p)
{
    if (n < 0 || !(p >= 0 && p <= 1))
        return NAN;
    if (k < 0 || k > n)
        return 0;
    if (p == 0 || p == 1)
        return k == (p == 0 ? 0 : n);
    if (k == 0 || k == n)
        return exp((double)n * (k == 0 ? log1p(-p) : log(p)));
    double hits = (double)k, misses = (double)(n - k);
    return beta_factor(hits, misses, p, 1 - p) * (double)n / (hits * misses);
}

int64_t binomial_quantile(double probability, int64_t n, double p)
{
    if (n < 0 || !(p >= 0 && p <= 1 && probability >= 0 && probability <= 1))
        return -1;
    int64_t low = -1, high = n; /* cdf(low) < probability <= cdf(high) */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (binomial_cdf(middle, n, p) < probability)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double kolmogorov_sf(double x)
{
    if (!(x > 0))
        return x <= 0 ? 1 : NAN;
    double sum = 0;
    if (x < 1) {
        for (int k = 1; k < SERIES_MAX; k += 2)
            sum += exp(-k * k * M_PI * M_PI / (8 * x * x));
        return 1 - sqrt(2 * M_PI) / x * sum;
    }
    for (int k = 1; k < SERIES_MAX; k++)
        sum += (k % 2 ? 1 : -1) * exp(-2.0 * k * k * x * x);
    return 2 * sum;
}
