/* drift_measures: rows of a drift report for what traffic looks like: lengths, tokens, latency.
 *
 * Two passes: the first one adds histograms up and finds the quantile, the second one counts what
 * is above it, hour by hour, so that no histogram is kept of an hour. */
#include "worker/report/drift/drift_measures.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/reading/measure_cells.h"
#include "worker/stats/sampling.h"

static const struct measure_kind KINDS[] = {
    {"latency", "ms", MEASURE_INFERENCE_US, 1e-3, 0.95, true, 0.02},
    {"input_tokens", "tokens", MEASURE_INPUT_TOKENS, 1, 0.5, false, 0.1},
    {"output_tokens", "tokens", MEASURE_OUTPUT_TOKENS, 1, 0.5, false, 0.1},
    {"prompt_length", "bytes", MEASURE_PROMPT_BYTES, 1, 0.5, false, 0.1},
    {"response_length", "bytes", MEASURE_RESPONSE_BYTES, 1, 0.5, false, 0.1},
};
static const char DIMENSION[] = "traffic";

/* The values of a window that were kept with one threshold. */
struct sampled_values {
    uint64_t threshold;
    uint64_t counts[MEASURE_BINS];
};

struct values {
    struct sampled_values **sampled; /* ascending by threshold */
    size_t count;
};

struct measure_series {
    char *model;
    const struct measure_kind *kind;
    struct values base, current;
    uint32_t limit; /* the last bin that is not above */
    struct drift_series *cells;
};

struct measuring {
    struct drift_report *report;
    struct measure_series *series;
    size_t count;
};

/* ---- values of a window ---- */

/* NULL: too many thresholds. */
static struct sampled_values *values_of(struct values *values, uint64_t threshold)
{
    size_t at = 0;
    while (at < values->count && values->sampled[at]->threshold < threshold)
        at++;
    if (at < values->count && values->sampled[at]->threshold == threshold)
        return values->sampled[at];
    if (values->count == SAMPLING_THRESHOLDS_MAX)
        return NULL;
    values->sampled = memory_resize(values->sampled, values->count + 1, sizeof(void *));
    memmove(values->sampled + at + 1, values->sampled + at,
            (values->count - at) * sizeof(void *));
    values->sampled[at] = memory_new(1, sizeof(struct sampled_values));
    values->sampled[at]->threshold = threshold;
    values->count++;
    return values->sampled[at];
}

/* How many requests the values of a bin stand for. */
static double weight_of(const struct values *values, uint32_t bin)
{
    double weight = 0;
    for (size_t i = 0; i < values->count; i++) {
        double probability = sampling_probability(values->sampled[i]->threshold);
        if (probability > 0)
            weight += (double)values->sampled[i]->counts[bin] / probability;
    }
    return weight;
}

/* The bin of the nearest rank; MEASURE_BINS without values. */
static uint32_t quantile_bin(const struct values *values, double quantile)
{
    double all = 0, below = 0;
    for (uint32_t bin = 0; bin < MEASURE_BINS; bin++)
        all += weight_of(values, bin);
    for (uint32_t bin = 0; all > 0 && bin < MEASURE_BINS; bin++) {
        below += weight_of(values, bin);
        if (below >= quantile * all * (1 - 1e-12))
            return bin;
    }
    return MEASURE_BINS;
}

static double quantile_of(const struct values *values, const struct measure_kind *kind)
{
    uint32_t bin = quantile_bin(values, kind->quantile);
    return bin < MEASURE_BINS ? measure_value(bin) * kind->scale : NAN;
}

static void clear_values(struct values *values)
{
    for (size_t i = 0; i < values->count; i++)
        free(values->sampled[i]);
    free(values->sampled);
}

/* ---- both passes ---- */

static const struct measure_kind *kind_of(enum measure measure)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (KINDS[i].measure == measure)
            return &KINDS[i];
    return NULL;
}

static struct measure_series *series_of(struct measuring *measuring,
                                        const struct measure_cell_read *cell)
{
    for (size_t i = 0; i < measuring->count; i++)
        if (measuring->series[i].kind->measure == cell->measure &&
            str_is(cell->model, measuring->series[i].model))
            return &measuring->series[i];
    measuring->series =
        memory_resize(measuring->series, measuring->count + 1, sizeof *measuring->series);
    struct measure_series *series = &measuring->series[measuring->count++];
    *series = (struct measure_series){.model = memory_copy_str(cell->model),
                                      .kind = kind_of(cell->measure)};
    return series;
}

