/* proportion: intervals for one pass rate. */
#include "worker/stats/proportion.h"

#include <math.h>

#include "worker/stats/distributions.h"
#include "worker/stats/special.h"

struct interval wilson_interval(double k, double n, double alpha)
{
    if (!(n > 0))
        return (struct interval){0, 1};
    double z = normal_two_sided(alpha), squared = z * z, p = k / n, scale = 1 + squared / n;
    double centre = (p + squared / (2 * n)) / scale;
    double reach = z * sqrt(p * (1 - p) / n + squared / (4 * n * n)) / scale;
    return (struct interval){k <= 0 ? 0 : centre - reach, k >= n ? 1 : centre + reach};
}

struct interval clopper_pearson_interval(double k, double n, double alpha)
{
    return (struct interval){
        k <= 0 || !(n > 0) ? 0 : beta_quantile(alpha / 2, k, n - k + 1),
        k >= n || !(n > 0) ? 1 : beta_quantile(1 - alpha / 2, k + 1, n - k),
    };
}

struct interval jeffreys_interval(double k, double n, double alpha)
{
    if (!(n > 0))
        return (struct interval){0, 1};
    return (struct interval){
        beta_quantile(alpha / 2, k + 0.5, n - k + 0.5),
        beta_quantile(1 - alpha / 2, k + 0.5, n - k + 0.5),
    };
}

double rule_of_three(double n)
{
    return n > 3 ? 3 / n : 1;
}

double wilson_lower(double k, double n, double alpha)
{
    return wilson_interval(k, n, 2 * alpha).low;
}
