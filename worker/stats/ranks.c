/* ranks: is a score of today likelier better or worse? */
#include "worker/stats/ranks.h"

#include <math.h>

#include "worker/stats/distributions.h"
#include "worker/stats/means.h"

/* Ties lower the variance of U: sum of t^3 - t over the bins. */
static double tie_term(const struct score_bins *base, const struct score_bins *current)
{
    double sum = 0;
    for (size_t q = 0; q < SCORE_BINS; q++) {
        double t = (double)base->counts[q] + (double)current->counts[q];
        sum += t * t * t - t;
    }
    return sum;
}

struct mann_whitney mann_whitney(const struct score_bins *base, const struct score_bins *current)
{
    double n1 = (double)score_bins_total(base), n2 = (double)score_bins_total(current);
    double n = n1 + n2, below = 0, u = 0;
    for (size_t q = 0; q < SCORE_BINS; q++) {
        u += (double)current->counts[q] * (below + (double)base->counts[q] / 2);
        below += (double)base->counts[q];
    }
    double sigma = sqrt(n1 * n2 / 12 * (n + 1 - tie_term(base, current) / (n * (n - 1))));
    double z = sigma > 0 ? fmax(fabs(u - n1 * n2 / 2) - 0.5, 0) / sigma : NAN;
    return (struct mann_whitney){
        .u = u,
        .auc = u / (n1 * n2),
        .cliff_delta = 2 * u / (n1 * n2) - 1,
        .sigma = sigma,
        .z = z,
        .p = isnan(z) ? NAN : 2 * normal_sf(z),
    };
}

/* Ways of choosing n1 of n1 + n2 ranks by their U, by adding one rank after the other. */
double mann_whitney_exact_p(size_t n1, size_t n2, double u)
{
    enum { MAX = MANN_WHITNEY_EXACT_MAX };
    if (n1 < 1 || n2 < 1 || n1 > MAX || n2 > MAX)
        return NAN;
    /* ways[k][s]: k ranks were chosen, and s pairs won by them. */
    double ways[MAX + 1][MAX * MAX + 1] = {{1}};
    for (size_t rank = 0; rank < n1 + n2; rank++) {
        for (size_t k = n1 < rank + 1 ? n1 : rank + 1; k >= 1; k--) {
            size_t won = rank - (k - 1); /* ranks below that were not chosen */
            for (size_t s = won; won <= n2 && s <= n1 * n2; s++)
                ways[k][s] += ways[k - 1][s - won];
        }
    }
    double least = fmin(u, (double)(n1 * n2) - u), tail = 0, all = 0;
    for (size_t s = 0; s <= n1 * n2; s++) {
        all += ways[n1][s];
        tail += (double)s <= least ? ways[n1][s] : 0;
    }
    return fmin(1, 2 * tail / all);
}

/* For each value of `of`, the share of `among` that lies below it, ties half. */
static struct moments placements(const struct score_bins *of, const struct score_bins *among)
{
    double n = (double)score_bins_total(among), below = 0;
    struct moments moments = {0};
    for (size_t q = 0; q < SCORE_BINS; q++) {
        double share = (below + (double)among->counts[q] / 2) / n;
        below += (double)among->counts[q];
        if (of->counts[q] == 0)
            continue;
        moments_merge(&moments, &(struct moments){(double)of->counts[q], share, 0});
    }
    return moments;
}

struct brunner_munzel brunner_munzel(const struct score_bins *base,
                                     const struct score_bins *current, double alpha)
{
    /* The test is Welch's of the placements: their means are auc and 1 - auc. */
    struct moments cur = placements(current, base), reference = placements(base, current);
    struct mean_difference welch = welch_t(&reference, &cur, alpha);
    double auc = cur.mean, t = (auc - 0.5) / welch.se;
    double reach = 2 * student_t_quantile(1 - alpha / 2, welch.df) * welch.se;
    return (struct brunner_munzel){
        .t = t,
        .df = welch.df,
        .p = student_t_two_sided(t, welch.df),
        .auc_se = welch.se,
        .cliff_ci = {fmax(2 * auc - 1 - reach, -1), fmin(2 * auc - 1 + reach, 1)},
    };
}

/* How often each difference of bins occurs: index 0 is -SCORE_BIN_TOP. Doubles count exactly up to
 * 2^53 pairs, and almost beyond. */
enum { DIFFERENCES = 2 * SCORE_BIN_TOP + 1 };

static void convolve(const struct score_bins *base, const struct score_bins *current,
                     double pairs[DIFFERENCES])
{
    for (size_t b = 0; b < SCORE_BINS; b++) {
        if (base->counts[b] == 0)
            continue;
        for (size_t c = 0; c < SCORE_BINS; c++)
            pairs[SCORE_BIN_TOP + c - b] += (double)base->counts[b] * (double)current->counts[c];
    }
}

/* The difference of this rank, 1 .. all, in score units. */
static double difference_of_rank(const double pairs[DIFFERENCES], double rank)
{
    double below = 0;
    size_t i = 0;
    for (; i + 1 < DIFFERENCES; i++) {
        below += pairs[i];
        if (below >= rank)
            break;
    }
    return ((double)i - SCORE_BIN_TOP) / SCORE_BIN_TOP;
}

struct hodges_lehmann hodges_lehmann(const struct score_bins *base,
                                     const struct score_bins *current, double alpha)
{
    double pairs[DIFFERENCES] = {0};
    struct mann_whitney test = mann_whitney(base, current);
    double all = (double)score_bins_total(base) * (double)score_bins_total(current);
    if (!(all > 0))
        return (struct hodges_lehmann){NAN, NAN, {NAN, NAN}};
    convolve(base, current, pairs);
    double low = difference_of_rank(pairs, floor((all + 1) / 2));
    double high = difference_of_rank(pairs, floor(all / 2) + 1);
    double rank = round(all / 2 - normal_two_sided(alpha) * test.sigma);
    struct hodges_lehmann result = {(low + high) / 2, rank, {-1, 1}};
    if (rank >= 1) {
        result.ci.low = difference_of_rank(pairs, rank);
        result.ci.high = difference_of_rank(pairs, all + 1 - rank);
    }
    return result;
}