static bool too_many(const struct measure_series *series, struct error *error)
{
    return error_set(error, ERROR_INPUT,
                     "%s of %.100s was sampled with more than %d probabilities",
                     series->kind->metric, series->model, SAMPLING_THRESHOLDS_MAX);
}

static bool add_values(void *owner, const struct measure_cell_read *cell, struct error *error)
{
    struct measuring *measuring = owner;
    enum drift_window window = drift_window_of(&measuring->report->question, cell->bucket_ms);
    if (window != DRIFT_BASE && window != DRIFT_CURRENT)
        return true;
    struct measure_series *series = series_of(measuring, cell);
    struct sampled_values *values =
        values_of(window == DRIFT_BASE ? &series->base : &series->current, cell->threshold);
    if (!values)
        return too_many(series, error);
    for (size_t i = 0; i < cell->bin_count; i++)
        values->counts[cell->bins[i].bin] += cell->bins[i].count;
    return true;
}

static bool count_above(void *owner, const struct measure_cell_read *cell, struct error *error)
{
    struct measuring *measuring = owner;
    if (drift_window_of(&measuring->report->question, cell->bucket_ms) == DRIFT_OUTSIDE)
        return true;
    struct measure_series *series = series_of(measuring, cell);
    struct bin_count counts[2] = {{0, 0}, {SCORE_BIN_TOP, 0}};
    if (!series->cells) /* of neither window */
        return true;
    for (size_t i = 0; i < cell->bin_count; i++)
        counts[cell->bins[i].bin <= series->limit].count += cell->bins[i].count;
    const struct drift_cell one = {
        .segment = (int64_t)measuring->report->breakdown.part_of[cell->segment],
        .stratum = traffic_counts_place(&measuring->report->traffic, cell->segment),
        .threshold = cell->threshold,
        .bucket_ms = cell->bucket_ms,
        .length_ms = cell->length_ms,
        .statuses = {.scored = counts[0].count + counts[1].count},
        .scores = counts,
        .score_count = 2,
    };
    return drift_series_add(series->cells, &one) || too_many(series, error);
}

/* Where the baseline has no values the window's stand for them: the row says what it has. */
static void set_limits(struct measuring *measuring)
{
    for (size_t i = 0; i < measuring->count; i++) {
        struct measure_series *series = &measuring->series[i];
        struct drift_question question = measuring->report->question;
        question.tolerance = drift_report_tolerance(measuring->report, series->kind->metric,
                                                    DIMENSION, series->kind->tolerance);
        series->limit = quantile_bin(&series->base, series->kind->quantile);
        if (series->limit == MEASURE_BINS)
            series->limit = quantile_bin(&series->current, series->kind->quantile);
        series->cells = drift_series_new(&question);
        drift_series_traffic(series->cells,
                             traffic_counts_of(&measuring->report->traffic, series->model, 0),
                             traffic_counts_of(&measuring->report->traffic, series->model, 1));
    }
}

/* Moves what was read into the report. */
static void give_series(struct measuring *measuring)
{
    struct drift_report *report = measuring->report;
    report->series = memory_resize(report->series, report->count + measuring->count + 1,
                                   sizeof *report->series);
    for (size_t i = 0; i < measuring->count; i++) {
        const struct measure_series *one = &measuring->series[i];
        const struct measure_kind *kind = one->kind;
        if (!one->cells) {
            free(one->model);
            continue;
        }
        report->series[report->count++] = (struct report_series){
            .model = one->model,
            .rubric = memory_copy_string(""),
            .criterion = memory_copy_string(kind->metric),
            .dimension = memory_copy_string(DIMENSION),
            .hash = memory_copy_string(""),
            .tolerance = drift_report_tolerance(report, kind->metric, DIMENSION, kind->tolerance),
            .cells = one->cells,
            .measure = kind,
            .limit = measure_value(one->limit) * kind->scale,
            .base_quantile = quantile_of(&one->base, kind),
            .current_quantile = quantile_of(&one->current, kind)};
    }
}

bool drift_measures_read(struct drift_report *report, struct stores *stores, struct error *error)
{
    struct measuring measuring = {.report = report};
    const struct cells_wanted wanted = {.model = report->model,
                                        .from_ms = report->question.base.from_ms,
                                        .to_ms = report->question.current.to_ms};
    bool fine = measure_cells_each(stores, &wanted, add_values, &measuring, error);
    set_limits(&measuring);
    fine = fine && measure_cells_each(stores, &wanted, count_above, &measuring, error);
    give_series(&measuring);
    for (size_t i = 0; i < measuring.count; i++) {
        clear_values(&measuring.series[i].base);
        clear_values(&measuring.series[i].current);
    }
    free(measuring.series);
    return fine;
}
