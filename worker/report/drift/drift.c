/* drift: whether two windows of scores differ, since when, where. */
#include "worker/report/drift/drift.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/stats/multiplicity.h"
#include "worker/stats/onset.h"
#include "worker/stats/proportion.h"
#include "worker/stats/sampling.h"

enum { HOUR_MS = 60 * 60 * 1000, WEEK_MS = 7 * 24 * HOUR_MS, PREFETCH_HOURS = 4 };

/* The set of hours within this of the likeliest covers 93 to 98 % (tests/README.md). */
static const double ONSET_DROP = 3;

struct segment_sums {
    int64_t segment;
    struct level_sums base, current;
};

/* The scores of each hour that were kept with one threshold: integers, so that the order in which
 * cells come does not show. */
struct sampled_hours {
    uint64_t threshold;
    struct score_sums *hours;
};

struct drift_series {
    struct drift_question question;
    const struct stratum_traffic *base_traffic, *current_traffic;
    struct segment_sums *segments; /* ascending by id */
    size_t segment_count;
    struct sampled_hours *sampled; /* ascending by threshold */
    size_t sampled_count;
    size_t hour_count; /* from base.from_ms on */
    int64_t watermark_ms;
};

static bool holds(struct time_range range, int64_t at_ms)
{
    return range.from_ms <= at_ms && at_ms < range.to_ms;
}

/* Whether a bucket begins in the window, so many weeks later or not. */
static bool is_like_window(const struct drift_question *question, int64_t bucket_ms)
{
    int64_t before_ms = question->current.from_ms - bucket_ms;
    int64_t weeks = before_ms > 0 ? (before_ms + WEEK_MS - 1) / WEEK_MS : 0;
    return holds(question->current, bucket_ms + weeks * WEEK_MS);
}

enum drift_window drift_window_of(const struct drift_question *question, int64_t bucket_ms)
{
    if (bucket_ms < question->base.from_ms || bucket_ms >= question->current.to_ms ||
        (question->hour_of_week && !is_like_window(question, bucket_ms)))
        return DRIFT_OUTSIDE;
    return holds(question->base, bucket_ms)      ? DRIFT_BASE
           : holds(question->current, bucket_ms) ? DRIFT_CURRENT
                                                 : DRIFT_BETWEEN;
}

struct drift_series *drift_series_new(const struct drift_question *question)
{
    int64_t span_ms = question->current.to_ms - question->base.from_ms;
    size_t hours = (size_t)((span_ms + HOUR_MS - 1) / HOUR_MS);
    assert(question->base.to_ms <= question->current.from_ms && hours <= DRIFT_HOURS_MAX + 2);
    struct drift_series *series = memory_new(1, sizeof *series);
    series->question = *question;
    series->hour_count = hours;
    series->watermark_ms = INT64_MIN;
    return series;
}

void drift_series_free(struct drift_series *series)
{
    if (!series)
        return;
    for (size_t i = 0; i < series->segment_count; i++) {
        level_clear(&series->segments[i].base);
        level_clear(&series->segments[i].current);
    }
    for (size_t i = 0; i < series->sampled_count; i++)
        free(series->sampled[i].hours);
    free(series->segments);
    free(series->sampled);
    free(series);
}

void drift_series_traffic(struct drift_series *series, const struct stratum_traffic *base,
                          const struct stratum_traffic *current)
{
    series->base_traffic = base;
    series->current_traffic = current;
}

static struct segment_sums *segment_of(struct drift_series *series, int64_t segment)
{
    size_t at = 0;
    while (at < series->segment_count && series->segments[at].segment < segment)
        at++;
    if (at < series->segment_count && series->segments[at].segment == segment)
        return &series->segments[at];
    if (series->segment_count == DRIFT_SEGMENTS_MAX)
        return NULL;
    series->segments =
        memory_resize(series->segments, series->segment_count + 1, sizeof *series->segments);
    memmove(series->segments + at + 1, series->segments + at,
            (series->segment_count - at) * sizeof *series->segments);
    series->segments[at] = (struct segment_sums){.segment = segment,
                                                 .base.traffic = series->base_traffic,
                                                 .current.traffic = series->current_traffic};
    series->segment_count++;
    return &series->segments[at];
}

