/* drift_report: the drift of everything that stores hold. */
#include "worker/report/drift/drift_report.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/drift/drift_languages.h"
#include "worker/report/drift/drift_measures.h"
#include "worker/report/drift/drift_read.h"

enum { HOUR_MS = 60 * 60 * 1000 };

/* ---- tolerances ---- */

static bool is_of(const struct tolerance *tolerance, const char *criterion, const char *dimension)
{
    return !tolerance->name.data || str_is(tolerance->name, criterion) ||
           str_is(tolerance->name, dimension);
}

double drift_report_tolerance(const struct drift_report *report, const char *criterion,
                              const char *dimension, double own)
{
    double value = isnan(own) ? report->question.tolerance : own;
    int best = 0;
    for (size_t i = 0; i < report->tolerance_count; i++) {
        const struct tolerance *one = &report->tolerances[i];
        int closeness = !one->name.data ? 1 : str_is(one->name, criterion) ? 3 : 2;
        bool of_scores = !one->name.data && !isnan(own);
        if (!is_of(one, criterion, dimension) || of_scores || closeness < best)
            continue;
        best = closeness;
        value = one->value;
    }
    return value;
}

bool drift_report_uses(const struct drift_report *report, const struct tolerance *tolerance)
{
    for (size_t i = 0; i < report->count; i++)
        if (is_of(tolerance, report->series[i].criterion, report->series[i].dimension))
            return true;
    return !tolerance->name.data;
}

/* ---- reading ---- */

/* What is told of the shards goes with the report. */
static void take_shards(struct drift_report *report, struct stores *stores)
{
    report->partial = stores->partial;
    stores->partial = (struct problems){0};
    report->shards = memory_new(stores->shard_count + 1, sizeof *report->shards);
    for (size_t i = 0; i < stores->shard_count; i++)
        report->shards[report->shard_count++] = memory_copy_string(stores->shards[i].name);
}

/* True when it moved. */
static bool align(const struct stores *stores, bool always, int64_t *at_ms, bool up)
{
    int64_t start_ms = *at_ms - *at_ms % HOUR_MS;
    if (!always || *at_ms == start_ms)
        return stores_align(stores, at_ms, up);
    *at_ms = up ? start_ms + HOUR_MS : start_ms;
    return true;
}

/* Ends inside of an hour that was added up move outward, to full hours, and so do all where hours
 * of the week are compared: an hour that both windows would have a part of belongs to the later
 * one. */
static bool align_windows(struct drift_question *question, const struct stores *stores)
{
    struct time_range *base = &question->base, *current = &question->current;
    bool always = question->hour_of_week;
    bool moved = align(stores, always, &current->from_ms, false);
    moved |= align(stores, always, &base->to_ms, base->to_ms <= current->from_ms);
    moved |= align(stores, always, &base->from_ms, false);
    moved |= align(stores, always, &current->to_ms, true);
    return moved;
}

/* As traffic_counts_read asks. */
static int traffic_window(const void *question, int64_t bucket_ms)
{
    enum drift_window window = drift_window_of(question, bucket_ms);
    return window == DRIFT_BASE ? 0 : window == DRIFT_CURRENT ? 1 : -1;
}

bool drift_report_read(struct drift_report *report, struct stores *stores,
                       const char *const *segment_keys, size_t key_count, struct error *error)
{
    stores_resolve(stores);
    report->aligned = align_windows(&report->question, stores);
    const struct time_range both = {report->question.base.from_ms, report->question.current.to_ms};
    traffic_counts_read(&report->traffic, stores, report->model, both, traffic_window,
                        &report->question);
    bool fine = breakdown_make(&report->breakdown, segment_keys, key_count, stores, error) &&
                drift_read(report, stores, error) && drift_measures_read(report, stores, error) &&
                drift_languages_read(report, stores, error);
    report->pending = stores->pending;
    if (report->count == 0)
        stores_span(stores, &report->span);
    take_shards(report, stores);
    return fine;
}

/* ---- answering ---- */

static void mark_changed(struct drift_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        struct report_series *one = &report->series[i];
        for (size_t j = 0; j < report->count; j++) {
            const struct report_series *other = &report->series[j];
            const struct drift_row *a = &one->answer.all, *b = &other->answer.all;
            bool same_name = i != j && !one->measure && !other->measure &&
                             strcmp(one->model, other->model) == 0 &&
                             strcmp(one->criterion, other->criterion) == 0;
            if (same_name &&
                ((a->base.n == 0 && b->base.n > 0) || (a->current.n == 0 && b->current.n > 0)))
                one->changed = true;
        }
    }
}

