/* drift_languages: rows of a drift report for the languages that requests come in. */
#include "worker/report/drift/drift_languages.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/drift/drift_measures.h"
#include "worker/report/reading/measure_cells.h"

/* A share that moves is another kind of traffic, neither worse nor better. */
static const struct measure_kind SHARE = {.unit = "share", .tolerance = 0.05};
static const char DIMENSION[] = "traffic";

/* A language of a model. */
struct language {
    char *model;
    size_t part; /* of `languages` */
    uint64_t n;  /* requests of both windows that were kept */
    struct drift_series *cells; /* NULL: it is not among the commonest */
};

struct reading {
    struct drift_report *report;
    struct breakdown languages;
    struct language *items;
    size_t count;
};

/* Part 0 of what is told apart by language alone may be what was not told. */
static bool is_told(const struct reading *reading, size_t segment)
{
    return strcmp(reading->languages.parts[reading->languages.part_of[segment]], "{}") != 0;
}

/* Each sample has one length of its prompt: its cells count samples. */
static uint64_t samples_of(const struct reading *reading, const struct measure_cell_read *cell)
{
    uint64_t n = 0;
    if (cell->measure != MEASURE_PROMPT_BYTES || !is_told(reading, cell->segment))
        return 0;
    for (size_t i = 0; i < cell->bin_count; i++)
        n += cell->bins[i].count;
    return n;
}

static bool tally(void *owner, const struct measure_cell_read *cell, struct error *error)
{
    (void)error;
    struct reading *reading = owner;
    enum drift_window window = drift_window_of(&reading->report->question, cell->bucket_ms);
    uint64_t n = samples_of(reading, cell);
    size_t part = reading->languages.part_of[cell->segment], i = 0;
    if (n == 0 || (window != DRIFT_BASE && window != DRIFT_CURRENT))
        return true;
    while (i < reading->count && (reading->items[i].part != part ||
                                  !str_is(cell->model, reading->items[i].model)))
        i++;
    if (i == reading->count) {
        reading->items =
            memory_resize(reading->items, reading->count + 1, sizeof *reading->items);
        reading->items[reading->count++] =
            (struct language){.model = memory_copy_str(cell->model), .part = part};
    }
    reading->items[i].n += n;
    return true;
}

/* By model, the commonest first, then by name: parts are in the order of their names. */
static int by_size(const void *left, const void *right)
{
    const struct language *a = left, *b = right;
    int order = strcmp(a->model, b->model);
    if (order == 0)
        order = (b->n > a->n) - (b->n < a->n);
    return order ? order : (a->part > b->part) - (a->part < b->part);
}

static double tolerance_of(const struct reading *reading, const char *metric)
{
    return drift_report_tolerance(reading->report, metric, DIMENSION, SHARE.tolerance);
}

static char *metric_of(const struct reading *reading, const struct language *language)
{
    struct buffer words = {0};
    breakdown_text(&reading->languages, language->part, &words);
    char *metric = memory_copy_str(buffer_str(&words));
    buffer_clear(&words);
    return metric;
}

static void choose(struct reading *reading)
{
    const struct drift_report *report = reading->report;
    if (reading->count > 0)
        qsort(reading->items, reading->count, sizeof *reading->items, by_size);
    for (size_t first = 0, end; first < reading->count; first = end) {
        const char *model = reading->items[first].model;
        for (end = first; end < reading->count && strcmp(reading->items[end].model, model) == 0;)
            end++;
        for (size_t i = first; end > first + 1 && i < end && i < first + DRIFT_LANGUAGES_MAX; i++) {
            struct language *one = &reading->items[i];
            struct drift_question question = report->question;
            char *metric = metric_of(reading, one);
            question.tolerance = tolerance_of(reading, metric);
            free(metric);
            one->cells = drift_series_new(&question);
            drift_series_traffic(one->cells, traffic_counts_of(&report->traffic, model, 0),
                                 traffic_counts_of(&report->traffic, model, 1));
        }
    }
}

/* A sample is 1 for its own language and 0 for the others of its model. */
static bool count(void *owner, const struct measure_cell_read *cell, struct error *error)
{
    struct reading *reading = owner;
    uint64_t n = samples_of(reading, cell);
    size_t part = reading->languages.part_of[cell->segment];
    for (size_t i = 0; n > 0 && i < reading->count; i++) {
        const struct language *one = &reading->items[i];
        if (!one->cells || !str_is(cell->model, one->model))
            continue;
        const struct bin_count score = {one->part == part ? SCORE_BIN_TOP : 0, (uint32_t)n};
        const struct drift_cell counted = {
            .segment = 0, /* within a language nothing but it is to be found */
            .stratum = traffic_counts_place(&reading->report->traffic, cell->segment),
            .threshold = cell->threshold,
            .bucket_ms = cell->bucket_ms,
            .length_ms = cell->length_ms,
            .statuses = {.scored = n},
            .scores = &score,
            .score_count = 1};
        if (!drift_series_add(one->cells, &counted))
            return error_set(error, ERROR_INPUT,
                             "languages of %.100s were sampled with more than %d probabilities",
                             one->model, SAMPLING_THRESHOLDS_MAX);
    }
    return true;
}

/* Moves what was read into the report. */
static void give_series(struct reading *reading)
{
    struct drift_report *report = reading->report;
    report->series = memory_resize(report->series, report->count + reading->count + 1,
                                   sizeof *report->series);
    for (size_t i = 0; i < reading->count; i++) {
        struct language *one = &reading->items[i];
        if (!one->cells) {
            free(one->model);
            continue;
        }
        char *metric = metric_of(reading, one);
        report->series[report->count++] =
            (struct report_series){.model = one->model,
                                   .rubric = memory_copy_string(""),
                                   .criterion = metric,
                                   .dimension = memory_copy_string(DIMENSION),
                                   .hash = memory_copy_string(""),
                                   .tolerance = tolerance_of(reading, metric),
                                   .cells = one->cells,
                                   .measure = &SHARE};
    }
}

bool drift_languages_read(struct drift_report *report, struct stores *stores, struct error *error)
{
    static const char *const keys[] = {"language"};
    struct reading reading = {.report = report};
    struct error too_many = {0};
    const struct cells_wanted wanted = {.model = report->model,
                                        .from_ms = report->question.base.from_ms,
                                        .to_ms = report->question.current.to_ms};
    bool fine = true;
    /* more languages than a breakdown has parts: then rows of them would tell nothing */
    if (breakdown_make(&reading.languages, keys, 1, stores, &too_many) &&
        reading.languages.part_count > 1) {
        fine = measure_cells_each(stores, &wanted, tally, &reading, error);
        choose(&reading);
        fine = fine && measure_cells_each(stores, &wanted, count, &reading, error);
        give_series(&reading);
    }
    free(reading.items);
    breakdown_clear(&reading.languages);
    return fine;
}
