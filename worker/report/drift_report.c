/* drift_report: the drift of everything that stores hold. */
#include "worker/report/drift_report.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/base/memory.h"
#include "worker/store/db.h"
#include "worker/store/histogram.h"
#include "worker/store/store.h"

enum { PATH_BYTES = 4096 };

_Static_assert((int)BINS == (int)SCORE_BINS, "rollups and statistics have the same bins");

/* ---- reading a shard ---- */

/* Reads the rollups of one shard. Its rows are in the order of its ids, so that those of a series
 * come together. */
struct reading {
    struct drift_report *report;
    struct db *db;
    const char *path;
    int64_t model, criterion; /* ids of the row before */
    size_t series;            /* its series; NOT_WANTED: of another model */
    struct bin_count scores[BINS];
    size_t score_count;
};

static const size_t NOT_WANTED = SIZE_MAX;

static bool is_series(const struct report_series *series, struct statement *names)
{
    return str_is(db_text(names, 0), series->model) &&
           str_is(db_text(names, 1), series->criterion) && str_is(db_text(names, 3), series->hash);
}

/* The series of these names, made when it is new. False: too many. */
static bool find_series(struct reading *reading, struct statement *names)
{
    struct drift_report *report = reading->report;
    for (reading->series = 0; reading->series < report->count; reading->series++)
        if (is_series(&report->series[reading->series], names))
            return true;
    if (report->count == REPORT_SERIES_MAX)
        return false;
    report->series = memory_resize(report->series, report->count + 1, sizeof *report->series);
    report->series[report->count++] =
        (struct report_series){.model = memory_copy_str(db_text(names, 0)),
                               .criterion = memory_copy_str(db_text(names, 1)),
                               .dimension = memory_copy_str(db_text(names, 2)),
                               .hash = memory_copy_str(db_text(names, 3)),
                               .cells = drift_series_new(&report->question)};
    return true;
}

/* Ids mean something in their shard only: names tell which series a row is of. */
static bool look_up(struct reading *reading, int64_t model, int64_t criterion)
{
    const char *wanted = reading->report->model;
    struct statement *names =
        db_sql(reading->db, "SELECT coalesce((SELECT text FROM word WHERE id = ?), ''), name,"
                            "dimension, hash FROM criterion WHERE id = ?");
    db_bind_int(names, model);
    db_bind_int(names, criterion);
    bool fine = true;
    reading->series = NOT_WANTED;
    if (db_row(names) && (!wanted || str_is(db_text(names, 0), wanted)))
        fine = find_series(reading, names);
    db_end(names);
    reading->model = model;
    reading->criterion = criterion;
    return fine;
}

static void take_score(void *owner, uint32_t bin, uint32_t times)
{
    struct reading *reading = owner;
    if (reading->score_count < BINS)
        reading->scores[reading->score_count++] = (struct bin_count){bin, times};
}

static void add_cell(struct reading *reading, struct statement *row)
{
    struct problems *partial = &reading->report->partial;
    reading->score_count = 0;
    if (!bins_each(BINS, db_text(row, 9), take_score, reading)) {
        problems_add(partial, reading->path, "a histogram is damaged: its scores do not count");
        return;
    }
    struct drift_cell cell = {
        .segment = db_int(row, 2),
        .threshold = (uint64_t)db_int(row, 3),
        .bucket_ms = db_int(row, 4),
        .statuses = {(uint64_t)db_int(row, 5), (uint64_t)db_int(row, 6), (uint64_t)db_int(row, 7),
                     (uint64_t)db_int(row, 8)},
        .scores = reading->scores,
        .score_count = reading->score_count,
    };
    const struct report_series *series = &reading->report->series[reading->series];
    if (!drift_series_add(series->cells, &cell))
        problems_add(partial, reading->path,
                     "more than %d segments or %d probabilities of %s: the rest does not count",
                     DRIFT_SEGMENTS_MAX, SAMPLING_THRESHOLDS_MAX, series->criterion);
}

static bool read_cells(struct drift_report *report, struct db *db, const char *path,
                       struct error *error)
{
    struct reading reading = {.report = report, .db = db, .path = path, .criterion = -1};
    struct statement *rows =
        db_sql(db, "SELECT model, criterion, segment, threshold, bucket_ms, scored, not_applicable,"
                   "skipped, error, histogram FROM rollup WHERE run = 1 AND bucket_ms >= ? AND "
                   "bucket_ms < ?");
    db_bind_int(rows, report->question.base.from_ms);
    db_bind_int(rows, report->question.current.to_ms);
    bool fine = true;
    while (fine && db_row(rows)) {
        int64_t model = db_int(rows, 0), criterion = db_int(rows, 1);
        if (model != reading.model || criterion != reading.criterion)
            fine = look_up(&reading, model, criterion);
        if (fine && reading.series != NOT_WANTED)
            add_cell(&reading, rows);
    }
    db_end(rows);
    return fine ||
           error_set(error, ERROR_INPUT, "%s: more than %d models and criteria: name a model", path,
                     REPORT_SERIES_MAX);
}

static char *shard_name(struct db *db)
{
    struct statement *read = db_sql(db, "SELECT value FROM meta WHERE name = 'shard'");
    char *name = memory_copy_str(db_row(read) ? db_text(read, 0) : STR(""));
    db_end(read);
    return name;
}

