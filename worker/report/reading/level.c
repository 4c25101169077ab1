/* level: how good one window was, and how sure that is. */
#include "worker/report/reading/level.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/stats/proportion.h"
#include "worker/stats/sampling.h"
#include "worker/stats/two_proportions.h"

/* The chance that the baseline's bound is wrong, paid once (drift alarms pay it too). */
static const double BASELINE_MISS = 0.01;

static struct sampled_bins *bins_of(struct level_sums *sums, uint64_t threshold)
{
    size_t at = 0;
    while (at < sums->sampled_count && sums->sampled[at].threshold < threshold)
        at++;
    if (at < sums->sampled_count && sums->sampled[at].threshold == threshold)
        return &sums->sampled[at];
    if (sums->sampled_count == SAMPLING_THRESHOLDS_MAX)
        return NULL;
    sums->sampled = memory_resize(sums->sampled, sums->sampled_count + 1, sizeof *sums->sampled);
    memmove(sums->sampled + at + 1, sums->sampled + at,
            (sums->sampled_count - at) * sizeof *sums->sampled);
    memset(&sums->sampled[at], 0, sizeof *sums->sampled);
    sums->sampled[at].threshold = threshold;
    sums->sampled_count++;
    return &sums->sampled[at];
}

static void add_statuses(struct level_sums *sums, struct status_counts statuses)
{
    sums->statuses.scored += statuses.scored;
    sums->statuses.not_applicable += statuses.not_applicable;
    sums->statuses.skipped += statuses.skipped;
    sums->statuses.error += statuses.error;
}

static struct stratum_sums *stratum_of(struct level_sums *sums, size_t stratum, uint64_t threshold)
{
    size_t low = 0, high = sums->stratum_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct stratum_sums *one = &sums->strata[middle];
        bool before = one->stratum != stratum ? one->stratum < stratum : one->threshold < threshold;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    struct stratum_sums *at = sums->strata + low;
    if (low < sums->stratum_count && at->stratum == stratum && at->threshold == threshold)
        return at;
    sums->strata = memory_resize(sums->strata, sums->stratum_count + 1, sizeof *sums->strata);
    at = sums->strata + low;
    memmove(at + 1, at, (sums->stratum_count - low) * sizeof *at);
    sums->stratum_count++;
    *at = (struct stratum_sums){.stratum = stratum, .threshold = threshold};
    return at;
}

static void add_to_stratum(struct stratum_sums *stratum, const struct bin_count *scores,
                           size_t score_count, uint64_t missing)
{
    for (size_t i = 0; i < score_count; i++) {
        uint64_t bin = scores[i].bin, count = scores[i].count;
        stratum->scores.n += count;
        stratum->scores.s1 += count * bin;
        stratum->scores.s2 += count * bin * bin;
    }
    stratum->missing += missing;
}

bool level_add(struct level_sums *sums, size_t stratum, uint64_t threshold,
               const struct bin_count *scores, size_t score_count, struct status_counts statuses)
{
    struct sampled_bins *sampled = bins_of(sums, threshold);
    uint64_t missing = statuses.skipped + statuses.error;
    if (!sampled)
        return false;
    for (size_t i = 0; i < score_count; i++)
        sampled->bins.counts[scores[i].bin] += scores[i].count;
    sampled->missing += missing;
    add_statuses(sums, statuses);
    if (sums->traffic)
        add_to_stratum(stratum_of(sums, stratum, threshold), scores, score_count, missing);
    return true;
}

void level_merge(struct level_sums *sums, const struct level_sums *other)
{
    for (size_t i = 0; i < other->sampled_count; i++) {
        struct sampled_bins *sampled = bins_of(sums, other->sampled[i].threshold);
        assert(sampled);
        score_bins_merge(&sampled->bins, &other->sampled[i].bins);
        sampled->missing += other->sampled[i].missing;
    }
    for (size_t i = 0; i < other->stratum_count; i++) {
        const struct stratum_sums *one = &other->strata[i];
        struct stratum_sums *stratum = stratum_of(sums, one->stratum, one->threshold);
        stratum->scores.n += one->scores.n;
        stratum->scores.s1 += one->scores.s1;
        stratum->scores.s2 += one->scores.s2;
        stratum->missing += one->missing;
    }
    sums->traffic = other->traffic ? other->traffic : sums->traffic;
    add_statuses(sums, other->statuses);
}

void level_clear(struct level_sums *sums)
{
    free(sums->sampled);
    free(sums->strata);
    *sums = (struct level_sums){0};
}

static double weight_of(uint64_t threshold)
{
    double probability = sampling_probability(threshold);
    return probability > 0 ? 1 / probability : 0;
}

