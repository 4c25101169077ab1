/* label_rates: a series as people see it, from few labels and many scores. */
#include "worker/report/quality/label_rates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/memory.h"
#include "worker/stats/agreement.h"
#include "worker/stats/prediction_powered.h"
#include "worker/stats/proportion.h"

void label_pairs_add(struct label_pairs *pairs, const char *sample, double label, double judge,
                     double sample_probability, double label_probability, bool in_window)
{
    bool known = !isnan(label_probability);
    if ((pairs->count & (pairs->count - 1)) == 0) /* full at powers of two */
        pairs->items = memory_resize(pairs->items, pairs->count ? 2 * pairs->count : 1,
                                     sizeof *pairs->items);
    pairs->items[pairs->count++] =
        (struct label_pair){.sample = sample,
                            .label = label,
                            .judge = judge,
                            .weight = 1 / (sample_probability * (known ? label_probability : 1)),
                            .drawn = in_window && known};
}

void label_pairs_clear(struct label_pairs *pairs)
{
    free(pairs->items);
    level_clear(&pairs->unlabelled);
    *pairs = (struct label_pairs){0};
}

static int by_sample(const void *left, const void *right)
{
    const struct label_pair *a = left, *b = right;
    int order = b->drawn - a->drawn;
    if (order == 0)
        order = strcmp(a->sample, b->sample);
    return order ? order : (a->judge > b->judge) - (a->judge < b->judge);
}

/* Sums do not depend on the order of shards; what came twice counts once. */
static void put_in_order(struct label_pairs *pairs)
{
    size_t kept = 0;
    if (pairs->count > 0)
        qsort(pairs->items, pairs->count, sizeof *pairs->items, by_sample);
    for (size_t i = 0; i < pairs->count; i++)
        if (kept == 0 || pairs->items[kept - 1].drawn != pairs->items[i].drawn ||
            strcmp(pairs->items[kept - 1].sample, pairs->items[i].sample) != 0)
            pairs->items[kept++] = pairs->items[i];
    pairs->count = kept;
}

/* ---- the labels of the window ---- */

static bool is_verdict(double value)
{
    return value == 0 || value == 1;
}

static void count_labels(const struct labelled_item *items, struct label_rate *rate)
{
    uint64_t table[4] = {0}; /* judge by label */
    size_t positives = 0;
    bool judged = true;
    rate->verdicts = true;
    for (size_t i = 0; i < rate->labels; i++) {
        rate->verdicts &= is_verdict(items[i].label);
        judged &= is_verdict(items[i].judge);
        positives += items[i].label == 1;
        table[(items[i].judge == 1) << 1 | (items[i].label == 1)]++;
    }
    size_t negatives = rate->labels - positives;
    rate->rarer = !rate->verdicts ? 0 : positives < negatives ? positives : negatives;
    if (rate->verdicts && judged)
        rate->kappa = cohen_kappa(table, 2).kappa;
}

/* About so many more labels until PPI++ is advisable, at the rate seen so far. */
static size_t count_wanted(const struct label_rate *rate)
{
    double n = (double)rate->labels, rarer = (double)rate->rarer;
    if (!rate->verdicts)
        return n < LABELS_GRADED_MIN ? LABELS_GRADED_MIN - rate->labels : 0;
    if (rarer >= PPI_RARER_LABELS_MIN)
        return 0;
    return (size_t)ceil((PPI_RARER_LABELS_MIN - rarer) * (n + 1) / (rarer + 0.5));
}

static void take_labels_alone(const struct labelled_item *items, double alpha,
                              struct label_rate *rate)
{
    struct labelled_sums sums = labelled_weighted(items, rate->labels);
    struct ppi_estimate mean = ppi_hajek(items, rate->labels, &sums.judge, 0);
    double n = sums.label.n;
    rate->mean = mean.estimate;
    if (rate->verdicts) {
        rate->ci = wilson_interval(mean.estimate * n, n, alpha);
    } else {
        struct moments moments = {n, mean.estimate, mean.se * mean.se * n * (n - 1)};
        rate->ci = moments_mean_interval(&moments, alpha);
    }
}

static void take_ppi(const struct labelled_item *items, const struct moments *unlabelled,
                     double alpha, struct label_rate *rate)
{
    struct labelled_sums sums = labelled_weighted(items, rate->labels);
    double lambda = ppi_lambda(&sums, unlabelled, PPI_DIVISOR_N_MINUS_1, true);
    struct ppi_estimate mean = ppi_hajek(items, rate->labels, unlabelled, lambda);
    struct interval ci = ppi_interval(mean, alpha);
    rate->mean = fmin(fmax(mean.estimate, 0), 1);
    rate->ci = (struct interval){fmin(fmax(ci.low, 0), 1), fmin(fmax(ci.high, 0), 1)};
}

