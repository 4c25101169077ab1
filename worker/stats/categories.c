/* categories: did the mix of labels change? */
#include "worker/stats/categories.h"

#include <math.h>

#include "worker/stats/distributions.h"
#include "worker/stats/special.h"

struct totals {
    double base, current;
};

static struct totals totals_of(struct count_pair counts)
{
    struct totals totals = {0};
    for (size_t i = 0; i < counts.count; i++) {
        totals.base += (double)counts.base[i];
        totals.current += (double)counts.current[i];
    }
    return totals;
}

/* observed ln(observed / expected), 0 for none. */
static double surprise(double observed, double expected)
{
    return observed > 0 ? observed * log(observed / expected) : 0;
}

struct homogeneity homogeneity_test(struct count_pair counts)
{
    struct totals totals = totals_of(counts);
    double n = totals.base + totals.current;
    struct homogeneity test = {.df = -1};
    for (size_t i = 0; i < counts.count; i++) {
        double base = (double)counts.base[i], current = (double)counts.current[i];
        if (base + current == 0)
            continue;
        double expected1 = (base + current) * totals.base / n;
        double expected2 = (base + current) * totals.current / n;
        test.df++;
        test.chi_square += (base - expected1) * (base - expected1) / expected1 +
                           (current - expected2) * (current - expected2) / expected2;
        test.g += 2 * (surprise(base, expected1) + surprise(current, expected2));
    }
    if (!(totals.base > 0 && totals.current > 0))
        return (struct homogeneity){NAN, NAN, NAN, NAN, NAN, NAN};
    test.p = chi_square_sf(test.chi_square, test.df);
    test.g_p = chi_square_sf(fmax(test.g, 0), test.df);
    test.cramers_v = sqrt(test.chi_square / n);
    return test;
}

double standardised_residual(struct count_pair counts, size_t category)
{
    struct totals totals = totals_of(counts);
    double n = totals.base + totals.current, current = (double)counts.current[category];
    double share = ((double)counts.base[category] + current) / n;
    double expected = share * totals.current;
    double variance = expected * (1 - share) * (totals.base / n);
    return variance > 0 ? (current - expected) / sqrt(variance) : NAN;
}

double chi_square_one_sample(struct count_pair counts, double *out_p)
{
    struct totals totals = totals_of(counts);
    double sum = 0, df = -1;
    for (size_t i = 0; i < counts.count; i++) {
        double expected = (double)counts.base[i] / totals.base * totals.current;
        double distance = (double)counts.current[i] - expected;
        if (distance == 0 && expected == 0)
            continue;
        df++;
        sum += distance * distance / expected;
    }
    *out_p = chi_square_sf(sum, df);
    return sum;
}

double dirichlet_multinomial_log_e(struct count_pair counts, double concentration)
{
    struct totals totals = totals_of(counts);
    double log_e = log_gamma(concentration) - log_gamma(concentration + totals.current);
    for (size_t i = 0; i < counts.count; i++) {
        double p0 = ((double)counts.base[i] + 0.5) / (totals.base + 0.5 * (double)counts.count);
        double prior = concentration * p0, current = (double)counts.current[i];
        log_e += log_gamma(prior + current) - log_gamma(prior) - current * log(p0);
    }
    return log_e;
}