static void add_scores(struct survey_sums *survey, uint64_t threshold, const struct score_sums *s)
{
    survey_add(survey, weight_of(threshold), (double)s->n, (double)s->s1 / SCORE_BIN_TOP,
               (double)s->s2 / SCORE_BIN_TOP / SCORE_BIN_TOP);
}

static struct survey_sums survey_of(const struct level_sums *sums)
{
    struct survey_sums survey = {0};
    for (size_t i = 0; i < sums->sampled_count; i++) {
        struct score_sums s = score_bins_sums(&sums->sampled[i].bins);
        add_scores(&survey, sums->sampled[i].threshold, &s);
    }
    return survey;
}

static bool has_verdicts_only(const struct level_sums *sums)
{
    uint64_t ends = 0, all = 0;
    for (size_t i = 0; i < sums->sampled_count; i++) {
        const struct score_bins *bins = &sums->sampled[i].bins;
        ends += bins->counts[0] + bins->counts[SCORE_BIN_TOP];
        all += score_bins_total(bins);
    }
    return ends == all;
}

struct moments level_moments(const struct level *level)
{
    double n = level->n_eff;
    return n >= 2 ? (struct moments){n, level->mean, level->variance * n * (n - 1)}
                  : (struct moments){.n = n, .mean = level->mean};
}

/* Requests whose score is missing, as those that have one are weighted. */
static double missing_weight(const struct level_sums *sums)
{
    double weight = 0;
    if (sums->traffic)
        for (size_t i = 0; i < sums->stratum_count; i++)
            weight += sums->traffic[sums->strata[i].stratum].factor *
                      weight_of(sums->strata[i].threshold) * (double)sums->strata[i].missing;
    else
        for (size_t i = 0; i < sums->sampled_count; i++)
            weight += weight_of(sums->sampled[i].threshold) * (double)sums->sampled[i].missing;
    return weight;
}

static void add_missing(const struct level_sums *sums, struct level *level)
{
    double missing = missing_weight(sums), all = level->weight + missing;
    struct moments scored = {level->weight, level->weight > 0 ? level->mean : 0, 0};
    level->missing = all > 0 ? missing / all : 0;
    level->missing_bounds = moments_missing_bounds(&scored, missing);
}

/* One weight: the exact integers, so that unweighted means do not round. */
static void take_exact(const struct level_sums *sums, struct level *level)
{
    struct moments moments = score_bins_moments(&sums->sampled[0].bins);
    level->n_eff = level->n_rate = moments.n;
    level->mean = moments.n > 0 ? moments.mean : NAN;
    level->variance = moments_variance(&moments) / moments.n;
}

static struct level level_before_interval(const struct survey_sums *survey, bool verdicts)
{
    struct survey_estimate estimate = survey_estimate(survey);
    double n_eff = survey->n > 0 ? estimate.n_eff : 0;
    double variance = estimate.variance * n_eff / (n_eff - 1);
    return (struct level){
        .n = (uint64_t)survey->n,
        .n_eff = n_eff,
        .n_rate = verdicts ? survey_rate_size(estimate.mean, variance, survey->n, n_eff) : n_eff,
        .weight = survey->w,
        .mean = estimate.mean,
        .variance = variance,
        .verdicts = verdicts,
    };
}

/* Scales the weights of each stratum to what came of it. */
static void scale_to_traffic(const struct level_sums *sums, struct level *level)
{
    struct post_stratum *strata = memory_new(sums->stratum_count + 1, sizeof *strata);
    size_t count = 0;
    double arrived = 0;
    for (size_t i = 0; i < sums->stratum_count; i++) {
        const struct stratum_sums *one = &sums->strata[i];
        if (i == 0 || one->stratum != one[-1].stratum) {
            strata[count++].factor = sums->traffic[one->stratum].factor;
            arrived += (double)sums->traffic[one->stratum].arrived;
        }
        add_scores(&strata[count - 1].sums, one->threshold, &one->scores);
    }
    struct post_stratified_estimate estimate =
        post_stratify(strata, count, fmax(arrived, (double)level->n));
    free(strata);
    level->mean = estimate.mean;
    level->variance = estimate.variance;
    level->weight = estimate.weight;
    level->n_eff = estimate.n_eff;
    level->n_rate = level->verdicts ? survey_rate_size(estimate.mean, estimate.variance,
                                                       (double)level->n, estimate.n_eff)
                                    : estimate.n_eff;
}

