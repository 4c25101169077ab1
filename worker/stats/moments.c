/* moments: count, mean and variance, mergeable. */
#include "worker/stats/moments.h"

#include <math.h>

#include "worker/stats/distributions.h"

void moments_add(struct moments *moments, double value)
{
    double distance = value - moments->mean;
    moments->n++;
    moments->mean += distance / moments->n;
    moments->m2 += distance * (value - moments->mean);
}

void moments_merge(struct moments *into, const struct moments *other)
{
    double n = into->n + other->n, distance = other->mean - into->mean;
    if (other->n == 0)
        return;
    into->m2 += other->m2 + distance * distance * into->n * other->n / n;
    into->mean += distance * other->n / n;
    into->n = n;
}

struct moments moments_of(const double *values, size_t count)
{
    struct moments moments = {0};
    for (size_t i = 0; i < count; i++)
        moments_add(&moments, values[i]);
    return moments;
}

struct moments moments_of_proportion(double k, double n)
{
    return n > 0 ? (struct moments){n, k / n, k * (n - k) / n} : (struct moments){0};
}

double moments_variance(const struct moments *moments)
{
    return moments->n >= 2 ? moments->m2 / (moments->n - 1) : NAN;
}

double moments_variance_population(const struct moments *moments)
{
    return moments->n > 0 ? moments->m2 / moments->n : NAN;
}

struct interval moments_mean_interval(const struct moments *moments, double alpha)
{
    if (!(moments->n >= 2))
        return (struct interval){NAN, NAN};
    double error = sqrt(moments_variance(moments) / moments->n);
    double reach = student_t_quantile(1 - alpha / 2, moments->n - 1) * error;
    return (struct interval){moments->mean - reach, moments->mean + reach};
}

struct interval moments_missing_bounds(const struct moments *moments, double missing)
{
    double sum = moments->n * moments->mean, all = moments->n + missing;
    if (!(all > 0))
        return (struct interval){NAN, NAN};
    return (struct interval){sum / all, (sum + missing) / all};
}
