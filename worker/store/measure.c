/* measure: what acked rows say beside scores: how long, how much, and which label. */
#include "worker/store/measure.h"

#include <math.h>
#include <stdlib.h>
#include "schema/base/log_bins.h"
#include "schema/base/memory.h"

/* As table measure spells them. */
static const char *const NAMES[MEASURES] = {
    [MEASURE_EVALUATION_US] = "evaluation_us", [MEASURE_INFERENCE_US] = "inference_us",
    [MEASURE_INPUT_TOKENS] = "input_tokens",   [MEASURE_OUTPUT_TOKENS] = "output_tokens",
    [MEASURE_PROMPT_BYTES] = "prompt_bytes",   [MEASURE_RESPONSE_BYTES] = "response_bytes",
};

/* A row of table measure for each measure, of one key. */
struct measure_cell {
    struct rollup_key key;
    uint32_t bins[MEASURES][MEASURE_BINS];
};

struct category_cell {
    struct rollup_key key;
    int64_t criterion, label, count;
};

uint32_t measure_bin(double value)
{
    if (!(value > 0))
        return 0;
    if (value <= MEASURE_EXACT_MAX)
        return (uint32_t)lround(value);
    size_t bin = MEASURE_EXACT_MAX + log_bin_of(value / MEASURE_EXACT_MAX);
    return bin < MEASURE_BINS ? (uint32_t)bin : MEASURE_BINS - 1;
}

double measure_value(uint32_t bin)
{
    return bin <= MEASURE_EXACT_MAX ? bin
                                    : MEASURE_EXACT_MAX * log_bin_value(bin - MEASURE_EXACT_MAX);
}

const char *measure_name(enum measure measure)
{
    return NAMES[measure];
}

static struct measure_cell *find_cell(struct measures *measures, const struct rollup_key *key)
{
    for (size_t i = 0; i < measures->cell_count; i++)
        if (rollup_same_key(&measures->cells[i]->key, key))
            return measures->cells[i];
    measures->cells = memory_resize(measures->cells, measures->cell_count + 1, sizeof(void *));
    struct measure_cell *cell = memory_new(1, sizeof *cell);
    cell->key = *key;
    measures->cells[measures->cell_count++] = cell;
    return cell;
}

void measures_add(struct measures *measures, const struct rollup_key *key,
                  const double values[MEASURES])
{
    struct measure_cell *cell = find_cell(measures, key);
    for (int i = 0; i < MEASURES; i++)
        if (!isnan(values[i]))
            cell->bins[i][measure_bin(values[i])]++;
}

void measures_add_label(struct measures *measures, const struct rollup_key *key, int64_t criterion,
                        int64_t label)
{
    for (size_t i = 0; i < measures->category_count; i++) {
        struct category_cell *cell = &measures->categories[i];
        if (cell->label == label && cell->criterion == criterion &&
            rollup_same_key(&cell->key, key)) {
            cell->count++;
            return;
        }
    }
    measures->categories = memory_resize(measures->categories, measures->category_count + 1,
                                         sizeof *measures->categories);
    measures->categories[measures->category_count++] = (struct category_cell){
        .key = *key, .criterion = criterion, .label = label, .count = 1};
}

/* ---- rows ---- */

static uint64_t total(const uint32_t bins[MEASURE_BINS])
{
    uint64_t n = 0;
    for (int i = 0; i < MEASURE_BINS; i++)
        n += bins[i];
    return n;
}

static void bind_key(struct statement *statement, const char *name, const struct rollup_key *key)
{
    db_bind_int(statement, key->run);
    db_bind_int(statement, key->model);
    db_bind_text(statement, str_of(name));
    db_bind_int(statement, key->segment);
    db_bind_int(statement, key->threshold);
    db_bind_int(statement, key->bucket_ms);
}

/* What the row holds already is added, then the whole row is written. */
static void write_bins(struct store *store, const char *name, const struct rollup_key *key,
                       uint32_t bins[MEASURE_BINS])
{
    struct statement *read =
        db_sql(store->db, "SELECT histogram FROM measure WHERE run = ? AND model = ? AND name = ? "
                          "AND segment = ? AND threshold = ? AND bucket_ms = ?");
    bind_key(read, name, key);
    if (db_row(read))
        bins_read(bins, MEASURE_BINS, db_text(read, 0));
    db_end(read);
    struct buffer histogram = {0};
    bins_write(bins, MEASURE_BINS, &histogram);
    struct statement *write =
        db_sql(store->db, "INSERT INTO measure VALUES(?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                          "n = excluded.n, histogram = excluded.histogram");
    bind_key(write, name, key);
    db_bind_int(write, (int64_t)total(bins));
    db_bind_blob(write, buffer_str(&histogram));
    db_do(write);
    buffer_clear(&histogram);
}

static void write_category(struct store *store, const struct category_cell *cell)
{
    struct statement *write =
        db_sql(store->db, "INSERT INTO category VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(run, model,"
                          "criterion, label, segment, threshold, bucket_ms) "
                          "DO UPDATE SET n = n + excluded.n");
    db_bind_int(write, cell->key.run);
    db_bind_int(write, cell->key.model);
    db_bind_int(write, cell->criterion);
    db_bind_int(write, cell->label);
    db_bind_int(write, cell->key.segment);
    db_bind_int(write, cell->key.threshold);
    db_bind_int(write, cell->key.bucket_ms);
    db_bind_int(write, cell->count);
    db_do(write);
}

void measures_write(const struct measures *measures, struct store *store)
{
    for (size_t i = 0; i < measures->cell_count; i++) {
        struct measure_cell *cell = measures->cells[i];
        for (int m = 0; m < MEASURES; m++)
            if (total(cell->bins[m]) > 0)
                write_bins(store, NAMES[m], &cell->key, cell->bins[m]);
    }
    for (size_t i = 0; i < measures->category_count; i++)
        write_category(store, &measures->categories[i]);
}

void measures_clear(struct measures *measures)
{
    for (size_t i = 0; i < measures->cell_count; i++)
        free(measures->cells[i]);
    free(measures->cells);
    free(measures->categories);
    *measures = (struct measures){0};
}
