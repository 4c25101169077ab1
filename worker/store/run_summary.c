/* run_summary: what came out of a rerun, read from its rollups and chunks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "worker/store/histogram.h"
#include "worker/store/run_shards.h"
#include "worker/store/runs.h"

enum { KEY_BYTES = 512 };

static const double THRESHOLDS = 0x1p56; /* of sampling: kept iff hash >= threshold */

/* One criterion at one sampling threshold: whole numbers, which any order adds up the same. */
struct cell {
    char *key; /* rubric hash, criterion */
    json_t *names;
    int64_t threshold;
    int64_t scored, not_applicable, skipped, error, passed;
    int64_t redacted;    /* of not_applicable: the text holds masks */
    int64_t thousandths; /* sum of bins */
};

struct cells {
    struct cell *items;
    size_t count;
};

static struct cell *cell_at(struct cells *cells, const char *key, int64_t threshold,
                            struct statement *row)
{
    for (size_t i = 0; i < cells->count; i++)
        if (cells->items[i].threshold == threshold && strcmp(cells->items[i].key, key) == 0)
            return &cells->items[i];
    cells->items = memory_resize(cells->items, cells->count + 1, sizeof *cells->items);
    struct cell *cell = &cells->items[cells->count++];
    static const char *const names[] = {"rubric", "rubric_hash", "criterion", "criterion_hash",
                                        "dimension"};
    *cell = (struct cell){
        .key = memory_copy_string(key), .threshold = threshold, .names = json_object()};
    for (int i = 0; i < 5; i++)
        json_object_set_new(cell->names, names[i],
                            json_stringn(db_text(row, i).data, db_text(row, i).size));
    return cell;
}

static void add_bin(void *owner, uint32_t bin, uint32_t times)
{
    ((struct cell *)owner)->thousandths += (int64_t)bin * times;
}

static void cell_key(char key[KEY_BYTES], struct str rubric_hash, struct str criterion)
{
    snprintf(key, KEY_BYTES, "%.*s %.*s", STR_ARGS(rubric_hash), STR_ARGS(criterion));
}

static void read_cells(struct cells *cells, struct db *db, const char *name)
{
    struct statement *rows = db_sql(
        db, "SELECT rubric.name, rubric.hash, criterion.name, criterion.hash, dimension,"
            "rollup.threshold, scored, not_applicable, skipped, error, passed, histogram "
            "FROM rollup JOIN criterion ON criterion.id = criterion "
            "JOIN rubric ON rubric.id = rubric JOIN run ON run.id = run WHERE run.name = ?");
    db_bind_text(rows, str_of(name));
    while (db_row(rows)) {
        char key[KEY_BYTES];
        cell_key(key, db_text(rows, 1), db_text(rows, 2));
        struct cell *cell = cell_at(cells, key, db_int(rows, 5), rows);
        cell->scored += db_int(rows, 6);
        cell->not_applicable += db_int(rows, 7);
        cell->skipped += db_int(rows, 8);
        cell->error += db_int(rows, 9);
        cell->passed += db_int(rows, 10);
        bins_each(BINS, db_text(rows, 11), add_bin, cell);
    }
    db_end(rows);
}

/* Told of the criterion, whatever the sampling: with the first of its cells. */
static void read_redacted(struct cells *cells, struct db *db, const char *name)
{
    struct statement *rows = db_sql(
        db, "SELECT rubric.hash, criterion.name, count(*) FROM score JOIN criterion ON "
            "criterion.id = criterion JOIN rubric ON rubric.id = rubric JOIN run ON run.id = run "
            "WHERE run.name = ? AND status = 'not_applicable' AND reason = 'redacted' "
            "GROUP BY 1, 2");
    db_bind_text(rows, str_of(name));
    while (db_row(rows)) {
        char key[KEY_BYTES];
        bool told = false;
        cell_key(key, db_text(rows, 0), db_text(rows, 1));
        for (size_t i = 0; i < cells->count && !told; i++) {
            told = strcmp(cells->items[i].key, key) == 0;
            cells->items[i].redacted += told ? db_int(rows, 2) : 0;
        }
    }
    db_end(rows);
}

static int by_key(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;
    int order = strcmp(a->key, b->key);
    return order ? order : (a->threshold > b->threshold) - (a->threshold < b->threshold);
}

/* The cells of one criterion: counts as they are, mean and pass rate weighted by the inverse of the
 * probability with which a sample is in. Returns how many cells that were. */
static size_t criterion_json(const struct cell *cells, size_t count, json_t *criteria)
{
    int64_t scored = 0, not_applicable = 0, skipped = 0, error = 0, passed = 0, redacted = 0;
    double weight = 0, sum = 0, weight_passed = 0;
    size_t i = 0;
    for (; i < count && strcmp(cells[i].key, cells[0].key) == 0; i++) {
        double inverse = 1 / (1 - (double)cells[i].threshold / THRESHOLDS);
        scored += cells[i].scored;
        not_applicable += cells[i].not_applicable;
        skipped += cells[i].skipped;
        error += cells[i].error;
        passed += cells[i].passed;
        redacted += cells[i].redacted;
        weight += inverse * (double)cells[i].scored;
        sum += inverse * (double)cells[i].thousandths / 1000;
        weight_passed += inverse * (double)cells[i].passed;
    }
    json_t *one = json_copy(cells[0].names);
    bool composite = strcmp(json_string_value(json_object_get(one, "criterion")), "composite") == 0;
    json_object_update_new(
        one, json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "scored", (json_int_t)scored,
                       "not_applicable", (json_int_t)not_applicable, "redacted",
                       (json_int_t)redacted, "skipped", (json_int_t)skipped, "error",
                       (json_int_t)error, "mean",
                       weight > 0 ? json_real(sum / weight) : json_null(), "pass_rate",
                       weight > 0 && !composite ? json_real(weight_passed / weight) : json_null()));
    json_array_append_new(criteria, one);
    return i;
}