/* How far scores lie above labels of the same samples. */
static void take_bias(const struct labelled_item *items, double alpha, struct label_rate *rate)
{
    struct labelled_sums sums = labelled_weighted(items, rate->labels);
    struct labelled_item *errors = memory_new(rate->labels, sizeof *errors);
    for (size_t i = 0; i < rate->labels; i++)
        errors[i] = (struct labelled_item){items[i].judge - items[i].label, 0, items[i].weight};
    struct ppi_estimate bias = ppi_hajek(errors, rate->labels, &sums.judge, 0);
    rate->bias = bias.estimate;
    rate->bias_ci = ppi_interval(bias, alpha);
    rate->correlation = labelled_correlation(&sums);
    free(errors);
}

static void answer_window(const struct label_pairs *pairs, double alpha, struct label_rate *rate)
{
    struct labelled_item *items = memory_new(pairs->count + 1, sizeof *items);
    struct level unlabelled = level_of(&pairs->unlabelled, alpha);
    struct moments moments = level_moments(&unlabelled);
    for (size_t i = 0; i < pairs->count && pairs->items[i].drawn; i++)
        items[rate->labels++] = (struct labelled_item){
            pairs->items[i].label, pairs->items[i].judge, pairs->items[i].weight};
    count_labels(items, rate);
    rate->wanted = count_wanted(rate);
    if (rate->labels >= LABELS_MIN) {
        take_bias(items, alpha, rate);
        rate->method = rate->wanted == 0 && moments.n >= 2 ? LABELS_PPI : LABELS_ALONE;
        if (rate->method == LABELS_PPI)
            take_ppi(items, &moments, alpha, rate);
        else
            take_labels_alone(items, alpha, rate);
    }
    free(items);
}

/* ---- labels of other times ---- */

/* Weighted verdicts of one kind of label: as many as they tell (Kish), and the share that the judge
 * got right. */
struct judged {
    double all, squares, right;
    size_t count;
};

static void add_judged(struct judged *judged, double weight, bool right)
{
    judged->all += weight;
    judged->squares += weight * weight;
    judged->right += right ? weight : 0;
    judged->count++;
}

static void answer_calibration(const struct label_pairs *pairs, const struct level *level,
                               double alpha, struct label_rate *rate)
{
    struct judged positive = {0}, negative = {0};
    bool verdicts = level->verdicts;
    for (size_t i = 0; i < pairs->count; i++) {
        const struct label_pair *pair = &pairs->items[i];
        if (pair->drawn)
            continue;
        rate->calibration++;
        verdicts &= is_verdict(pair->label) && is_verdict(pair->judge);
        add_judged(pair->label == 1 ? &positive : &negative, pair->weight,
                   pair->label == pair->judge);
    }
    if (!verdicts || positive.count < CALIBRATION_MIN || negative.count < CALIBRATION_MIN)
        return;
    double n_se = positive.all * positive.all / positive.squares;
    double n_sp = negative.all * negative.all / negative.squares;
    const struct judged_rate judged = {.k = level->mean * level->n_rate,
                                       .n = level->n_rate,
                                       .k_se = positive.right / positive.all * n_se,
                                       .n_se = n_se,
                                       .k_sp = negative.right / negative.all * n_sp,
                                       .n_sp = n_sp};
    rate->calibrated_rate = rogan_gladen(judged, alpha);
    rate->calibrated = !isnan(rate->calibrated_rate.rate);
}

/* Half widths are taken from the intervals, which allow for few labels; what both share, the scores
 * of the window, is left in both, so the interval is rather too wide. */
static void compare_ways(struct label_rate *rate)
{
    if (rate->method == LABELS_TOO_FEW || !rate->calibrated)
        return;
    double ours = (rate->ci.high - rate->ci.low) / 2;
    double theirs = (rate->calibrated_rate.ci.high - rate->calibrated_rate.ci.low) / 2;
    double reach = sqrt(ours * ours + theirs * theirs);
    rate->judge_drift = rate->mean - rate->calibrated_rate.rate;
    rate->judge_drift_ci = (struct interval){rate->judge_drift - reach, rate->judge_drift + reach};
    rate->judge_drifted = fabs(rate->judge_drift) > reach;
}

struct label_rate label_rate_of(struct label_pairs *pairs, const struct level *level, double alpha)
{
    const struct interval unknown = {NAN, NAN};
    struct label_rate rate = {.mean = NAN,
                              .ci = unknown,
                              .correlation = NAN,
                              .kappa = NAN,
                              .bias = NAN,
                              .bias_ci = unknown,
                              .judge_drift = NAN,
                              .judge_drift_ci = unknown};
    put_in_order(pairs);
    answer_window(pairs, alpha, &rate);
    answer_calibration(pairs, level, alpha, &rate);
    compare_ways(&rate);
    return rate;
}
