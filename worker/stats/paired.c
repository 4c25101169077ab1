/* paired: the same prompts scored twice. */
#include "worker/stats/paired.h"

#include <math.h>
#include <stdint.h>

#include "worker/stats/distributions.h"
#include "worker/stats/proportion.h"

/* A permuted sum that differs from the observed one by rounding alone is as extreme. */
static const double SUM_SLACK = 1e-12;

struct mcnemar mcnemar_test(struct paired_verdicts verdicts)
{
    double b = verdicts.only_a, c = verdicts.only_b;
    if (!(b + c > 0))
        return (struct mcnemar){1, 1, NAN};
    int64_t discordant = (int64_t)(b + c), fewer = (int64_t)fmin(b, c);
    double tail = 2 * binomial_cdf(fewer, discordant, 0.5);
    return (struct mcnemar){
        .exact_p = fmin(1, tail),
        .mid_p = fmin(1, tail - binomial_mass(fewer, discordant, 0.5)),
        .chi_square = (b - c) * (b - c) / (b + c),
    };
}

/* phi with `less` taken off |ad - bc|. */
static double phi(struct paired_verdicts v, double less)
{
    double margins =
        (v.both + v.only_a) * (v.only_b + v.neither) * (v.both + v.only_b) * (v.only_a + v.neither);
    double determinant = v.both * v.neither - v.only_a * v.only_b;
    if (determinant > 0)
        determinant = fmax(determinant - less, 0);
    return margins > 0 ? determinant / sqrt(margins) : NAN;
}

double paired_phi(struct paired_verdicts verdicts)
{
    return phi(verdicts, 0);
}

struct interval newcombe_paired_interval(struct paired_verdicts v, double alpha)
{
    double n = v.both + v.only_a + v.only_b + v.neither;
    if (!(n > 0))
        return (struct interval){-1, 1};
    struct interval a = wilson_interval(v.both + v.only_a, n, alpha);
    struct interval b = wilson_interval(v.both + v.only_b, n, alpha);
    double pa = (v.both + v.only_a) / n, pb = (v.both + v.only_b) / n, r = phi(v, n / 2);
    if (isnan(r))
        r = 0;
    double below_a = pa - a.low, above_a = a.high - pa, below_b = pb - b.low, above_b = b.high - pb;
    double low = below_a * below_a - 2 * r * below_a * above_b + above_b * above_b;
    double high = above_a * above_a - 2 * r * above_a * below_b + below_b * below_b;
    return (struct interval){pa - pb - sqrt(fmax(low, 0)), pa - pb + sqrt(fmax(high, 0))};
}

struct mean_difference paired_t(const double *a, const double *b, size_t count, double alpha)
{
    struct moments m = {0};
    for (size_t i = 0; i < count; i++)
        moments_add(&m, b[i] - a[i]);
    return paired_t_of(&m, alpha);
}

struct mean_difference paired_t_of(const struct moments *m, double alpha)
{
    double se = sqrt(moments_variance(m) / m->n);
    if (!(se > 0))
        return (struct mean_difference){m->mean, NAN, NAN, NAN, NAN, {NAN, NAN}};
    return (struct mean_difference){
        .delta = m->mean,
        .se = se,
        .t = m->mean / se,
        .df = m->n - 1,
        .p = student_t_two_sided(m->mean / se, m->n - 1),
        .ci = moments_mean_interval(m, alpha),
    };
}

double correlation(const double *a, const double *b, size_t count)
{
    struct moments ma = moments_of(a, count), mb = moments_of(b, count);
    double product = 0;
    for (size_t i = 0; i < count; i++)
        product += (a[i] - ma.mean) * (b[i] - mb.mean);
    return ma.m2 > 0 && mb.m2 > 0 ? product / sqrt(ma.m2 * mb.m2) : NAN;
}

double sign_flip_p(const double *differences, size_t count, unsigned rounds, struct random *random)
{
    double observed = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        observed += differences[i];
        size += fabs(differences[i]);
    }
    double limit = fabs(observed) - SUM_SLACK * size;
    unsigned extreme = 0;
    for (unsigned round = 0; round < rounds; round++) {
        double sum = 0;
        uint64_t bits = 0;
        for (size_t i = 0; i < count; i++, bits >>= 1) {
            if (i % 64 == 0)
                bits = random_next(random);
            sum += bits & 1 ? differences[i] : -differences[i];
        }
        extreme += fabs(sum) >= limit;
    }
    return (1.0 + extreme) / (1.0 + rounds);
}
