/* compare_pairs: scores of the same sample on two sides, added up. */
#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/compare/compare_sums.h"

static struct sampled_differences *differences_of(struct pair_series *series, uint64_t threshold)
{
    size_t at = 0;
    while (at < series->sampled_count && series->sampled[at].threshold < threshold)
        at++;
    if (at < series->sampled_count && series->sampled[at].threshold == threshold)
        return &series->sampled[at];
    series->sampled =
        memory_resize(series->sampled, series->sampled_count + 1, sizeof *series->sampled);
    memmove(series->sampled + at + 1, series->sampled + at,
            (series->sampled_count - at) * sizeof *series->sampled);
    series->sampled[at] = (struct sampled_differences){.threshold = threshold};
    series->sampled_count++;
    return &series->sampled[at];
}

/* ---- labels of judges ---- */

static size_t label_of(struct pair_series *series, struct str label)
{
    size_t i = 0;
    if (label.size >= LABEL_BYTES_MAX)
        label.size = LABEL_BYTES_MAX - 1;
    while (i < series->label_count && !str_is(label, series->labels[i]))
        i++;
    if (i == series->label_count && i < COMPARE_LABELS_MAX) {
        memcpy(series->labels[i], label.data, label.size);
        series->label_count++;
    }
    return i;
}

static void add_labels(struct pair_series *series, struct str a, struct str b)
{
    if (!a.data || !b.data)
        return;
    size_t row = label_of(series, a), column = label_of(series, b);
    if (row < COMPARE_LABELS_MAX && column < COMPARE_LABELS_MAX)
        series->agreement[row * COMPARE_LABELS_MAX + column]++;
}

/* ---- movers ---- */

/* Flips first; the largest first, of equal ones drops, then by sample. */
static int mover_order(const struct mover_at *mover, enum compare_flip flip, double difference,
                       struct str sample)
{
    double other = mover->b - mover->a;
    if ((mover->flip != COMPARE_NO_FLIP) != (flip != COMPARE_NO_FLIP))
        return mover->flip != COMPARE_NO_FLIP ? -1 : 1;
    if (fabs(other) != fabs(difference))
        return fabs(other) > fabs(difference) ? -1 : 1;
    if (other != difference)
        return other < difference ? -1 : 1;
    size_t bytes = strlen(mover->sample), common = bytes < sample.size ? bytes : sample.size;
    int order = memcmp(mover->sample, sample.data, common);
    return order ? order : (bytes > sample.size) - (bytes < sample.size);
}

static void add_mover(struct pair_series *series, const struct side_score *a,
                      const struct side_score *b, enum compare_flip flip, struct str sample,
                      size_t mover_max)
{
    size_t at = series->mover_count;
    double difference = b->value - a->value;
    while (at > 0 && mover_order(&series->movers[at - 1], flip, difference, sample) > 0)
        at--;
    if (at == mover_max)
        return;
    if (!series->movers)
        series->movers = memory_new(mover_max, sizeof *series->movers);
    if (series->mover_count == mover_max)
        free(series->movers[--series->mover_count].sample);
    memmove(series->movers + at + 1, series->movers + at,
            (series->mover_count - at) * sizeof *series->movers);
    series->movers[at] =
        (struct mover_at){memory_copy_str(sample), a->value, b->value, flip, a->place, b->place};
    series->mover_count++;
}

/* ---- a pair ---- */

static void add_level(struct level_sums *sums, const struct side_score *score, uint64_t threshold)
{
    const struct bin_count one = {(uint32_t)score_bin_of(score->value), 1};
    level_add(sums, 0, threshold, &one, 1, (struct status_counts){.scored = 1});
}

static enum compare_flip add_passes(struct pair_series *series, int a, int b)
{
    if (a < 0 || b < 0)
        return COMPARE_NO_FLIP;
    series->passes[2 * a + b]++;
    return a == b ? COMPARE_NO_FLIP : a ? COMPARE_BROKE : COMPARE_FIXED;
}

static void add_gap(struct compare_gaps *gaps, const struct side_score *missing)
{
    gaps->redacted += missing->redacted;
    gaps->not_applicable += missing->status == ROW_NOT_APPLICABLE && !missing->redacted;
    gaps->skipped += missing->status == ROW_SKIPPED;
    gaps->error += missing->status == ROW_ERROR;
}

void pair_series_add(struct pair_series *series, const struct side_score *a,
                     const struct side_score *b, struct str sample, size_t mover_max)
{
    if (a->status == ROW_SCORED)
        add_gap(&series->missing_b, b);
    if (b->status == ROW_SCORED)
        add_gap(&series->missing_a, a);
    if (a->status != ROW_SCORED || b->status != ROW_SCORED)
        return;
    bool known = series->sampled_count < SAMPLING_THRESHOLDS_MAX;
    for (size_t i = 0; i < series->sampled_count; i++)
        known |= series->sampled[i].threshold == a->threshold;
    if (!known)
        return;
    add_level(&series->a, a, a->threshold);
    add_level(&series->b, b, a->threshold);
    difference_bins_add(&differences_of(series, a->threshold)->bins, a->value, b->value);
    series->verdicts.both += a->value == 1 && b->value == 1;
    series->verdicts.only_a += a->value == 1 && b->value == 0;
    series->verdicts.only_b += a->value == 0 && b->value == 1;
    series->verdicts.neither += a->value == 0 && b->value == 0;
    enum compare_flip flip = add_passes(series, a->passed, b->passed);
    bool differ = score_bin_of(a->value) != score_bin_of(b->value);
    add_labels(series, a->label, b->label);
    series->differing += differ;
    if (mover_max > 0 && (differ || flip != COMPARE_NO_FLIP))
        add_mover(series, a, b, flip, sample, mover_max);
}

void pair_series_clear(struct pair_series *series)
{
    for (size_t i = 0; i < series->mover_count; i++)
        free(series->movers[i].sample);
    free(series->movers);
    free(series->sampled);
    level_clear(&series->a);
    level_clear(&series->b);
}
