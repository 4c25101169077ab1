/* cells: what stores counted, cell by cell: the one way in which reports read rollups. */
#include "worker/report/cells.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/store/db.h"
#include "worker/store/histogram.h"
#include "worker/store/rollup.h"

_Static_assert((int)BINS == (int)SCORE_BINS, "rollups and statistics have the same bins");

/* Reads one shard. Its rows are in the order of its ids, so that those of a series come together. */
struct reading {
    struct stores *stores;
    const struct open_shard *shard;
    const struct cells_wanted *wanted;
    int64_t model, criterion, segment;  /* ids of the row before; -1: none */
    const struct cell_series *series;   /* its series; NULL: of a model that is not wanted */
    size_t segment_number;
    struct bin_count scores[BINS];
    size_t score_count;
};

static bool is_series(const struct cell_series *series, struct statement *names)
{
    return str_is(db_text(names, 3), series->hash) && str_is(db_text(names, 0), series->model) &&
           str_is(db_text(names, 1), series->criterion);
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
                                   .hash = memory_copy_str(db_text(names, 3))};
    stores->series =
        memory_resize(stores->series, stores->series_count + 1, sizeof *stores->series);
    stores->series[stores->series_count++] = series;
    return series;
}

static bool look_up_series(struct reading *reading, int64_t model, int64_t criterion,
                           struct error *error)
{
    const char *wanted = reading->wanted->model;
    struct statement *names =
        db_sql(reading->shard->db,
               "SELECT coalesce((SELECT text FROM word WHERE id = ?), ''), name, dimension, hash "
               "FROM criterion WHERE id = ?");
    db_bind_int(names, model);
    db_bind_int(names, criterion);
    reading->series = NULL;
    bool found = db_row(names) && (!wanted || str_is(db_text(names, 0), wanted));
    if (found)
        reading->series = find_series(reading->stores, names);
    db_end(names);
    reading->model = model;
    reading->criterion = criterion;
    return !found || reading->series ||
           error_set(error, ERROR_INPUT, "%s: more than %d models and criteria: name a model",
                     reading->shard->path, CELL_SERIES_MAX);
}

static void look_up_segment(struct reading *reading, int64_t segment)
{
    struct statement *words =
        db_sql(reading->shard->db, "SELECT words FROM segment WHERE id = ?");
    db_bind_int(words, segment);
    struct str text = db_row(words) ? db_text(words, 0) : STR("{}");
    reading->segment_number = stores_segment(reading->stores, text.data, text.size);
    reading->segment = segment;
    db_end(words);
}

/* Ids mean something in their shard only: words tell what a row is of. */
static bool look_up(struct reading *reading, struct statement *row, struct error *error)
{
    int64_t model = db_int(row, 0), criterion = db_int(row, 1), segment = db_int(row, 2);
    if (segment != reading->segment)
        look_up_segment(reading, segment);
    return (model == reading->model && criterion == reading->criterion) ||
           look_up_series(reading, model, criterion, error);
}

static void take_score(void *owner, uint32_t bin, uint32_t times)
{
    struct reading *reading = owner;
    if (reading->score_count < BINS)
        reading->scores[reading->score_count++] = (struct bin_count){bin, times};
}

static bool read_cell(struct reading *reading, struct statement *row, struct cell *out)
{
    reading->score_count = 0;
    if (!bins_each(BINS, db_text(row, 9), take_score, reading))
        return problems_add(&reading->stores->partial, reading->shard->path,
                            "a histogram is damaged: its scores do not count");
    *out = (struct cell){
        .series = reading->series,
        .segment = reading->segment_number,
        .threshold = (uint64_t)db_int(row, 3),
        .bucket_ms = db_int(row, 4),
        .length_ms = ROLLUP_BUCKET_MS,
        .statuses = {(uint64_t)db_int(row, 5), (uint64_t)db_int(row, 6), (uint64_t)db_int(row, 7),
                     (uint64_t)db_int(row, 8)},
        .scores = reading->scores,
        .score_count = reading->score_count,
    };
    return true;
}

static struct statement *select_rollups(const struct reading *reading)
{
    const struct cells_wanted *wanted = reading->wanted;
    struct statement *rows =
        db_sql(reading->shard->db,
               "SELECT model, criterion, segment, threshold, bucket_ms, scored, not_applicable,"
               "skipped, error, histogram FROM rollup WHERE run = (SELECT id FROM run WHERE name "
               "= ?) AND bucket_ms >= ? AND bucket_ms < ?");
    db_bind_text(rows, str_of(wanted->run ? wanted->run : "live"));
    db_bind_int(rows, wanted->from_ms);
    db_bind_int(rows, wanted->to_ms);
    return rows;
}

bool cells_each(struct stores *stores, const struct cells_wanted *wanted,
                bool (*take)(void *owner, const struct cell *cell, struct error *error),
                void *owner, struct error *error)
{
    bool fine = true;
    for (size_t i = 0; fine && i < stores->shard_count; i++) {
        struct error why = {0};
        struct reading reading = {.stores = stores,
                                  .shard = &stores->shards[i],
                                  .wanted = wanted,
                                  .model = -1,
                                  .criterion = -1,
                                  .segment = -1};
        struct statement *rows = select_rollups(&reading);
        struct cell cell;
        while (fine && db_row(rows)) {
            fine = look_up(&reading, rows, error);
            if (fine && reading.series && read_cell(&reading, rows, &cell))
                fine = take(owner, &cell, error);
        }
        db_end(rows);
        if (!db_ok(reading.shard->db, &why))
            problems_add(&stores->partial, reading.shard->path, "was read in part: %.200s",
                         why.text);
    }
    return fine;
}