/* Worse first, then better, then changed, then unknown, then fine; scores before what traffic looks
 * like, the surest change first. */
static int rank_of(enum drift_verdict verdict)
{
    static const int ranks[] = {[DRIFT_WORSE] = 0,
                                [DRIFT_BETTER] = 1,
                                [DRIFT_CHANGED] = 2,
                                [DRIFT_NOT_ENOUGH_DATA] = 3,
                                [DRIFT_NO_MEANINGFUL_CHANGE] = 4};
    return ranks[verdict];
}

static int by_need(const void *left, const void *right)
{
    const struct report_series *a = left, *b = right;
    int order = rank_of(a->answer.all.verdict) - rank_of(b->answer.all.verdict);
    if (order == 0)
        order = (a->measure != NULL) - (b->measure != NULL);
    if (order == 0 && a->answer.all.guaranteed != b->answer.all.guaranteed)
        order = a->answer.all.guaranteed > b->answer.all.guaranteed ? -1 : 1;
    if (order == 0)
        order = strcmp(a->model, b->model);
    if (order == 0)
        order = strcmp(a->criterion, b->criterion);
    if (order == 0)
        order = strcmp(a->rubric, b->rubric);
    return order ? order : strcmp(a->hash, b->hash);
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* All rows of all series: the false discovery rate is over everything that was looked at. */
static void adjust(struct drift_report *report)
{
    size_t rows = 0, at = 0;
    for (size_t i = 0; i < report->count; i++)
        rows += 1 + report->series[i].answer.segment_count;
    struct drift_row **all = memory_new(rows + 1, sizeof *all);
    for (size_t i = 0; i < report->count; i++) {
        struct drift_answer *answer = &report->series[i].answer;
        all[at++] = &answer->all;
        /* one segment is all together: the same test twice is one */
        for (size_t s = 0; answer->segment_count > 1 && s < answer->segment_count; s++)
            all[at++] = &answer->segments[s];
    }
    drift_adjust(all, at);
    for (size_t i = 0; i < at; i++) {
        report->tested += !isnan(all[i]->p_adjusted);
        report->found += all[i]->p_adjusted <= report->question.alpha;
    }
    free(all);
}

/* Of most measures a change is neither worse nor better. */
static void judge_measure(struct report_series *series)
{
    struct drift_answer *answer = &series->answer;
    if (!series->measure || series->measure->more_is_bad)
        return;
    answer->all.verdict = drift_verdict_undirected(answer->all.verdict);
    for (size_t i = 0; i < answer->segment_count; i++)
        answer->segments[i].verdict = drift_verdict_undirected(answer->segments[i].verdict);
}

void drift_report_finish(struct drift_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        drift_series_answer(report->series[i].cells, &report->series[i].answer);
        judge_measure(&report->series[i]);
    }
    adjust(report);
    mark_changed(report);
    if (report->count > 0)
        qsort(report->series, report->count, sizeof *report->series, by_need);
    if (report->shard_count > 0)
        qsort(report->shards, report->shard_count, sizeof *report->shards, by_text);
}

int64_t drift_report_watermark(const struct drift_report *report)
{
    int64_t latest_ms = INT64_MIN;
    for (size_t i = 0; i < report->count; i++)
        if (report->series[i].answer.watermark_ms > latest_ms)
            latest_ms = report->series[i].answer.watermark_ms;
    return latest_ms;
}

/* Among many segments one looks worse by chance: the false discovery rate decides. */
static bool is_surely_worse(const struct drift_row *segment, double alpha)
{
    return segment->verdict == DRIFT_WORSE && segment->p_adjusted <= alpha;
}

bool drift_report_is_worse(const struct drift_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct drift_answer *answer = &report->series[i].answer;
        if (answer->all.verdict == DRIFT_WORSE)
            return true;
        for (size_t s = 0; s < answer->segment_count; s++)
            if (is_surely_worse(&answer->segments[s], report->question.alpha))
                return true;
    }
    return false;
}

void drift_report_clear(struct drift_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        struct report_series *series = &report->series[i];
        free(series->model);
        free(series->rubric);
        free(series->criterion);
        free(series->dimension);
        free(series->hash);
        drift_series_free(series->cells);
        drift_answer_clear(&series->answer);
    }
    for (size_t i = 0; i < report->shard_count; i++)
        free(report->shards[i]);
    free(report->series);
    free(report->shards);
    breakdown_clear(&report->breakdown);
    traffic_counts_clear(&report->traffic);
    problems_clear(&report->partial);
    *report = (struct drift_report){0};
}