static json_t *criteria_json(struct cells *cells)
{
    json_t *criteria = json_array();
    if (cells->count)
        qsort(cells->items, cells->count, sizeof *cells->items, by_key);
    for (size_t i = 0; i < cells->count;)
        i += criterion_json(cells->items + i, cells->count - i, criteria);
    for (size_t i = 0; i < cells->count; i++) {
        free(cells->items[i].key);
        json_decref(cells->items[i].names);
    }
    free(cells->items);
    return criteria;
}

static void add_count(json_t *counts, const char *name, int64_t more)
{
    json_int_t before = json_integer_value(json_object_get(counts, name));
    json_object_set_new(counts, name, json_integer(before + more));
}

/* Those that do not add up to records: under names of their own. */
static json_t *home_of(json_t *summary, const char *key)
{
    if (strcmp(key, RUN_MASKED) == 0)
        return summary;
    bool judge = strcmp(key, RUN_JUDGE_CALLS) == 0 || strcmp(key, RUN_REMEMBERED) == 0;
    return json_object_get(summary, judge ? "judge" : "counts");
}

static void read_outcomes(json_t *summary, struct db *db, const char *name)
{
    struct statement *rows =
        db_sql(db, "SELECT key, sum(value) FROM chunk JOIN run ON run.id = run,"
                   "json_each(outcomes) WHERE run.name = ? GROUP BY key");
    db_bind_text(rows, str_of(name));
    while (db_row(rows)) {
        char *key = memory_copy_str(db_text(rows, 0));
        json_t *home = home_of(summary, key);
        bool calls = strcmp(key, RUN_JUDGE_CALLS) == 0;
        add_count(home, calls ? "calls" : key, db_int(rows, 1));
        free(key);
    }
    db_end(rows);
}

/* What is done of the plan, and what is not. */
static void add_up(json_t *summary)
{
    const char *key;
    json_t *count;
    json_int_t done = 0;
    json_int_t planned = json_integer_value(json_object_get(summary, "planned"));
    json_object_foreach(json_object_get(summary, "counts"), key, count)
        done += json_integer_value(count);
    json_object_set_new(summary, "done", json_integer(done));
    json_object_set_new(summary, "left", json_integer(planned - done));
}

static json_t *time_json(int64_t ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    return json_string(text);
}

/* Its parts may be many: how many there are is told. */
static void add_description(json_t *summary, struct str text)
{
    json_t *description = json_loadb(text.data, text.size, 0, NULL);
    json_t *plan = json_object_get(description, "plan");
    json_t *window = json_object_get(plan, "window_ms");
    int64_t from_ms = json_integer_value(json_array_get(window, 0));
    int64_t to_ms = json_integer_value(json_array_get(window, 1));
    json_object_set(summary, "asked", json_object_get(description, "asked"));
    json_object_set(summary, "planned", json_object_get(plan, "planned"));
    json_object_set(summary, "problems", json_object_get(plan, "problems"));
    json_object_set_new(summary, "parts",
                        json_integer((json_int_t)json_array_size(json_object_get(plan, "parts"))));
    if (from_ms >= 0)
        json_object_set_new(summary, "window", json_pack("{s:o, s:o}", "from", time_json(from_ms),
                                                         "to", time_json(to_ms)));
    json_decref(description);
}

static void read_run(json_t *summary, struct db *db, const char *name)
{
    struct statement *row = db_sql(db, "SELECT description, started_at_ms, ended_at_ms FROM run "
                                       "WHERE name = ? AND description NOT NULL");
    db_bind_text(row, str_of(name));
    if (db_row(row)) {
        add_description(summary, db_text(row, 0));
        json_object_set_new(summary, "started_at", time_json(db_int(row, 1)));
        if (db_text(row, 2).data)
            json_object_set_new(summary, "ended_at", time_json(db_int(row, 2)));
    }
    db_end(row);
}

json_t *run_summary(const char *dir, const char *name, struct error *error)
{
    struct run_shards shards;
    struct cells cells = {0};
    if (!run_shards_open(&shards, dir, name, error))
        return NULL;
    json_t *summary = json_pack(
        "{s:s, s:n, s:n, s:{}, s:n, s:i, s:i, s:[], s:{s:i,s:i,s:i,s:i,s:i,s:i,s:i}, s:i, s:{s:i,s:i}}",
        "run", name, "started_at", "ended_at", "asked", "window", "parts", 0, "planned", 0,
        "problems", "counts", "scored", 0, "unmatched", 0, "invalid", 0, "no_text", 0, "duplicate",
        0, "filtered", 0, "no_record", 0, RUN_MASKED, 0, "judge", "calls", 0, RUN_REMEMBERED, 0);
    for (size_t i = 0; i < shards.count; i++) {
        read_run(summary, shards.db[i], name);
        read_outcomes(summary, shards.db[i], name);
        read_cells(&cells, shards.db[i], name);
    }
    for (size_t i = 0; i < shards.count; i++)
        if (json_integer_value(json_object_get(summary, RUN_MASKED)))
            read_redacted(&cells, shards.db[i], name);
    add_up(summary);
    json_object_set_new(summary, "criteria", criteria_json(&cells));
    if (run_shards_close(&shards, error))
        return summary;
    json_decref(summary);
    return NULL;
}
