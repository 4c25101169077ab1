/* cells: what stores counted, cell by cell: the one way in which reports read rollups. */
#include "worker/report/reading/cells.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "schema/terminal.h"
#include "worker/report/reading/segment_ids.h"
#include "worker/stats/sampling.h"
#include "worker/store/db.h"
#include "worker/store/histogram.h"
#include "worker/store/rollup.h"

enum { KNOWN_AT_FIRST = 256 };

_Static_assert((int)BINS == (int)SCORE_BINS, "rollups and statistics have the same bins");

static const int64_t HOUR_MS = 3600000;

/* The series of a model and criterion of a shard; NULL: of a model that is not wanted. */
struct known_series {
    int64_t model, criterion; /* ids; criterion 0: free */
    const struct cell_series *series;
};

/* Reads one shard. Ids mean something in it only: words tell what a row is of, looked up once. */
struct reading {
    struct stores *stores;
    const struct open_shard *shard;
    const struct cells_wanted *wanted;
    bool (*take)(void *owner, const struct cell *cell, struct error *error);
    void *owner;
    struct known_series *known; /* open addressing */
    size_t known_size, known_count;
    struct segment_ids segments;
    size_t first_fix, end_fix; /* of stores->fixes */
    bool *fixed;               /* each, from first_fix on: it was counted */
    const struct cell_series *series; /* of the row at hand */
    size_t segment;
    struct bin_count scores[BINS];
    size_t score_count;
    uint64_t scored; /* their sum: reading the column of that name takes time */
};

/* What threads that read other shards of the stores share with us: series and problems. */
static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;

static bool is_series(const struct cell_series *series, struct statement *names)
{
    return str_is(db_text(names, 3), series->hash) && str_is(db_text(names, 0), series->model) &&
           str_is(db_text(names, 1), series->criterion) &&
           str_is(db_text(names, 4), series->rubric);
}

/* The series of these names, made when it is new. NULL: too many. */
static const struct cell_series *find_series(struct stores *stores, struct statement *names)
{
    for (size_t i = 0; i < stores->series_count; i++)
        if (is_series(stores->series[i], names))
            return stores->series[i];
    if (stores->series_count == CELL_SERIES_MAX)
        return NULL;
    struct cell_series *series = memory_new(1, sizeof *series);
    *series = (struct cell_series){.number = stores->series_count,
                                   .model = memory_copy_str(db_text(names, 0)),
                                   .criterion = memory_copy_str(db_text(names, 1)),
                                   .dimension = memory_copy_str(db_text(names, 2)),
                                   .hash = memory_copy_str(db_text(names, 3)),
                                   .rubric = memory_copy_str(db_text(names, 4))};
    stores->series =
        memory_resize(stores->series, stores->series_count + 1, sizeof *stores->series);
    stores->series[stores->series_count++] = series;
    return series;
}

static bool look_up_series(struct reading *reading, struct known_series *known,
                           struct error *error)
{
    const char *wanted = reading->wanted->model;
    struct statement *names =
        db_sql(reading->shard->db,
               "SELECT coalesce((SELECT text FROM word WHERE id = ?), ''), criterion.name,"
               "dimension, criterion.hash, rubric.name FROM criterion "
               "JOIN rubric ON rubric.id = rubric WHERE criterion.id = ?");
    db_bind_int(names, known->model);
    db_bind_int(names, known->criterion);
    bool found = db_row(names) && (!wanted || str_is(db_text(names, 0), wanted));
    pthread_mutex_lock(&shared);
    if (found)
        known->series = find_series(reading->stores, names);
    pthread_mutex_unlock(&shared);
    db_end(names);
    return !found || known->series ||
           error_set(error, ERROR_INPUT, "%s: more than %d models and criteria: name a model",
                     reading->shard->path, CELL_SERIES_MAX);
}

static struct known_series *slot_of(const struct reading *reading, int64_t model, int64_t criterion)
{
    uint64_t hash = ((uint64_t)model << 20 ^ (uint64_t)criterion) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 32) & (reading->known_size - 1);
    while (reading->known[at].criterion && (reading->known[at].criterion != criterion ||
                                            reading->known[at].model != model))
        at = (at + 1) & (reading->known_size - 1);
    return &reading->known[at];
}

static void make_room(struct reading *reading)
{
    if (reading->known_count < reading->known_size / 2)
        return;
    struct known_series *old = reading->known;
    size_t old_size = reading->known_size;
    reading->known_size = old_size ? 2 * old_size : KNOWN_AT_FIRST;
    reading->known = memory_new(reading->known_size, sizeof *reading->known);
    for (size_t i = 0; i < old_size; i++)
        if (old[i].criterion)
            *slot_of(reading, old[i].model, old[i].criterion) = old[i];
    free(old);
}

