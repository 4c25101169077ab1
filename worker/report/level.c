/* level: how good one window was, and how sure that is. */
#include "worker/report/level.h"

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

bool level_add(struct level_sums *sums, uint64_t threshold, const struct bin_count *scores,
               size_t score_count, struct status_counts statuses)
{
    struct sampled_bins *sampled = bins_of(sums, threshold);
    if (!sampled)
        return false;
    for (size_t i = 0; i < score_count; i++)
        sampled->bins.counts[scores[i].bin] += scores[i].count;
    add_statuses(sums, statuses);
    return true;
}

void level_merge(struct level_sums *sums, const struct level_sums *other)
{
    for (size_t i = 0; i < other->sampled_count; i++) {
        struct sampled_bins *sampled = bins_of(sums, other->sampled[i].threshold);
        assert(sampled);
        score_bins_merge(&sampled->bins, &other->sampled[i].bins);
    }
    add_statuses(sums, other->statuses);
}

void level_clear(struct level_sums *sums)
{
    free(sums->sampled);
    *sums = (struct level_sums){0};
}

static double weight_of(uint64_t threshold)
{
    double probability = sampling_probability(threshold);
    return probability > 0 ? 1 / probability : 0;
}

static struct survey_sums survey_of(const struct level_sums *sums)
{
    struct survey_sums survey = {0};
    for (size_t i = 0; i < sums->sampled_count; i++) {
        struct score_sums s = score_bins_sums(&sums->sampled[i].bins);
        survey_add(&survey, weight_of(sums->sampled[i].threshold), (double)s.n,
                   (double)s.s1 / SCORE_BIN_TOP, (double)s.s2 / SCORE_BIN_TOP / SCORE_BIN_TOP);
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

static void add_missing(const struct status_counts *statuses, struct level *level)
{
    double missing = (double)statuses->skipped + (double)statuses->error;
    double all = (double)statuses->scored + missing;
    struct moments scored = {(double)statuses->scored, all > missing ? level->mean : 0, 0};
    level->missing = all > 0 ? missing / all : 0;
    level->missing_bounds = moments_missing_bounds(&scored, missing);
}

/* One weight: the exact integers, so that unweighted means do not round. */
static void take_exact(const struct level_sums *sums, struct level *level)
{
    struct moments moments = score_bins_moments(&sums->sampled[0].bins);
    level->n_eff = moments.n;
    level->mean = moments.n > 0 ? moments.mean : NAN;
    level->variance = moments_variance(&moments) / moments.n;
}

static struct level level_before_interval(const struct survey_sums *survey, bool verdicts)
{
    struct survey_estimate estimate = survey_estimate(survey);
    return (struct level){
        .n = (uint64_t)survey->n,
        .n_eff = survey->n > 0 ? estimate.n_eff : 0,
        .weight = survey->w,
        .mean = estimate.mean,
        .variance = estimate.variance * estimate.n_eff / (estimate.n_eff - 1),
        .verdicts = verdicts,
    };
}

static void add_interval(struct level *level, double alpha)
{
    if (!(level->n_eff >= 2))
        level->variance = NAN;
    struct moments moments = level_moments(level);
    if (level->verdicts && level->n > 0)
        level->ci = wilson_interval(level->mean * level->n_eff, level->n_eff, alpha);
    else
        level->ci = moments_mean_interval(&moments, alpha);
}

struct level level_of(const struct level_sums *sums, double alpha)
{
    struct survey_sums survey = survey_of(sums);
    struct level level = level_before_interval(&survey, has_verdicts_only(sums));
    if (sums->sampled_count == 1)
        take_exact(sums, &level);
    add_interval(&level, alpha);
    add_missing(&sums->statuses, &level);
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
    return base->sampled_count == 1 && current->sampled_count == 1 &&
           base->sampled[0].threshold == current->sampled[0].threshold;
}

static struct level_difference difference_of_rates(const struct level *base,
                                                   const struct level *current, bool equal_weights,
                                                   double alpha)
{
    struct two_proportions pair = {current->mean * current->n_eff, current->n_eff,
                                   base->mean * base->n_eff, base->n_eff};
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
        base->verdicts ? wilson_interval(base->mean * base->n_eff, base->n_eff, 2 * BASELINE_MISS)
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
