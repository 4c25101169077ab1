/* drift_read: cells of many shards become the series of a drift report.
 *
 * Most of the time goes into stepping through rows, so shards are read side by side: each thread
 * adds the cells of its shards up for itself, and what they have is added up in the end. */
#include "worker/report/drift/drift_read.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/base/memory.h"
#include "worker/report/reading/cells.h"

enum { READERS_MAX = 8 };

/* One thread, and what it read. */
struct reader {
    const struct drift_report *report;
    struct stores *stores;
    struct cells_wanted wanted;
    struct drift_series **series; /* by the number of their cell_series; NULL: no cell yet */
    size_t count;
    struct error error;
    bool fine, started;
    pthread_t thread;
};

static struct drift_series **place_of(struct reader *reader, size_t number)
{
    if (number >= reader->count) {
        reader->series = memory_resize(reader->series, number + 1, sizeof(void *));
        while (reader->count <= number)
            reader->series[reader->count++] = NULL;
    }
    return &reader->series[number];
}

static struct drift_series *new_series(const struct drift_report *report,
                                       const struct cell_series *names)
{
    struct drift_question question = report->question;
    question.tolerance = drift_report_tolerance(report, names->criterion, names->dimension, NAN);
    struct drift_series *series = drift_series_new(&question);
    drift_series_traffic(series, traffic_counts_of(&report->traffic, names->model, 0),
                         traffic_counts_of(&report->traffic, names->model, 1));
    return series;
}

static bool take_cell(void *owner, const struct cell *cell, struct error *error)
{
    struct reader *reader = owner;
    struct drift_series **series = place_of(reader, cell->series->number);
    if (!*series)
        *series = new_series(reader->report, cell->series);
    const struct drift_cell one = {
        .segment = (int64_t)reader->report->breakdown.part_of[cell->segment],
        .stratum = traffic_counts_place(&reader->report->traffic, cell->segment),
        .threshold = cell->threshold,
        .bucket_ms = cell->bucket_ms,
        .length_ms = cell->length_ms,
        .statuses = cell->statuses,
        .scores = cell->scores,
        .score_count = cell->score_count,
    };
    return drift_series_add(*series, &one) ||
           error_set(error, ERROR_INPUT,
                     "%.100s of %.100s was sampled with more than %d probabilities",
                     cell->series->criterion, cell->series->model, SAMPLING_THRESHOLDS_MAX);
}

static void *read_shards(void *argument)
{
    struct reader *reader = argument;
    reader->fine =
        cells_each(reader->stores, &reader->wanted, take_cell, reader, &reader->error);
    return NULL;
}

static size_t reader_count(const struct stores *stores)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = cores > READERS_MAX ? READERS_MAX : cores > 1 ? (size_t)cores : 1;
    return count < stores->shard_count ? count : stores->shard_count;
}

/* The first part is read by this thread, and any for which there is no other. */
static void read_parts(struct reader *readers, size_t count)
{
    for (size_t i = 1; i < count; i++)
        readers[i].started =
            pthread_create(&readers[i].thread, NULL, read_shards, &readers[i]) == 0;
    for (size_t i = 0; i < count; i++)
        if (!readers[i].started)
            read_shards(&readers[i]);
    for (size_t i = 1; i < count; i++)
        if (readers[i].started)
            pthread_join(readers[i].thread, NULL);
}

/* Moves what a reader has to the first one. */
static bool merge(struct reader *first, struct reader *other, struct error *error)
{
    bool fine = true;
    for (size_t i = 0; i < other->count; i++) {
        struct drift_series **place = place_of(first, i), *mine = *place;
        if (!mine)
            *place = other->series[i];
        else if (other->series[i]) {
            fine = drift_series_merge(mine, other->series[i]) && fine;
            drift_series_free(other->series[i]);
        }
    }
    free(other->series);
    return fine || error_set(error, ERROR_INPUT,
                             "a criterion was sampled with more than %d probabilities",
                             SAMPLING_THRESHOLDS_MAX);
}

static void name_series(struct drift_report *report, const struct stores *stores,
                        const struct reader *reader)
{
    report->series = memory_new(reader->count + 1, sizeof *report->series);
    for (size_t i = 0; i < reader->count; i++) {
        const struct cell_series *names = stores->series[i];
        if (!reader->series[i])
            continue;
        report->series[report->count++] =
            (struct report_series){.model = memory_copy_string(names->model),
                                   .rubric = memory_copy_string(names->rubric),
                                   .criterion = memory_copy_string(names->criterion),
                                   .dimension = memory_copy_string(names->dimension),
                                   .hash = memory_copy_string(names->hash),
                                   .tolerance = drift_report_tolerance(report, names->criterion,
                                                                       names->dimension, NAN),
                                   .cells = reader->series[i]};
    }
}

bool drift_read(struct drift_report *report, struct stores *stores, struct error *error)
{
    struct reader readers[READERS_MAX] = {0};
    size_t count = reader_count(stores);
    for (size_t i = 0; i < count; i++)
        readers[i] = (struct reader){.report = report,
                                     .stores = stores,
                                     .wanted = {.model = report->model,
                                                .from_ms = report->question.base.from_ms,
                                                .to_ms = report->question.current.to_ms,
                                                .part = i,
                                                .parts = count}};
    read_parts(readers, count);
    bool fine = true;
    for (size_t i = 0; i < count; i++) {
        if (!readers[i].fine)
            fine = error_set(error, readers[i].error.kind, "%s", readers[i].error.text);
        if (i > 0)
            fine = merge(&readers[0], &readers[i], error) && fine;
    }
    name_series(report, stores, &readers[0]);
    free(readers[0].series);
    return fine;
}
