/* rollup: what acked rows add to the histograms of scores that reports read. */
#include "worker/store/rollup.h"

#include <math.h>
#include <stdlib.h>
#include "schema/base/memory.h"

enum { SLOTS_AT_FIRST = 64 };

/* A row of table rollup. */
struct rollup_cell {
    struct rollup_key key;
    int64_t criterion;
    int64_t scored, not_applicable, skipped, error, passed;
    uint32_t bins[BINS];
};

int64_t rollup_threshold(double probability)
{
    return (int64_t)llround((1 - probability) * 0x1p56);
}

bool rollup_same_key(const struct rollup_key *a, const struct rollup_key *b)
{
    return a->bucket_ms == b->bucket_ms && a->model == b->model && a->segment == b->segment &&
           a->threshold == b->threshold && a->run == b->run;
}

/* ---- cells by key ---- */

static uint64_t mix(uint64_t hash, int64_t value)
{
    hash = (hash ^ (uint64_t)value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

static size_t first_slot(const struct rollups *rollups, const struct rollup_key *key,
                         int64_t criterion)
{
    uint64_t hash = mix(mix(mix(mix(0, criterion), key->segment), key->bucket_ms), key->run);
    return mix(mix(hash, key->model), key->threshold) & (rollups->slot_count - 1);
}

/* The slot of a cell, or the free one where it belongs. */
static uint32_t *slot_of(struct rollups *rollups, const struct rollup_key *key, int64_t criterion)
{
    size_t at = first_slot(rollups, key, criterion);
    for (;; at = (at + 1) & (rollups->slot_count - 1)) {
        uint32_t number = rollups->slots[at];
        const struct rollup_cell *cell = number ? rollups->cells[number - 1] : NULL;
        if (!cell || (cell->criterion == criterion && rollup_same_key(&cell->key, key)))
            return &rollups->slots[at];
    }
}

static void make_room(struct rollups *rollups)
{
    if (rollups->count < rollups->slot_count / 2)
        return;
    rollups->slot_count = rollups->slot_count ? rollups->slot_count * 2 : SLOTS_AT_FIRST;
    free(rollups->slots);
    rollups->slots = memory_new(rollups->slot_count, sizeof *rollups->slots);
    rollups->cells = memory_resize(rollups->cells, rollups->slot_count, sizeof(void *));
    for (size_t i = 0; i < rollups->count; i++)
        *slot_of(rollups, &rollups->cells[i]->key, rollups->cells[i]->criterion) =
            (uint32_t)i + 1;
}

static struct rollup_cell *find_cell(struct rollups *rollups, const struct rollup_key *key,
                                     int64_t criterion)
{
    make_room(rollups);
    uint32_t *slot = slot_of(rollups, key, criterion);
    if (*slot)
        return rollups->cells[*slot - 1];
    struct rollup_cell *cell = memory_new(1, sizeof *cell);
    cell->key = *key;
    cell->criterion = criterion;
    rollups->cells[rollups->count++] = cell;
    *slot = (uint32_t)rollups->count;
    return cell;
}

void rollups_add(struct rollups *rollups, const struct rollup_key *key, int64_t criterion,
                 struct str status, double value, int64_t passed)
{
    struct rollup_cell *cell = find_cell(rollups, key, criterion);
    if (str_is(status, "scored")) {
        cell->scored++;
        cell->passed += passed == 1;
        cell->bins[lround(value * (BINS - 1))]++;
    } else if (str_is(status, "error")) {
        cell->error++;
    } else if (str_is(status, "skipped")) {
        cell->skipped++;
    } else {
        cell->not_applicable++;
    }
}

static void bind_cell_key(struct statement *statement, const struct rollup_cell *cell)
{
    db_bind_int(statement, cell->key.run);
    db_bind_int(statement, cell->key.model);
    db_bind_int(statement, cell->criterion);
    db_bind_int(statement, cell->key.segment);
    db_bind_int(statement, cell->key.threshold);
    db_bind_int(statement, cell->key.bucket_ms);
}

/* What the cell holds already is added, then the whole cell is written. */
static void write_cell(struct store *store, struct rollup_cell *cell)
{
    struct statement *read =
        db_sql(store->db,
               "SELECT scored, not_applicable, skipped, error, passed, histogram FROM rollup "
               "WHERE run = ? AND model = ? AND criterion = ? AND segment = ? AND threshold = ? "
               "AND bucket_ms = ?");
    bind_cell_key(read, cell);
    if (db_row(read)) {
        cell->scored += db_int(read, 0);
        cell->not_applicable += db_int(read, 1);
        cell->skipped += db_int(read, 2);
        cell->error += db_int(read, 3);
        cell->passed += db_int(read, 4);
        bins_read(cell->bins, BINS, db_text(read, 5));
    }
    db_end(read);
    struct buffer histogram = {0};
    bins_write(cell->bins, BINS, &histogram);
    struct statement *write = db_sql(
        store->db, "INSERT INTO rollup VALUES(?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                   "scored = excluded.scored, not_applicable = excluded.not_applicable,"
                   "skipped = excluded.skipped, error = excluded.error,"
                   "passed = excluded.passed, histogram = excluded.histogram");
    bind_cell_key(write, cell);
    db_bind_int(write, cell->scored);
    db_bind_int(write, cell->not_applicable);
    db_bind_int(write, cell->skipped);
    db_bind_int(write, cell->error);
    db_bind_int(write, cell->passed);
    db_bind_blob(write, buffer_str(&histogram));
    db_do(write);
    buffer_clear(&histogram);
}

void rollups_write(const struct rollups *rollups, struct store *store)
{
    for (size_t i = 0; i < rollups->count; i++)
        write_cell(store, rollups->cells[i]);
}

void rollups_clear(struct rollups *rollups)
{
    for (size_t i = 0; i < rollups->count; i++)
        free(rollups->cells[i]);
    free(rollups->cells);
    free(rollups->slots);
    *rollups = (struct rollups){0};
}
