/* compare_answer: what sums of two sides say of their difference. */
#include <math.h>

#include "worker/report/compare/compare_sums.h"
#include "worker/stats/means.h"
#include "worker/stats/proportion.h"
#include "worker/stats/sampling.h"

/* Of sign flips; the seed is fixed, so that a comparison is the same to the bit. */
enum { PERMUTATIONS = 9999, SEED = 1 };

static double weight_of(uint64_t threshold)
{
    double probability = sampling_probability(threshold);
    return probability > 0 ? 1 / probability : 0;
}

/* n_eff for n, such that variance / n is the variance of the weighted mean. */
static struct moments moments_of_survey(const struct survey_sums *sums)
{
    struct survey_estimate estimate = survey_estimate(sums);
    double n = estimate.n_eff;
    if (!(sums->n > 0))
        return (struct moments){0};
    return n >= 2 ? (struct moments){n, estimate.mean, estimate.variance * n * n}
                  : (struct moments){.n = n, .mean = estimate.mean};
}

static struct moments moments_of_pairs(const struct pair_series *series)
{
    struct survey_sums survey = {0};
    if (series->sampled_count == 1)
        return difference_bins_moments(&series->sampled[0].bins);
    for (size_t i = 0; i < series->sampled_count; i++) {
        struct difference_sums sums = difference_bins_sums(&series->sampled[i].bins);
        survey_add(&survey, weight_of(series->sampled[i].threshold), sums.n, sums.sum,
                   sums.sum_squares);
    }
    return moments_of_survey(&survey);
}

static struct level_difference of_mean(struct mean_difference mean)
{
    return (struct level_difference){mean.delta, mean.se, mean.p, mean.ci};
}

/* McNemar's test knows whole pairs of one weight. */
static struct level_difference of_verdicts(const struct pair_series *series,
                                           const struct moments *differences, double alpha)
{
    struct interval a_minus_b = newcombe_paired_interval(series->verdicts, alpha);
    return (struct level_difference){
        .delta = differences->mean,
        .se = sqrt(moments_variance(differences) / differences->n),
        .p = mcnemar_test(series->verdicts).exact_p,
        .ci = {-a_minus_b.high, -a_minus_b.low},
    };
}

/* Equal scores have no spread to tell an error by; but pairs that differ are at most so many, each
 * by at most 1. */
static struct level_difference of_equal_pairs(const struct moments *differences, double alpha)
{
    double share = wilson_interval(0, differences->n, alpha).high;
    return (struct level_difference){.delta = 0, .se = NAN, .p = 1, .ci = {-share, share}};
}

static void conclude(const struct comparison *comparison, struct compare_row *out)
{
    out->verdict = drift_verdict(out->difference.ci, comparison->tolerance);
    out->guaranteed = guaranteed_effect(out->difference.ci);
    out->mde = minimum_detectable_effect(out->difference.se, comparison->alpha, comparison->power);
    out->p_adjusted = NAN;
}

static struct compare_agreement agreement_on(const uint64_t *table, size_t categories)
{
    struct compare_agreement out = {0, cohen_kappa(table, categories)};
    for (size_t i = 0; i < categories * categories; i++)
        out.n += table[i];
    return out;
}

void compare_answer_pairs(const struct comparison *comparison, const struct pair_series *series,
                          struct compare_row *out)
{
    double alpha = comparison->alpha;
    struct moments differences = moments_of_pairs(series);
    bool equal_weights = series->sampled_count == 1;
    out->paired = true;
    out->level_a = level_of(&series->a, alpha);
    out->level_b = level_of(&series->b, alpha);
    out->p_permutation = NAN;
    if (differences.n > 0 && series->differing == 0) {
        out->method = COMPARE_ALL_PAIRS_SAME;
        out->difference = of_equal_pairs(&differences, alpha);
    } else if (out->level_a.verdicts && out->level_b.verdicts && equal_weights) {
        out->method = COMPARE_MCNEMAR;
        out->difference = of_verdicts(series, &differences, alpha);
    } else {
        struct random random = {SEED};
        out->method = COMPARE_PAIRED_T;
        out->difference = of_mean(paired_t_of(&differences, alpha));
        if (equal_weights)
            out->p_permutation = difference_bins_sign_flip_p(&series->sampled[0].bins,
                                                             PERMUTATIONS, &random);
    }
    out->broke = series->passes[2];
    out->fixed = series->passes[1];
    out->missing_a = series->missing_a;
    out->missing_b = series->missing_b;
    out->passes = agreement_on(series->passes, 2);
    out->labels = agreement_on(series->agreement, COMPARE_LABELS_MAX);
    conclude(comparison, out);
}

void compare_answer_sides(const struct comparison *comparison, const struct level_sums *a,
                          const struct level_sums *b, struct compare_row *out)
{
    double alpha = comparison->alpha;
    out->level_a = level_of(a, alpha);
    out->level_b = level_of(b, alpha);
    out->method =
        out->level_a.verdicts && out->level_b.verdicts ? COMPARE_FISHER : COMPARE_WELCH;
    out->difference =
        level_difference(&out->level_a, &out->level_b, level_equal_weights(a, b), alpha);
    out->p_permutation = NAN;
    conclude(comparison, out);
}

static struct measure_side measure_of(const struct measure_sums *sums, unsigned side)
{
    double mean = survey_estimate(&sums->sides[side]).mean;
    bool quantiles = sums->sides[side].n > 0 && !sums->unequal[side];
    return (struct measure_side){
        .n = (uint64_t)sums->sides[side].n,
        .mean = mean,
        .p50 = quantiles ? log_bins_quantile(&sums->bins[side], 0.5) : NAN,
        .p95 = quantiles ? log_bins_quantile(&sums->bins[side], 0.95) : NAN,
    };
}

void compare_answer_measure(const struct comparison *comparison, const struct measure_sums *sums,
                            struct measure_row *out)
{
    struct moments a = moments_of_survey(&sums->sides[0]), b = moments_of_survey(&sums->sides[1]);
    struct moments pairs = moments_of_survey(&sums->differences);
    out->a = measure_of(sums, 0);
    out->b = measure_of(sums, 1);
    out->difference = comparison->paired ? paired_t_of(&pairs, comparison->alpha)
                                         : welch_t(&a, &b, comparison->alpha);
    if (out->a.n == 0 || out->b.n == 0)
        out->difference.delta = NAN;
}

const char *compare_method_name(enum compare_method method)
{
    static const char *const names[] = {[COMPARE_MCNEMAR] = "mcnemar",
                                        [COMPARE_PAIRED_T] = "paired_t",
                                        [COMPARE_FISHER] = "fisher",
                                        [COMPARE_WELCH] = "welch",
                                        [COMPARE_ALL_PAIRS_SAME] = "all_pairs_same"};
    return names[method];
}