static struct sampled_hours *hours_of(struct drift_series *series, uint64_t threshold)
{
    size_t at = 0;
    while (at < series->sampled_count && series->sampled[at].threshold < threshold)
        at++;
    if (at < series->sampled_count && series->sampled[at].threshold == threshold)
        return &series->sampled[at];
    if (series->sampled_count == SAMPLING_THRESHOLDS_MAX)
        return NULL;
    series->sampled =
        memory_resize(series->sampled, series->sampled_count + 1, sizeof *series->sampled);
    memmove(series->sampled + at + 1, series->sampled + at,
            (series->sampled_count - at) * sizeof *series->sampled);
    series->sampled[at] = (struct sampled_hours){
        threshold, memory_new(series->hour_count, sizeof(struct score_sums))};
    series->sampled_count++;
    return &series->sampled[at];
}

static void add_to_hour(struct drift_series *series, struct sampled_hours *sampled,
                        const struct drift_cell *cell)
{
    int64_t since_ms = cell->bucket_ms - series->question.base.from_ms;
    struct score_sums *hour = &sampled->hours[since_ms / HOUR_MS];
    __builtin_prefetch(hour + PREFETCH_HOURS, 1); /* cells come in the order of time */
    for (size_t i = 0; i < cell->score_count; i++) {
        uint64_t bin = cell->scores[i].bin, count = cell->scores[i].count;
        hour->n += count;
        hour->s1 += count * bin;
        hour->s2 += count * bin * bin;
    }
}

bool drift_series_add(struct drift_series *series, const struct drift_cell *cell)
{
    enum drift_window window = drift_window_of(&series->question, cell->bucket_ms);
    if (window == DRIFT_OUTSIDE)
        return true;
    struct sampled_hours *hours = hours_of(series, cell->threshold);
    if (!hours)
        return false;
    if (window != DRIFT_BETWEEN) {
        struct segment_sums *segment = segment_of(series, cell->segment);
        if (!segment ||
            !level_add(window == DRIFT_BASE ? &segment->base : &segment->current, cell->stratum,
                       cell->threshold, cell->scores, cell->score_count, cell->statuses))
            return false;
    }
    add_to_hour(series, hours, cell);
    if (cell->bucket_ms + cell->length_ms > series->watermark_ms)
        series->watermark_ms = cell->bucket_ms + cell->length_ms;
    return true;
}

static bool merge_hours(struct drift_series *series, const struct sampled_hours *other)
{
    struct sampled_hours *mine = hours_of(series, other->threshold);
    for (size_t h = 0; mine && h < series->hour_count; h++) {
        mine->hours[h].n += other->hours[h].n;
        mine->hours[h].s1 += other->hours[h].s1;
        mine->hours[h].s2 += other->hours[h].s2;
    }
    return mine != NULL;
}

bool drift_series_merge(struct drift_series *series, const struct drift_series *other)
{
    for (size_t i = 0; i < other->sampled_count; i++) /* all thresholds of both: levels have room */
        if (!merge_hours(series, &other->sampled[i]))
            return false;
    for (size_t i = 0; i < other->segment_count; i++) {
        struct segment_sums *segment = segment_of(series, other->segments[i].segment);
        if (!segment)
            return false;
        level_merge(&segment->base, &other->segments[i].base);
        level_merge(&segment->current, &other->segments[i].current);
    }
    if (other->watermark_ms > series->watermark_ms)
        series->watermark_ms = other->watermark_ms;
    return true;
}

