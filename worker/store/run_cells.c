/* run_cells: what a rerun scored, criterion by criterion, over all its shards. */
#include "worker/store/run_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/memory.h"
#include "worker/store/histogram.h"

enum { KEY_BYTES = 512 };

static const double THRESHOLDS = 0x1p56; /* of sampling: kept iff hash >= threshold */

/* One criterion at one sampling threshold: whole numbers, which any order adds up the same. */
struct run_cell {
    char *key; /* rubric hash, criterion */
    json_t *names;
    int64_t threshold;
    int64_t scored, not_applicable, skipped, error, passed;
    int64_t redacted;    /* of not_applicable: the text holds masks */
    int64_t thousandths; /* sum of bins */
};

static struct run_cell *cell_at(struct run_cells *cells, const char *key, int64_t threshold,
                            struct statement *row)
{
    for (size_t i = 0; i < cells->count; i++)
        if (cells->items[i].threshold == threshold && strcmp(cells->items[i].key, key) == 0)
            return &cells->items[i];
    cells->items = memory_resize(cells->items, cells->count + 1, sizeof *cells->items);
    struct run_cell *cell = &cells->items[cells->count++];
    static const char *const names[] = {"rubric", "rubric_hash", "criterion", "criterion_hash",
                                        "dimension"};
    *cell = (struct run_cell){
        .key = memory_copy_string(key), .threshold = threshold, .names = json_object()};
    for (int i = 0; i < 5; i++)
        json_object_set_new(cell->names, names[i],
                            json_stringn(db_text(row, i).data, db_text(row, i).size));
    return cell;
}

static void add_bin(void *owner, uint32_t bin, uint32_t times)
{
    ((struct run_cell *)owner)->thousandths += (int64_t)bin * times;
}

static void cell_key(char key[KEY_BYTES], struct str rubric_hash, struct str criterion)
{
    snprintf(key, KEY_BYTES, "%.*s %.*s", STR_ARGS(rubric_hash), STR_ARGS(criterion));
}

void run_cells_read(struct run_cells *cells, struct db *db, const char *name)
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
        struct run_cell *cell = cell_at(cells, key, db_int(rows, 5), rows);
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
void run_cells_read_redacted(struct run_cells *cells, struct db *db, const char *name)
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

/* As a rollup counted it. */
static void take_row(struct run_cell *cell, struct statement *row, bool redacted)
{
    struct str status = db_text(row, 6);
    if (str_is(status, "scored")) {
        cell->scored--;
        cell->passed -= db_int(row, 8) == 1;
        cell->thousandths -= lround(db_real(row, 7) * (BINS - 1));
    } else if (str_is(status, "error")) {
        cell->error--;
    } else if (str_is(status, "skipped")) {
        cell->skipped--;
    } else {
        cell->not_applicable--;
    }
    cell->redacted -= redacted && str_is(status, "not_applicable") &&
                      str_is(db_text(row, 9), "redacted");
}

void run_cells_take(struct run_cells *cells, struct db *db, const struct lost_chunk *lost,
                    bool redacted)
{
    struct statement *rows = db_sql(
        db, "SELECT rubric.name, rubric.hash, criterion.name, criterion.hash, dimension,"
            "probability, status, value, passed, s.reason FROM delivery d JOIN score s "
            "USING(run, source, off) JOIN criterion ON criterion.id = criterion "
            "JOIN rubric ON rubric.id = rubric WHERE d.run = ? AND d.source = ? AND d.off >= ? "
            "AND d.off < ? AND state = 'scored'");
    db_bind_int(rows, lost->run);
    db_bind_int(rows, lost->source);
    db_bind_int(rows, lost->first);
    db_bind_int(rows, lost->end);
    while (db_row(rows)) {
        char key[KEY_BYTES];
        cell_key(key, db_text(rows, 1), db_text(rows, 2));
        int64_t threshold = llround((1 - db_real(rows, 5)) * THRESHOLDS);
        take_row(cell_at(cells, key, threshold, rows), rows, redacted);
    }
    db_end(rows);
}

static int by_key(const void *left, const void *right)
{
    const struct run_cell *a = left, *b = right;
    int order = strcmp(a->key, b->key);
    return order ? order : (a->threshold > b->threshold) - (a->threshold < b->threshold);
}

/* The cells of one criterion: counts as they are, mean and pass rate weighted by the inverse of the
 * probability with which a sample is in. Returns how many cells that were. */
static size_t criterion_json(const struct run_cell *cells, size_t count, json_t *criteria)
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

json_t *run_cells_json(struct run_cells *cells)
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
