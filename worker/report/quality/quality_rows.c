/* quality_rows: what only rows tell of quality: dimensions of samples, the worst, the labelled. */
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/quality/quality.h"
#include "worker/report/reading/dimension_scores.h"
#include "worker/report/reading/segment_ids.h"
#include "worker/stats/sampling.h"
#include "worker/store/db.h"

enum { NOT_LOOKED_UP = -1, NOT_THERE = -2 };

/* Which series of the report the criteria of the shard, composites among them, are of. */
struct model_series {
    char *model;
    int *criteria, *dimensions; /* by the criterion's place in the shard's names */
};

struct reading {
    struct quality_report *report;
    size_t shard; /* its number in the stores */
    struct shard_names names;
    struct segment_ids segments;
    struct model_series *models;
    size_t model_count, last;
    bool too_many;
    bool in_window; /* else only labelled samples are looked at */
};

static struct model_series *model_of(struct reading *reading, struct str model)
{
    if (reading->last < reading->model_count && str_is(model, reading->models[reading->last].model))
        return &reading->models[reading->last];
    size_t count = reading->names.criterion_count;
    for (reading->last = 0; reading->last < reading->model_count; reading->last++)
        if (str_is(model, reading->models[reading->last].model))
            return &reading->models[reading->last];
    reading->models =
        memory_resize(reading->models, reading->model_count + 1, sizeof *reading->models);
    struct model_series *made = &reading->models[reading->model_count++];
    *made = (struct model_series){memory_copy_str(model), memory_new(count + 1, sizeof(int)),
                                  memory_new(count + 1, sizeof(int))};
    for (size_t i = 0; i < count; i++)
        made->criteria[i] = made->dimensions[i] = NOT_LOOKED_UP;
    return made;
}

static bool has_labels_of(const struct quality_report *report, const char *target)
{
    for (size_t i = 0; report->labels && i < report->labels->count; i++)
        if (strcmp(report->labels->items[i].target, target) == 0)
            return true;
    return false;
}

/* The series in one slot of a model's table; NULL: there is no room for it. */
static struct quality_series *series_of(struct reading *reading, const struct model_series *model,
                                        int *slot, enum quality_kind kind,
                                        const struct shard_criterion *criterion)
{
    bool dimension = kind == QUALITY_DIMENSION;
    struct quality_report *report = reading->report;
    if (*slot == NOT_LOOKED_UP) {
        struct quality_series *series = quality_series_of(
            report, kind, str_of(model->model), str_of(criterion->rubric),
            str_of(dimension ? criterion->dimension : criterion->name),
            str_of(criterion->dimension),
            str_of(dimension ? criterion->rubric_hash : criterion->hash));
        *slot = series ? (int)(series - report->series) : NOT_THERE;
        if (series && !series->pairs && has_labels_of(report, series->name))
            series->pairs = memory_new(1, sizeof *series->pairs);
    }
    return *slot == NOT_THERE ? NULL : &report->series[*slot];
}

/* ---- the worst samples ---- */

static int compare_example(const struct quality_example *a, double value, int64_t at_ms,
                           struct str sample)
{
    if (a->value != value)
        return a->value < value ? -1 : 1;
    if (a->at_ms != at_ms)
        return a->at_ms > at_ms ? -1 : 1;
    size_t size = strlen(a->sample), common = size < sample.size ? size : sample.size;
    int order = memcmp(a->sample, sample.data, common);
    return order ? order : (size > sample.size) - (size < sample.size);
}

static void add_example(struct quality_report *report, struct quality_series *series,
                        const struct sample_row *row, const struct row_score *score)
{
    size_t at = series->worst_count;
    while (at > 0 && compare_example(&series->worst[at - 1], score->value, row->at_ms,
                                     row->sample) > 0)
        at--;
    if (at == report->examples || score->value >= 1)
        return;
    if (!series->worst)
        series->worst = memory_new(report->examples, sizeof *series->worst);
    if (series->worst_count == report->examples) {
        free(series->worst[--series->worst_count].sample);
        free(series->worst[series->worst_count].reason);
    }
    memmove(series->worst + at + 1, series->worst + at,
            (series->worst_count - at) * sizeof *series->worst);
    series->worst[at] = (struct quality_example){
        .sample = memory_copy_str(row->sample),
        .reason = score->reason.data ? memory_copy_str(score->reason) : NULL,
        .value = score->value,
        .at_ms = row->at_ms};
    series->worst_count++;
}

/* ---- what people said ---- */

/* The labels of one sample. */
struct sample_labels {
    const struct sample_label *items;
    size_t count;
};