static void fill_row(const struct drift_question *question, const struct level_sums *base,
                     const struct level_sums *current, struct drift_row *row)
{
    row->base = level_of(base, question->alpha);
    row->current = level_of(current, question->alpha);
    row->difference = level_difference(&row->base, &row->current,
                                       level_equal_weights(base, current), question->alpha);
    row->verdict = drift_verdict(row->difference.ci, question->tolerance);
    row->mde = minimum_detectable_effect(row->difference.se, question->alpha, question->power);
    row->p_adjusted = NAN;
    row->guaranteed = guaranteed_effect(row->difference.ci);
    row->log_e = level_log_e(&row->base, current, question->tolerance, row->difference.delta > 0);
}

/* All segments of a window together. */
static struct level_sums whole_window(const struct drift_series *series, bool current)
{
    struct level_sums all = {0};
    for (size_t i = 0; i < series->segment_count; i++) {
        const struct segment_sums *segment = &series->segments[i];
        level_merge(&all, current ? &segment->current : &segment->base);
    }
    return all;
}

static void split_change(struct drift_answer *answer)
{
    struct mix_segment parts[DRIFT_SEGMENTS_MAX];
    for (size_t i = 0; i < answer->segment_count; i++) {
        const struct drift_row *row = &answer->segments[i];
        parts[i] = (struct mix_segment){
            row->base.weight, row->base.mean, row->current.weight, row->current.mean, 0, 0};
    }
    struct mix_split split = kitagawa_decomposition(parts, answer->segment_count);
    answer->all.within = split.within;
    answer->all.mix = split.mix;
    for (size_t i = 0; i < answer->segment_count; i++) {
        answer->segments[i].within = parts[i].within;
        answer->segments[i].mix = parts[i].mix;
    }
}

/* The largest sure change first. */
static int by_effect(const void *left, const void *right)
{
    const struct drift_row *a = left, *b = right;
    if (a->guaranteed != b->guaranteed)
        return a->guaranteed > b->guaranteed ? -1 : 1;
    return (a->segment > b->segment) - (a->segment < b->segment);
}

/* Hours together; weighted ones count as many values as they tell: n_eff. */
static struct onset_bucket bucket_of(const struct drift_series *series, size_t first, size_t end,
                                     uint64_t *out_n)
{
    double w = 0, ww = 0, wy = 0, wyy = 0, top = SCORE_BIN_TOP;
    *out_n = 0;
    for (size_t i = 0; i < series->sampled_count; i++) {
        double probability = sampling_probability(series->sampled[i].threshold);
        struct score_sums sums = {0};
        for (size_t hour = first; hour < end; hour++) {
            sums.n += series->sampled[i].hours[hour].n;
            sums.s1 += series->sampled[i].hours[hour].s1;
            sums.s2 += series->sampled[i].hours[hour].s2;
        }
        if (sums.n == 0 || !(probability > 0))
            continue;
        *out_n += sums.n;
        w += (double)sums.n / probability;
        ww += (double)sums.n / (probability * probability);
        wy += (double)sums.s1 / top / probability;
        wyy += (double)sums.s2 / (top * top) / probability;
    }
    double scale = w > 0 ? w / ww : 0;
    return (struct onset_bucket){w * scale, wy * scale, wyy * scale};
}

static void find_onset(const struct drift_series *series, bool verdicts, struct drift_onset *out)
{
    size_t count = series->hour_count;
    struct onset_bucket *buckets = memory_new(count, sizeof *buckets);
    double *profile = memory_new(count, sizeof *profile);
    uint64_t n;
    for (size_t h = 0; h < count; h++)
        buckets[h] = bucket_of(series, h, h + 1, &n);
    struct onset onset =
        verdicts ? onset_verdicts(buckets, count, profile) : onset_scores(buckets, count, profile);
    int64_t from_ms = series->question.base.from_ms;
    size_t first = onset.since, last = onset.since;
    for (size_t h = 0; h < count; h++) {
        if (!onset_is_possible(&onset, profile, h, ONSET_DROP))
            continue;
        first = h < first ? h : first;
        last = h > last ? h : last;
    }
    *out =
        (struct drift_onset){onset.found, from_ms + (int64_t)onset.since * HOUR_MS,
                             from_ms + (int64_t)first * HOUR_MS, from_ms + (int64_t)last * HOUR_MS};
    free(buckets);
    free(profile);
}