static bool look_up(struct reading *reading, struct statement *row, struct error *error)
{
    int64_t model = db_int(row, 0), criterion = db_int(row, 1);
    make_room(reading);
    struct known_series *known = slot_of(reading, model, criterion);
    if (!known->criterion) {
        *known = (struct known_series){.model = model, .criterion = criterion};
        reading->known_count++;
        if (!look_up_series(reading, known, error))
            return false;
    }
    reading->series = known->series;
    reading->segment = segment_ids_find(&reading->segments, db_int(row, 2));
    return true;
}

static bool note(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool note(struct reading *reading, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    pthread_mutex_lock(&shared);
    problems_add(&reading->stores->partial, reading->shard->path, "%s", text);
    pthread_mutex_unlock(&shared);
    return false;
}

static void take_score(void *owner, uint32_t bin, uint32_t times)
{
    struct reading *reading = owner;
    if (reading->score_count < BINS)
        reading->scores[reading->score_count++] = (struct bin_count){bin, times};
    reading->scored += times;
}

/* Scores that are others once all shards are put together move within their cells. An hour may be
 * kept in two tables: a fix is of the cell that holds what it was. Rows tell model, criterion and
 * segment first. */
static void fix_cell(struct reading *reading, struct statement *row, struct cell *cell)
{
    const struct score_fixes *fixes = &reading->stores->fixes;
    if (reading->first_fix == reading->end_fix)
        return;
    const struct score_fix like = {.model = db_int(row, 0),
                                   .criterion = db_int(row, 1),
                                   .segment = db_int(row, 2),
                                   .threshold = cell->threshold,
                                   .at_ms = cell->bucket_ms};
    const struct cell_counts counts = {&cell->statuses, &cell->passed, reading->scores,
                                       &cell->score_count};
    size_t i = score_fixes_at(fixes, reading->first_fix, reading->end_fix, &like);
    for (; i < reading->end_fix && score_fix_same_place(&fixes->items[i], &like) &&
           fixes->items[i].at_ms < cell->bucket_ms + cell->length_ms;
         i++)
        if (!reading->fixed[i - reading->first_fix])
            reading->fixed[i - reading->first_fix] = score_fix_cell(&fixes->items[i], &counts);
}

static void find_fixes(struct reading *reading)
{
    size_t shard = (size_t)(reading->shard - reading->stores->shards);
    score_fixes_of_shard(&reading->stores->fixes, shard, &reading->first_fix, &reading->end_fix);
    reading->fixed = memory_new(reading->end_fix - reading->first_fix + 1, sizeof(bool));
}

/* Nearly all cells hold scores only, and asking a row for a number takes time. */
#define SELECT_CELLS                                                                               \
    "SELECT model, criterion, segment, threshold, bucket_ms, passed, histogram,"                   \
    "not_applicable | skipped | error, not_applicable, skipped, error "

static bool read_cell(struct reading *reading, struct statement *row, int64_t length_ms,
                      struct cell *out)
{
    reading->score_count = 0;
    reading->scored = 0;
    if (!bins_each(BINS, db_text(row, 6), take_score, reading))
        return note(reading, "a histogram is damaged: its scores do not count");
    int64_t passed = db_int(row, 5);
    if (passed < 0 || (uint64_t)passed > reading->scored)
        return note(reading, "more passed than were scored, by a cell that is damaged: it does not "
                             "count");
    *out = (struct cell){
        .series = reading->series,
        .segment = reading->segment,
        .counts_only = reading->shard->counts_only,
        .threshold = (uint64_t)db_int(row, 3),
        .bucket_ms = db_int(row, 4),
        .length_ms = length_ms,
        .statuses = {.scored = reading->scored},
        .passed = (uint64_t)passed,
        .scores = reading->scores,
        .score_count = reading->score_count,
    };
    if (db_int(row, 7)) {
        out->statuses.not_applicable = (uint64_t)db_int(row, 8);
        out->statuses.skipped = (uint64_t)db_int(row, 9);
        out->statuses.error = (uint64_t)db_int(row, 10);
    }
    fix_cell(reading, row, out);
    return true;
}

static bool read_table(struct reading *reading, const char *select, int64_t length_ms,
                       struct error *error)
{
    const struct cells_wanted *wanted = reading->wanted;
    struct statement *rows = db_sql(reading->shard->db, select);
    db_bind_text(rows, str_of(wanted->run ? wanted->run : "live"));
    db_bind_int(rows, wanted->from_ms);
    db_bind_int(rows, wanted->to_ms);
    bool fine = true;
    struct cell cell;
    while (fine && db_row(rows)) {
        fine = look_up(reading, rows, error);
        if (fine && reading->series && read_cell(reading, rows, length_ms, &cell))
            fine = reading->take(reading->owner, &cell, error);
    }
    db_end(rows);
    return fine;
}

/* A row of one score is a cell of its own. */
static void score_cell(struct reading *reading, struct statement *row, struct cell *out)
{
    struct str status = db_text(row, 4);
    int64_t at_ms = db_int(row, 5);
    double value = db_real(row, 6);
    bool scored = str_is(status, "scored"), sound = value >= 0 && value <= 1;
    *out = (struct cell){
        .series = reading->series,
        .segment = reading->segment,
        .counts_only = reading->shard->counts_only,
        .threshold = sampling_threshold(db_real(row, 3)),
        .bucket_ms = at_ms - at_ms % ROLLUP_BUCKET_MS,
        .length_ms = ROLLUP_BUCKET_MS,
        .statuses = {.scored = scored && sound,
                     .not_applicable = str_is(status, "not_applicable"),
                     .skipped = str_is(status, "skipped"),
                     .error = str_is(status, "error") || (scored && !sound)},
        .passed = (uint64_t)db_int(row, 7),
        .scores = reading->scores,
        .score_count = scored && sound,
    };
    if (out->score_count)
        reading->scores[0] = (struct bin_count){(uint32_t)score_bin_of(value), 1};
    fix_cell(reading, row, out);
}

/* Rows that no rollup has yet. */
static bool read_tail(struct reading *reading, const struct unacked_tail *tail,
                      struct error *error)
{
    const struct cells_wanted *wanted = reading->wanted;
    struct statement *rows =
        db_sql(reading->shard->db,
               "SELECT coalesce(model, 0), criterion, segment, probability * criterion.share,"
               "CASE WHEN score.reason = '" TERMINAL_NOT_SAMPLED "' THEN 'not_applicable' "
               "ELSE status END, observed_at_ms, value, coalesce(passed, 0) FROM delivery "
               "JOIN score USING(run, source, off) JOIN criterion ON criterion.id = criterion "
               "WHERE "
               "run = (SELECT id FROM run WHERE name = 'live') AND source = ? AND off >= ? AND "
               "off < ? AND state = 'scored'");
    stores_bind_tail(rows, tail);
    bool fine = true;
    struct cell cell;
    while (fine && db_row(rows)) {
        fine = look_up(reading, rows, error);
        if (!fine || !reading->series)
            continue;
        score_cell(reading, rows, &cell);
        if (cell.bucket_ms >= wanted->from_ms && cell.bucket_ms < wanted->to_ms)
            fine = reading->take(reading->owner, &cell, error);
    }
    db_end(rows);
    return fine;
}

static bool read_tails(struct reading *reading, struct error *error)
{
    const struct stores *stores = reading->stores;
    const struct unacked_tail *tail = NULL;
    const char *run = reading->wanted->run;
    bool fine = true;
    if (run && strcmp(run, "live") != 0)
        return true;
    while (fine && (tail = stores_next_tail(stores, reading->shard, tail)))
        fine = read_tail(reading, tail, error);
    return fine;
}

static bool read_shard(struct reading *reading, struct error *error)
{
    segment_ids_read(&reading->segments, reading->stores, reading->shard);
    find_fixes(reading);
    bool fine =
        read_table(reading,
                   SELECT_CELLS "FROM rollup WHERE run = (SELECT id FROM run WHERE name = ?) "
                                "AND +bucket_ms >= ? AND +bucket_ms < ?",
                   ROLLUP_BUCKET_MS, error) &&
        read_table(reading,
                   SELECT_CELLS "FROM rollup_hour WHERE run = (SELECT id FROM run WHERE name = ?) "
                                "AND bucket_ms >= ? AND bucket_ms < ?",
                   HOUR_MS, error) &&
        read_tails(reading, error);
    pthread_mutex_lock(&shared);
    stores_check_shard(reading->stores, reading->shard);
    pthread_mutex_unlock(&shared);
    return fine;
}

bool cells_each(struct stores *stores, const struct cells_wanted *wanted,
                bool (*take)(void *owner, const struct cell *cell, struct error *error),
                void *owner, struct error *error)
{
    bool fine = true;
    size_t step = wanted->parts ? wanted->parts : 1;
    for (size_t i = wanted->part; fine && i < stores->shard_count; i += step) {
        struct reading reading = {.stores = stores,
                                  .shard = &stores->shards[i],
                                  .wanted = wanted,
                                  .take = take,
                                  .owner = owner};
        fine = read_shard(&reading, error);
        free(reading.known);
        free(reading.fixed);
        segment_ids_clear(&reading.segments);
    }
    return fine;
}