static void add_interval(struct level *level, double alpha)
{
    if (!(level->n_eff >= 2))
        level->variance = NAN;
    struct moments moments = level_moments(level);
    if (level->verdicts && level->n > 0)
        level->ci = wilson_interval(level->mean * level->n_rate, level->n_rate, alpha);
    else
        level->ci = moments_mean_interval(&moments, alpha);
}

struct level level_of(const struct level_sums *sums, double alpha)
{
    struct survey_sums survey = survey_of(sums);
    struct level level = level_before_interval(&survey, has_verdicts_only(sums));
    if (sums->traffic && level.n > 0)
        scale_to_traffic(sums, &level);
    else if (sums->sampled_count == 1)
        take_exact(sums, &level);
    add_interval(&level, alpha);
    add_missing(sums, &level);
    return level;
}

struct level level_of_survey(const struct survey_sums *survey, bool verdicts, double alpha)
{
    struct level level = level_before_interval(survey, verdicts);
    add_interval(&level, alpha);
    level.missing_bounds = (struct interval){level.mean, level.mean};
    return level;
}

bool level_equal_weights(const struct level_sums *base, const struct level_sums *current)
{
    return !base->traffic && !current->traffic && base->sampled_count == 1 &&
           current->sampled_count == 1 &&
           base->sampled[0].threshold == current->sampled[0].threshold;
}

static struct level_difference difference_of_rates(const struct level *base,
                                                   const struct level *current, bool equal_weights,
                                                   double alpha)
{
    struct two_proportions pair = {current->mean * current->n_rate, current->n_rate,
                                   base->mean * base->n_rate, base->n_rate};
    double p, variance = 0;
    pooled_z(pair, &p);
    if (equal_weights) {
        pair.k1 = round(pair.k1);
        pair.k2 = round(pair.k2);
        double exact = fisher_exact_p(pair);
        p = isnan(exact) ? p : exact;
    }
    /* rates of 0 or 1 have a spread too: two passes and two failures are added (Agresti, Coull) */
    for (int side = 0; side < 2; side++) {
        double n = (side ? pair.n2 : pair.n1) + 4, rate = ((side ? pair.k2 : pair.k1) + 2) / n;
        variance += rate * (1 - rate) / n;
    }
    return (struct level_difference){current->mean - base->mean, sqrt(variance), p,
                                     newcombe_interval(pair, alpha)};
}

struct level_difference level_difference(const struct level *base, const struct level *current,
                                         bool equal_weights, double alpha)
{
    if (base->n == 0 || current->n == 0)
        return (struct level_difference){NAN, NAN, NAN, {NAN, NAN}};
    if (base->verdicts && current->verdicts)
        return difference_of_rates(base, current, equal_weights, alpha);
    struct moments before = level_moments(base), now = level_moments(current);
    struct mean_difference welch = welch_t(&before, &now, alpha);
    return (struct level_difference){welch.delta, welch.se, welch.p, welch.ci};
}

/* The baseline's mean, sure but for BASELINE_MISS, from below; or from above. */
static double baseline_end(const struct level *base, bool above)
{
    struct moments moments = level_moments(base);
    struct interval ends =
        base->verdicts ? wilson_interval(base->mean * base->n_rate, base->n_rate, 2 * BASELINE_MISS)
                       : moments_mean_interval(&moments, 2 * BASELINE_MISS);
    return above ? ends.high : ends.low;
}

double level_bound(const struct level *base, double tolerance)
{
    return base->n == 0 ? NAN : baseline_end(base, false) - tolerance;
}

struct log_wealth level_log_wealth(const struct level_sums *current, double m, bool rise)
{
    double heaviest = 0;
    struct log_wealth wealth = {0};
    for (size_t i = 0; i < current->sampled_count; i++)
        heaviest = fmax(heaviest, weight_of(current->sampled[i].threshold));
    for (size_t i = 0; i < current->sampled_count; i++) {
        const struct score_bins *bins = &current->sampled[i].bins;
        struct score_bins reversed;
        if (rise)
            score_bins_reverse(bins, &reversed);
        log_wealth_add_weighted(&wealth, rise ? &reversed : bins,
                                weight_of(current->sampled[i].threshold) / heaviest,
                                rise ? 1 - m : m);
    }
    return wealth;
}

double level_log_e(const struct level *base, const struct level_sums *current, double tolerance,
                   bool rise)
{
    if (base->n == 0)
        return NAN;
    double m = rise ? baseline_end(base, true) + tolerance : level_bound(base, tolerance);
    if (!(m > 0 && m < 1))
        return NAN;
    struct log_wealth wealth = level_log_wealth(current, m, rise);
    return log_wealth_mix(&wealth);
}