static void read_tenures(struct drift_report *report, struct db *db, const char *shard)
{
    struct statement *rows = db_sql(
        db, "SELECT topic || '/' || incarnation || '/' || partition, predecessor, number, start,"
            "acked_to, low_water FROM tenure JOIN source ON source.id = source WHERE run = 1");
    while (db_row(rows)) {
        report->tenures =
            memory_resize(report->tenures, report->tenure_count + 1, sizeof *report->tenures);
        report->tenures[report->tenure_count++] =
            (struct report_tenure){.source = memory_copy_str(db_text(rows, 0)),
                                   .shard = memory_copy_string(shard),
                                   .predecessor = memory_copy_str(db_text(rows, 1)),
                                   .number = db_int(rows, 2),
                                   .start = db_int(rows, 3),
                                   .acked_to = db_int(rows, 4),
                                   .low_water = db_int(rows, 5)};
    }
    db_end(rows);
}

/* What a newer program wrote may mean something else. */
static bool is_newer(struct db *db)
{
    struct statement *read = db_sql(db, "PRAGMA user_version");
    int64_t version = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return version > STORE_SCHEMA_VERSION;
}

static bool is_known(const struct drift_report *report, const char *shard)
{
    for (size_t i = 0; i < report->shard_count; i++)
        if (strcmp(report->shards[i], shard) == 0)
            return true;
    return false;
}

static bool take_shard(struct drift_report *report, struct db *db, const char *shard,
                       const char *path, struct error *error)
{
    struct error why = {0};
    bool fine = read_cells(report, db, path, error);
    read_tenures(report, db, shard);
    report->shards = memory_resize(report->shards, report->shard_count + 1, sizeof *report->shards);
    report->shards[report->shard_count++] = memory_copy_string(shard);
    if (!db_ok(db, &why))
        problems_add(&report->partial, path, "was read in part: %.200s", why.text);
    return fine;
}

/* One snapshot: rollups and tenures of a shard are told as of one moment. */
static bool read_shard(struct drift_report *report, const char *path, struct error *error)
{
    struct error why = {0};
    struct db *db = db_open(path, DB_READER, &why);
    if (!db) {
        problems_add(&report->partial, path, "cannot be read and is left out: %.200s", why.text);
        return true;
    }
    db_run(db, "BEGIN");
    char *shard = shard_name(db);
    bool newer = is_newer(db), fine = true;
    if (!db_ok(db, &why))
        problems_add(&report->partial, path, "cannot be read and is left out: %.200s", why.text);
    else if (newer)
        problems_add(&report->partial, path, "was written by a newer assay and is left out");
    else if (is_known(report, shard))
        problems_add(&report->partial, path, "is shard %s, which was read already", shard);
    else
        fine = take_shard(report, db, shard, path, error);
    free(shard);
    db_close(db);
    return fine;
}

bool drift_report_add(struct drift_report *report, const char *dir, struct error *error)
{
    bool any = false, fine = true;
    for (int number = 0; fine && number < STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%.4000s/shard-%04d.db", dir, number);
        if (access(path, F_OK) != 0)
            continue;
        any = true;
        fine = read_shard(report, path, error);
    }
    if (!any)
        return error_set(error, ERROR_INPUT,
                         "%.200s holds no shard (shard-NNNN.db): is it the store of a worker or of "
                         "assay eval --store?",
                         dir);
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
            bool same_name = i != j && strcmp(one->model, other->model) == 0 &&
                             strcmp(one->criterion, other->criterion) == 0;
            if (same_name &&
                ((a->base.n == 0 && b->base.n > 0) || (a->current.n == 0 && b->current.n > 0)))
                one->changed = true;
        }
    }
}

/* Worse first, then better, then unknown, then fine; the surest change first. */
static int rank_of(enum drift_verdict verdict)
{
    static const int ranks[] = {[DRIFT_WORSE] = 0,
                                [DRIFT_BETTER] = 1,
                                [DRIFT_NOT_ENOUGH_DATA] = 2,
                                [DRIFT_NO_MEANINGFUL_CHANGE] = 3};
    return ranks[verdict];
}

static int by_need(const void *left, const void *right)
{
    const struct report_series *a = left, *b = right;
    int order = rank_of(a->answer.all.verdict) - rank_of(b->answer.all.verdict);
    if (order == 0 && a->answer.all.guaranteed != b->answer.all.guaranteed)
        order = a->answer.all.guaranteed > b->answer.all.guaranteed ? -1 : 1;
    if (order == 0)
        order = strcmp(a->model, b->model);
    if (order == 0)
        order = strcmp(a->criterion, b->criterion);
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
    for (size_t i = 0; i < at; i++)
        report->tested += !isnan(all[i]->p_adjusted);
    free(all);
}

void drift_report_finish(struct drift_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        drift_series_answer(report->series[i].cells, &report->series[i].answer);
    adjust(report);
    mark_changed(report);
    if (report->count > 0)
        qsort(report->series, report->count, sizeof *report->series, by_need);
    if (report->shard_count > 0)
        qsort(report->shards, report->shard_count, sizeof *report->shards, by_text);
    report_check_tenures(report);
}

bool drift_report_is_worse(const struct drift_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->series[i].answer.all.verdict == DRIFT_WORSE)
            return true;
    return false;
}

void drift_report_clear(struct drift_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        struct report_series *series = &report->series[i];
        free(series->model);
        free(series->criterion);
        free(series->dimension);
        free(series->hash);
        drift_series_free(series->cells);
        drift_answer_clear(&series->answer);
    }
    for (size_t i = 0; i < report->shard_count; i++)
        free(report->shards[i]);
    for (size_t i = 0; i < report->tenure_count; i++) {
        free(report->tenures[i].source);
        free(report->tenures[i].shard);
        free(report->tenures[i].predecessor);
    }
    free(report->series);
    free(report->shards);
    free(report->tenures);
    problems_clear(&report->partial);
    *report = (struct drift_report){0};
}