static struct trend_point point_of(const struct drift_series *series, size_t first, size_t end,
                                   bool verdicts)
{
    int64_t from_ms = series->question.base.from_ms;
    struct trend_point point = {.from_ms = from_ms + (int64_t)first * HOUR_MS,
                                .to_ms = from_ms + (int64_t)end * HOUR_MS,
                                .mean = NAN,
                                .ci = {NAN, NAN}};
    struct onset_bucket sums = bucket_of(series, first, end, &point.n);
    if (point.n == 0)
        return point;
    point.mean = sums.sum / sums.n;
    struct moments moments = {sums.n, point.mean,
                              fmax(sums.sum_squares - sums.sum * point.mean, 0)};
    point.ci = verdicts ? wilson_interval(fmin(sums.sum, sums.n), sums.n, series->question.alpha)
                        : moments_mean_interval(&moments, series->question.alpha);
    return point;
}

static bool all_are_verdicts(const struct drift_series *series)
{
    for (size_t i = 0; i < series->sampled_count; i++)
        for (size_t hour = 0; hour < series->hour_count; hour++)
            if (series->sampled[i].hours[hour].s2 !=
                series->sampled[i].hours[hour].s1 * SCORE_BIN_TOP)
                return false;
    return true;
}

size_t drift_series_trend(const struct drift_series *series,
                          struct trend_point out[TREND_POINTS_MAX])
{
    const struct drift_question *question = &series->question;
    size_t start = (size_t)((question->current.from_ms - question->base.from_ms) / HOUR_MS);
    size_t step = 1, points = 0;
    while ((start + step - 1) / step + (series->hour_count - start + step - 1) / step >
           TREND_POINTS_MAX)
        step++;
    bool verdicts = all_are_verdicts(series);
    for (size_t first = 0, end; first < series->hour_count; first = end) {
        end = first == 0 && start % step > 0 ? start % step : first + step;
        end = end < series->hour_count ? end : series->hour_count;
        out[points++] = point_of(series, first, end, verdicts);
    }
    return points;
}

double drift_row_more(const struct drift_row *row, double tolerance)
{
    return row->mde / tolerance * (row->mde / tolerance);
}

void drift_series_answer(const struct drift_series *series, struct drift_answer *out)
{
    struct level_sums base = whole_window(series, false), current = whole_window(series, true);
    *out = (struct drift_answer){
        .segment_count = series->segment_count,
        .watermark_ms = series->watermark_ms,
    };
    out->segments = memory_new(series->segment_count + 1, sizeof *out->segments);
    fill_row(&series->question, &base, &current, &out->all);
    out->all.segment = DRIFT_ALL_SEGMENTS;
    for (size_t i = 0; i < series->segment_count; i++) {
        const struct segment_sums *segment = &series->segments[i];
        fill_row(&series->question, &segment->base, &segment->current, &out->segments[i]);
        out->segments[i].segment = segment->segment;
    }
    split_change(out);
    qsort(out->segments, out->segment_count, sizeof *out->segments, by_effect);
    if (out->all.verdict == DRIFT_WORSE || out->all.verdict == DRIFT_BETTER)
        find_onset(series, out->all.base.verdicts && out->all.current.verdicts, &out->onset);
    level_clear(&base);
    level_clear(&current);
}

void drift_answer_clear(struct drift_answer *answer)
{
    free(answer->segments);
    *answer = (struct drift_answer){0};
}

void drift_adjust(struct drift_row *const *rows, size_t count)
{
    double *p = memory_new(count + 1, sizeof *p);
    size_t *order = memory_new(count + 1, sizeof *order);
    for (size_t i = 0; i < count; i++)
        p[i] = rows[i]->difference.p;
    benjamini_hochberg(p, count, order, p);
    for (size_t i = 0; i < count; i++)
        rows[i]->p_adjusted = p[i];
    free(order);
    free(p);
}
