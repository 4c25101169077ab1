/* quality: how good the answers of each model are now. */
#include "worker/report/quality/quality.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/reading/cells.h"

/* ---- series ---- */

struct quality_series *quality_series_of(struct quality_report *report, enum quality_kind kind,
                                         struct str model, struct str rubric, struct str name,
                                         struct str dimension, struct str hash)
{
    for (size_t i = 0; i < report->count; i++) {
        struct quality_series *one = &report->series[i];
        if (one->kind == kind && str_is(hash, one->hash) && str_is(name, one->name) &&
            str_is(model, one->model) && str_is(rubric, one->rubric))
            return one;
    }
    if (report->count == QUALITY_SERIES_MAX)
        return NULL;
    report->series = memory_resize(report->series, report->count + 1, sizeof *report->series);
    report->series[report->count] =
        (struct quality_series){.kind = kind,
                                .model = memory_copy_str(model),
                                .rubric = memory_copy_str(rubric),
                                .name = memory_copy_str(name),
                                .dimension = memory_copy_str(dimension),
                                .hash = memory_copy_str(hash)};
    report->series[report->count].sums.traffic =
        traffic_counts_of(&report->traffic, report->series[report->count].model, 0);
    return &report->series[report->count++];
}

bool quality_series_add(struct quality_report *report, struct quality_series *series,
                        const struct quality_cell *cell)
{
    if (!level_add(&series->sums, traffic_counts_place(&report->traffic, cell->segment),
                   cell->threshold, cell->scores, cell->score_count, cell->statuses))
        return false;
    trend_add(&series->trend, report->window, cell->at_ms, cell->threshold, cell->scores,
              cell->score_count);
    return true;
}

static void clear_series(struct quality_series *series)
{
    for (size_t i = 0; i < series->worst_count; i++) {
        free(series->worst[i].sample);
        free(series->worst[i].reason);
    }
    free(series->worst);
    if (series->pairs)
        label_pairs_clear(series->pairs);
    free(series->pairs);
    free(series->model);
    free(series->rubric);
    free(series->name);
    free(series->dimension);
    free(series->hash);
    level_clear(&series->sums);
    trend_clear(&series->trend);
}

/* ---- reading ---- */

static bool take_cell(void *owner, const struct cell *cell, struct error *error)
{
    struct quality_report *report = owner;
    const struct cell_series *names = cell->series;
    bool composite = strcmp(names->criterion, "composite") == 0;
    struct quality_series *series =
        quality_series_of(report, composite ? QUALITY_COMPOSITE : QUALITY_CRITERION,
                          str_of(names->model), str_of(names->rubric), str_of(names->criterion),
                          str_of(names->dimension), str_of(names->hash));
    if (!series)
        return error_set(error, ERROR_INPUT, "more than %d models and criteria: name a model",
                         QUALITY_SERIES_MAX);
    if (cell->bucket_ms + cell->length_ms > report->watermark_ms)
        report->watermark_ms = cell->bucket_ms + cell->length_ms;
    const struct status_counts *statuses = &cell->statuses;
    if (cell->counts_only)
        series->without_rows += statuses->scored + statuses->not_applicable + statuses->skipped +
                                statuses->error;
    const struct quality_cell one = {cell->bucket_ms, cell->segment, cell->threshold,
                                     cell->statuses,  cell->scores,  cell->score_count};
    return quality_series_add(report, series, &one) ||
           error_set(error, ERROR_INPUT,
                     "%.100s of %.100s was sampled with more than %d probabilities",
                     names->criterion, names->model, SAMPLING_THRESHOLDS_MAX);
}

/* ---- answering ---- */

static int by_place(const void *left, const void *right)
{
    const struct quality_series *a = left, *b = right;
    int order = strcmp(a->model, b->model);
    if (order == 0)
        order = (b->kind == QUALITY_COMPOSITE) - (a->kind == QUALITY_COMPOSITE);
    if (order == 0)
        order = strcmp(a->dimension, b->dimension);
    if (order == 0)
        order = (int)a->kind - (int)b->kind;
    if (order == 0)
        order = strcmp(a->name, b->name);
    if (order == 0)
        order = strcmp(a->rubric, b->rubric);
    return order ? order : strcmp(a->hash, b->hash);
}

static uint64_t all_of(const struct quality_series *series)
{
    const struct status_counts *statuses = &series->sums.statuses;
    return statuses->scored + statuses->not_applicable + statuses->skipped + statuses->error;
}

/* Rollups outlive rows: what a dimension lacks of its rubric's composite is gone, but for what
 * never gave rows. */
static void find_gone_rows(struct quality_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct quality_series *composite = &report->series[i];
        uint64_t there = UINT64_MAX, all = all_of(composite) - composite->without_rows;
        for (size_t j = 0; j < report->count && composite->kind == QUALITY_COMPOSITE; j++) {
            const struct quality_series *other = &report->series[j];
            if (other->kind == QUALITY_DIMENSION && strcmp(other->hash, composite->hash) == 0 &&
                strcmp(other->model, composite->model) == 0)
                there = all_of(other);
        }
        if (there != UINT64_MAX && there < all)
            problems_add(&report->stores->partial, "",
                         "rows of %llu of %llu samples of %.80s are gone (retention): dimensions "
                         "and examples are of the others",
                         (unsigned long long)(all - there), (unsigned long long)all,
                         composite->model);
    }
}

/* Labelled rows before the window may be of criteria that are no more. */
static void take_empty_series_out(struct quality_report *report)
{
    size_t kept = 0;
    for (size_t i = 0; i < report->count; i++) {
        if (all_of(&report->series[i]) > 0)
            report->series[kept++] = report->series[i];
        else
            clear_series(&report->series[i]);
    }
    report->count = kept;
}

static void answer(struct quality_report *report)
{
    take_empty_series_out(report);
    find_gone_rows(report);
    for (size_t i = 0; i < report->count; i++) {
        struct quality_series *one = &report->series[i];
        one->level = level_of(&one->sums, report->alpha);
        if (one->pairs)
            one->labelled = label_rate_of(one->pairs, &one->level, report->alpha);
    }
    if (report->count > 0)
        qsort(report->series, report->count, sizeof *report->series, by_place);
}

/* As traffic_counts_read asks. */
static int in_window(const void *window, int64_t bucket_ms)
{
    const struct time_range *range = window;
    return range->from_ms <= bucket_ms && bucket_ms < range->to_ms ? 0 : -1;
}

bool quality_report_read(struct quality_report *report, struct error *error)
{
    stores_resolve(report->stores);
    report->pending = report->stores->pending;
    report->aligned = stores_align(report->stores, &report->window.from_ms, false);
    report->aligned |= stores_align(report->stores, &report->window.to_ms, true);
    const struct cells_wanted wanted = {
        .model = report->model, .from_ms = report->window.from_ms, .to_ms = report->window.to_ms};
    stores_with_rows(report->stores, "dimensions, examples and what people said are");
    traffic_counts_read(&report->traffic, report->stores, report->model, report->window, in_window,
                        &report->window);
    if (!cells_each(report->stores, &wanted, take_cell, report, error))
        return false;
    for (size_t i = 0; i < report->stores->shard_count; i++)
        quality_rows_read(report, i);
    answer(report);
    if (report->count == 0)
        stores_span(report->stores, &report->span);
    return true;
}

void quality_report_clear(struct quality_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        clear_series(&report->series[i]);
    free(report->series);
    traffic_counts_clear(&report->traffic);
    *report = (struct quality_report){0};
}
