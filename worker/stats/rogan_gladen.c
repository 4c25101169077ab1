/* rogan_gladen: a rate corrected for the judge's errors. */
#include "worker/stats/rogan_gladen.h"

#include <math.h>

#include "worker/stats/distributions.h"

/* Delta-method variance of the rate times (Se + Sp - 1)^2, from rates and their sizes. */
static double scaled_variance(double apparent, double n, double rate, double se, double n_se,
                              double sp, double n_sp)
{
    return apparent * (1 - apparent) / n + rate * rate * se * (1 - se) / n_se +
           (1 - rate) * (1 - rate) * sp * (1 - sp) / n_sp;
}

static void adjust(struct judged_rate judged, double alpha, struct rogan_gladen *result)
{
    double z = normal_two_sided(alpha), squared = z * z;
    double n = judged.n + squared, n_se = judged.n_se + 2, n_sp = judged.n_sp + 2;
    double apparent = (judged.k + squared / 2) / n;
    double se = (judged.k_se + 1) / n_se, sp = (judged.k_sp + 1) / n_sp, youden = se + sp - 1;
    if (!(youden > 0))
        return;
    double rate = (apparent + sp - 1) / youden;
    result->shift = 2 * squared * (rate * se * (1 - se) / n_se - (1 - rate) * sp * (1 - sp) / n_sp);
    double reach = z * sqrt(scaled_variance(apparent, n, rate, se, n_se, sp, n_sp)) / youden;
    double centre = rate + result->shift;
    result->ci.low = fmin(fmax(centre - reach, 0), 1);
    result->ci.high = fmin(fmax(centre + reach, 0), 1);
}

struct rogan_gladen rogan_gladen(struct judged_rate judged, double alpha)
{
    double apparent = judged.k / judged.n;
    double se = judged.k_se / judged.n_se, sp = judged.k_sp / judged.n_sp, youden = se + sp - 1;
    struct rogan_gladen result = {apparent, se, sp, NAN, NAN, NAN, {0, 1}};
    if (!(youden > 0))
        return result;
    result.rate = (apparent + sp - 1) / youden;
    result.se =
        sqrt(scaled_variance(apparent, judged.n, result.rate, se, judged.n_se, sp, judged.n_sp)) /
        youden;
    adjust(judged, alpha, &result);
    return result;
}
