/* two_proportions: pass rates of two windows compared. */
#include "worker/stats/two_proportions.h"

#include <math.h>
#include <stddef.h>

#include "worker/stats/distributions.h"
#include "worker/stats/proportion.h"

/* Of two tables, masses this close are equal: as R and SciPy take it. */
static const double FISHER_TIE = 1 + 1e-7;

struct interval newcombe_interval(struct two_proportions pair, double alpha)
{
    if (!(pair.n1 > 0 && pair.n2 > 0))
        return (struct interval){-1, 1};
    struct interval one = wilson_interval(pair.k1, pair.n1, alpha);
    struct interval two = wilson_interval(pair.k2, pair.n2, alpha);
    double p1 = pair.k1 / pair.n1, p2 = pair.k2 / pair.n2;
    return (struct interval){
        p1 - p2 - hypot(p1 - one.low, two.high - p2),
        p1 - p2 + hypot(one.high - p1, p2 - two.low),
    };
}

struct interval wald_difference_interval(struct two_proportions pair, double alpha)
{
    if (!(pair.n1 > 0 && pair.n2 > 0))
        return (struct interval){-1, 1};
    double p1 = pair.k1 / pair.n1, p2 = pair.k2 / pair.n2;
    double error = sqrt(p1 * (1 - p1) / pair.n1 + p2 * (1 - p2) / pair.n2);
    double reach = normal_two_sided(alpha) * error;
    return (struct interval){p1 - p2 - reach, p1 - p2 + reach};
}

double pooled_z(struct two_proportions pair, double *out_p)
{
    double pooled = (pair.k1 + pair.k2) / (pair.n1 + pair.n2);
    double error = sqrt(pooled * (1 - pooled) * (1 / pair.n1 + 1 / pair.n2));
    double z = error > 0 ? (pair.k1 / pair.n1 - pair.k2 / pair.n2) / error : NAN;
    if (out_p)
        *out_p = isnan(z) ? NAN : 2 * normal_sf(fabs(z));
    return z;
}

/* Masses of tables beside that of the likeliest: their sum, and that of those of at most a limit.
 */
struct table_sums {
    double all, no_likelier;
};

/* How much likelier k + 1 is than k, the margins being what they are. */
static double ratio_up(struct two_proportions pair, double k)
{
    double total = pair.k1 + pair.k2;
    return (total - k) * (pair.n1 - k) / ((k + 1) * (pair.n2 - total + k + 1));
}

/* Adds the tables from the likeliest, k = mode, to the last one on a side. */
static void walk(struct two_proportions pair, double mode, double last, double limit,
                 struct table_sums *sums)
{
    double mass = 1, step = last > mode ? 1 : -1;
    for (double k = mode; k != last; k += step) {
        mass = step > 0 ? mass * ratio_up(pair, k) : mass / ratio_up(pair, k - 1);
        sums->all += mass;
        if (mass <= limit)
            sums->no_likelier += mass;
    }
}

double fisher_exact_p(struct two_proportions pair)
{
    double total = pair.k1 + pair.k2, all = pair.n1 + pair.n2;
    if (!(fmax(pair.n1, pair.n2) <= FISHER_COUNT_MAX))
        return NAN;
    double low = fmax(0, total - pair.n2), high = fmin(total, pair.n1);
    double mode = fmin(high, fmax(low, floor((total + 1) * (pair.n1 + 1) / (all + 2))));
    double observed = 1; /* its mass beside the mode's */
    for (double k = mode; k < pair.k1; k++)
        observed *= ratio_up(pair, k);
    for (double k = mode; k > pair.k1; k--)
        observed /= ratio_up(pair, k - 1);
    double limit = observed * FISHER_TIE;
    struct table_sums sums = {1, limit >= 1 ? 1 : 0};
    walk(pair, mode, high, limit, &sums);
    walk(pair, mode, low, limit, &sums);
    return fmin(1, sums.no_likelier / sums.all);
}

double cohen_h(struct two_proportions pair)
{
    return 2 * asin(sqrt(pair.k1 / pair.n1)) - 2 * asin(sqrt(pair.k2 / pair.n2));
}

double risk_ratio(struct two_proportions pair)
{
    return pair.k1 / pair.n1 / (pair.k2 / pair.n2);
}