/* A score, kept with this probability, beside what people say of the sample, if they do. */
static void add_labelled(const struct reading *reading, struct quality_series *series,
                         double probability, struct sample_labels labels, double value)
{
    double judge = (double)score_bin_of(value) / SCORE_BIN_TOP;
    const struct bin_count score = {(uint32_t)score_bin_of(value), 1};
    if (!series->pairs)
        return;
    for (size_t i = 0; i < labels.count; i++) {
        const struct sample_label *label = &labels.items[i];
        if (strcmp(label->target, series->name) != 0)
            continue;
        label_pairs_add(series->pairs, label->sample, label->value, judge, probability,
                        label->probability, reading->in_window);
        return;
    }
    if (reading->in_window)
        level_add(&series->pairs->unlabelled, 0, sampling_threshold(probability), &score, 1,
                  (struct status_counts){.scored = 1});
}

/* ---- rows ---- */

static void add_dimension(struct reading *reading, const struct model_series *model,
                          const struct sample_row *row, struct sample_labels labels,
                          const struct dimension_score *dimension)
{
    const struct shard_criterion *owner = &reading->names.criteria[dimension->owner];
    struct quality_series *series = series_of(
        reading, model, &model->dimensions[dimension->owner], QUALITY_DIMENSION, owner);
    bool scored = dimension->status == ROW_SCORED;
    struct bin_count score = {.count = 1};
    if (scored)
        score.bin = (uint32_t)score_bin_of(dimension->value);
    if (series && scored)
        add_labelled(reading, series, row->probability, labels, dimension->value);
    if (!reading->in_window)
        return;
    const struct status_counts statuses = {.scored = scored,
                                           .skipped = dimension->status == ROW_SKIPPED,
                                           .not_applicable =
                                               dimension->status == ROW_NOT_APPLICABLE};
    const struct quality_cell cell = {row->at_ms,
                                      segment_ids_find(&reading->segments, row->segment),
                                      sampling_threshold(row->probability),
                                      statuses,
                                      &score,
                                      scored};
    if (!series || !quality_series_add(reading->report, series, &cell))
        reading->too_many = true;
}

static void add_score(struct reading *reading, const struct model_series *model,
                      const struct sample_row *row, struct sample_labels labels,
                      const struct shard_criterion *criterion, const struct row_score *score)
{
    bool composite = strcmp(criterion->name, "composite") == 0;
    struct quality_series *series =
        series_of(reading, model, &model->criteria[criterion - reading->names.criteria],
                  composite ? QUALITY_COMPOSITE : QUALITY_CRITERION, criterion);
    if (!series)
        return;
    add_labelled(reading, series, row->probability * criterion->share, labels, score->value);
    if (!composite && reading->in_window && reading->report->examples > 0)
        add_example(reading->report, series, row, score);
}

static void add_row(struct reading *reading, struct sample_rows *rows, const struct sample_row *row)
{
    struct dimension_scores dimensions = {.count = 0};
    struct row_score score;
    struct sample_labels labels = {.count = 0};
    if (reading->report->labels)
        labels.items =
            label_set_find(reading->report->labels, row->sample, row->model, &labels.count);
    if (!reading->in_window && labels.count == 0)
        return;
    const struct model_series *model = model_of(reading, row->model);
    while (sample_rows_next_score(rows, row, &score)) {
        const struct shard_criterion *criterion =
            shard_names_criterion(&reading->names, score.criterion);
        if (!criterion)
            continue;
        if (strcmp(criterion->name, "composite") != 0)
            dimension_scores_add(&dimensions, criterion, &score);
        if (score.status == ROW_SCORED)
            add_score(reading, model, row, labels, criterion, &score);
    }
    for (size_t i = 0; i < dimensions.count; i++)
        add_dimension(reading, model, row, labels, &dimensions.items[i]);
}

static void read_rows(struct reading *reading, struct time_range range)
{
    static const int64_t live[2] = {1, 1};
    const char *wanted = reading->report->model;
    struct sample_rows rows;
    struct sample_row row;
    sample_rows_open(&rows, reading->report->stores, reading->shard, SAMPLES_BY_DELIVERY, live,
                     range);
    while (sample_rows_next(&rows, &row))
        if (!wanted || str_is(row.model, wanted))
            add_row(reading, &rows, &row);
    sample_rows_end(&rows);
}

void quality_rows_read(struct quality_report *report, size_t number)
{
    const struct open_shard *shard = &report->stores->shards[number];
    struct reading reading = {.report = report, .shard = number, .in_window = true};
    shard_names_read(&reading.names, shard->db);
    segment_ids_read(&reading.segments, report->stores, shard);
    dimension_owners(&reading.names);
    read_rows(&reading, report->window);
    reading.in_window = false;
    if (report->labels && report->labels->count > 0)
        read_rows(&reading, (struct time_range){INT64_MIN, report->window.from_ms});
    stores_check_shard(report->stores, shard);
    if (reading.too_many)
        problems_add(&report->stores->partial, shard->path,
                     "too many dimensions or probabilities: some rows do not count");
    for (size_t i = 0; i < reading.model_count; i++) {
        free(reading.models[i].model);
        free(reading.models[i].criteria);
        free(reading.models[i].dimensions);
    }
    free(reading.models);
    segment_ids_clear(&reading.segments);
    shard_names_clear(&reading.names);
}
