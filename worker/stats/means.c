/* means: two windows' means compared. */
#include "worker/stats/means.h"

#include <math.h>

#include "worker/stats/distributions.h"
#include "worker/stats/special.h"

static struct mean_difference difference(double delta, double se, double df, double alpha)
{
    if (!(se > 0 && df > 0))
        return (struct mean_difference){delta, NAN, NAN, NAN, NAN, {NAN, NAN}};
    double reach = student_t_quantile(1 - alpha / 2, df) * se;
    return (struct mean_difference){
        .delta = delta,
        .se = se,
        .t = delta / se,
        .df = df,
        .p = student_t_two_sided(delta / se, df),
        .ci = {delta - reach, delta + reach},
    };
}

struct mean_difference welch_t(const struct moments *base, const struct moments *current,
                               double alpha)
{
    double v1 = moments_variance(base) / base->n, v2 = moments_variance(current) / current->n;
    double sum = v1 + v2;
    double df = sum * sum / (v1 * v1 / (base->n - 1) + v2 * v2 / (current->n - 1));
    return difference(current->mean - base->mean, sqrt(sum), df, alpha);
}

static double pooled_variance(const struct moments *base, const struct moments *current)
{
    return (base->m2 + current->m2) / (base->n + current->n - 2);
}

struct mean_difference student_t_pooled(const struct moments *base, const struct moments *current,
                                        double alpha)
{
    double se = sqrt(pooled_variance(base, current) * (1 / base->n + 1 / current->n));
    return difference(current->mean - base->mean, se, base->n + current->n - 2, alpha);
}

double cohen_d(const struct moments *base, const struct moments *current)
{
    double variance = pooled_variance(base, current);
    return variance > 0 ? (current->mean - base->mean) / sqrt(variance) : NAN;
}

double hedges_j(double df)
{
    return df > 1 ? exp(log_gamma(df / 2) - log_gamma((df - 1) / 2)) / sqrt(df / 2) : NAN;
}

double hedges_j_approximate(double df)
{
    return 1 - 3 / (4 * df - 1);
}

double hedges_g(const struct moments *base, const struct moments *current)
{
    return cohen_d(base, current) * hedges_j(base->n + current->n - 2);
}

double minimum_detectable_effect(double se, double alpha, double power)
{
    return (normal_two_sided(alpha) + normal_quantile(power)) * se;
}

double difference_error(double variance1, double n1, double variance2, double n2)
{
    return sqrt(variance1 / n1 + variance2 / n2);
}

double sample_size_per_arm(double variance, double delta, double alpha, double power)
{
    double z = normal_two_sided(alpha) + normal_quantile(power);
    return 2 * z * z * variance / (delta * delta);
}
