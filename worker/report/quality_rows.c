/* quality_rows: what only rows tell of quality: dimensions of samples, the worst samples. */
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/dimension_scores.h"
#include "worker/report/quality.h"
#include "worker/stats/sampling.h"
#include "worker/store/db.h"

enum { NOT_LOOKED_UP = -1, NOT_THERE = -2 };

/* Which series of the report the criteria of the shard are of, for one model. */
struct model_series {
    char *model;
    int *criteria, *dimensions; /* by the criterion's place in the shard's names */
};

struct reading {
    struct quality_report *report;
    const struct open_shard *shard;
    struct shard_names names;
    struct model_series *models;
    size_t model_count, last;
    bool too_many;
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

/* ---- rows ---- */

static void add_dimension(struct reading *reading, const struct model_series *model,
                          const struct sample_row *row, const struct dimension_score *dimension)
{
    const struct shard_criterion *owner = &reading->names.criteria[dimension->owner];
    struct quality_series *series = series_of(
        reading, model, &model->dimensions[dimension->owner], QUALITY_DIMENSION, owner);
    bool scored = dimension->status == ROW_SCORED;
    struct bin_count score = {.count = 1};
    if (scored)
        score.bin = (uint32_t)score_bin_of(dimension->value);
    const struct status_counts statuses = {.scored = scored,
                                           .skipped = dimension->status == ROW_SKIPPED,
                                           .not_applicable =
                                               dimension->status == ROW_NOT_APPLICABLE};
    if (!series ||
        !quality_series_add(reading->report, series, row->at_ms,
                            sampling_threshold(row->probability), statuses, &score, scored))
        reading->too_many = true;
}

static void add_row(struct reading *reading, struct sample_rows *rows, const struct sample_row *row)
{
    struct dimension_scores dimensions = {.count = 0};
    struct row_score score;
    const struct model_series *model = model_of(reading, row->model);
    while (sample_rows_next_score(rows, row, &score)) {
        const struct shard_criterion *criterion =
            shard_names_criterion(&reading->names, score.criterion);
        if (!criterion || strcmp(criterion->name, "composite") == 0)
            continue;
        dimension_scores_add(&dimensions, criterion, &score);
        if (score.status != ROW_SCORED || reading->report->examples == 0)
            continue;
        int *slot = &model->criteria[criterion - reading->names.criteria];
        struct quality_series *series =
            series_of(reading, model, slot, QUALITY_CRITERION, criterion);
        if (series)
            add_example(reading->report, series, row, &score);
    }
    for (size_t i = 0; i < dimensions.count; i++)
        add_dimension(reading, model, row, &dimensions.items[i]);
}

void quality_rows_read(struct quality_report *report, const struct open_shard *shard)
{
    static const int64_t live[2] = {1, 1};
    struct reading reading = {.report = report, .shard = shard};
    struct sample_rows rows;
    struct sample_row row;
    shard_names_read(&reading.names, shard->db);
    dimension_owners(&reading.names);
    sample_rows_open(&rows, shard->db, SAMPLES_BY_DELIVERY, live, report->window);
    while (sample_rows_next(&rows, &row))
        if (!report->model || str_is(row.model, report->model))
            add_row(&reading, &rows, &row);
    sample_rows_end(&rows);
    struct error why = {0};
    if (!db_ok(shard->db, &why))
        problems_add(&report->stores->partial, shard->path, "was read in part: %.200s", why.text);
    if (reading.too_many)
        problems_add(&report->stores->partial, shard->path,
                     "too many dimensions or probabilities: some rows do not count");
    for (size_t i = 0; i < reading.model_count; i++) {
        free(reading.models[i].model);
        free(reading.models[i].criteria);
        free(reading.models[i].dimensions);
    }
    free(reading.models);
    shard_names_clear(&reading.names);
}
