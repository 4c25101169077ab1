/* alarm_collect: what stores hold that no closed bucket has counted yet. */
#include "worker/alarm/alarm_collect.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/cells.h"
#include "worker/store/histogram.h"

struct cells {
    struct alarm_kept *items; /* each owns its histogram */
    size_t count, room;
};

struct collecting {
    struct alarm_state *state;
    const struct stores *stores;
    int64_t to_ms;
    struct cells held; /* what the stores hold: at_ms is a start */
    struct cells late; /* what is to be counted: at_ms is an end */
};

static void cells_add(struct cells *cells, const struct alarm_kept *cell, const uint32_t *bins)
{
    struct buffer packed = {0};
    bins_write(bins, BINS, &packed);
    if (cells->count == cells->room) {
        cells->room = cells->room ? 2 * cells->room : 256;
        cells->items = memory_resize(cells->items, cells->room, sizeof *cells->items);
    }
    cells->items[cells->count] = *cell;
    cells->items[cells->count++].histogram = (struct str){packed.data, packed.size};
}

static void cells_clear(struct cells *cells)
{
    for (size_t i = 0; i < cells->count; i++)
        free((char *)cells->items[i].histogram.data);
    free(cells->items);
    *cells = (struct cells){0};
}

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_place(const void *left, const void *right)
{
    const struct alarm_kept *a = left, *b = right;
    int order = compare(a->at_ms, b->at_ms);
    order = order ? order : compare(a->series, b->series);
    order = order ? order : compare(a->segment, b->segment);
    return order ? order : (a->threshold > b->threshold) - (a->threshold < b->threshold);
}

static void add_counts(struct alarm_kept *into, const struct alarm_kept *cell)
{
    into->statuses.scored += cell->statuses.scored;
    into->statuses.not_applicable += cell->statuses.not_applicable;
    into->statuses.skipped += cell->statuses.skipped;
    into->statuses.error += cell->statuses.error;
    into->passed += cell->passed;
}

/* Sorts, and adds up cells of one place. */
static void cells_merge(struct cells *cells)
{
    struct cells merged = {0};
    if (cells->count > 0)
        qsort(cells->items, cells->count, sizeof *cells->items, by_place);
    for (size_t i = 0; i < cells->count;) {
        uint32_t bins[BINS] = {0};
        struct alarm_kept whole = cells->items[i];
        bins_read(bins, BINS, whole.histogram);
        for (i++; i < cells->count && by_place(&cells->items[i], &whole) == 0; i++) {
            add_counts(&whole, &cells->items[i]);
            bins_read(bins, BINS, cells->items[i].histogram);
        }
        cells_add(&merged, &whole, bins);
    }
    cells_clear(cells);
    *cells = merged;
}

/* Old hours are one cell, in some shards sooner than in others: what may be so is looked at by the
 * hour in all of them. */
static int64_t start_of(const struct alarm_state *state, const struct cell *cell)
{
    bool hour = cell->length_ms == ALARM_HOUR_MS || cell->bucket_ms < alarm_state_hours_to(state);
    return cell->bucket_ms - cell->bucket_ms % (hour ? ALARM_HOUR_MS : ALARM_FIVE_MS);
}

static int64_t length_at(const struct alarm_state *state, int64_t start_ms)
{
    return start_ms < alarm_state_hours_to(state) ? ALARM_HOUR_MS : ALARM_FIVE_MS;
}

static bool take_cell(void *owner, const struct cell *cell, struct error *error)
{
    (void)error;
    struct collecting *collecting = owner;
    uint32_t bins[BINS] = {0};
    for (size_t i = 0; i < cell->score_count; i++)
        bins[cell->scores[i].bin] = cell->scores[i].count;
    struct alarm_kept kept = {
        .series = alarm_state_find_series(collecting->state, cell->series),
        .segment = alarm_state_find_segment(collecting->state,
                                            collecting->stores->segments[cell->segment]),
        .threshold = cell->threshold,
        .at_ms = start_of(collecting->state, cell),
        .statuses = cell->statuses,
        .passed = cell->passed,
    };
    cells_add(&collecting->held, &kept, bins);
    return true;
}

/* a - b in *a; false, and *a as it was, when something of b is not in a. */
static bool subtract(uint64_t *a, uint64_t b)
{
    if (*a < b)
        return false;
    *a -= b;
    return true;
}

/* What is left of a cell when what was taken of it before is gone. */
struct rest {
    struct alarm_kept cell;
    uint32_t bins[BINS];
    bool less; /* than was taken */
};

static void subtract_taken(void *owner, const struct alarm_kept *taken)
{
    struct rest *rest = owner;
    struct status_counts *left = &rest->cell.statuses;
    uint32_t before[BINS] = {0};
    bool enough = true;
    bins_read(before, BINS, taken->histogram);
    for (size_t q = 0; q < BINS; q++) {
        enough = enough && rest->bins[q] >= before[q];
        rest->bins[q] -= before[q];
    }
    if (!enough || !subtract(&left->scored, taken->statuses.scored) ||
        !subtract(&left->not_applicable, taken->statuses.not_applicable) ||
        !subtract(&left->skipped, taken->statuses.skipped) ||
        !subtract(&left->error, taken->statuses.error) ||
        !subtract(&rest->cell.passed, taken->passed))
        rest->less = true;
}

static bool is_empty(const struct alarm_kept *cell)
{
    const struct status_counts *statuses = &cell->statuses;
    return statuses->scored + statuses->not_applicable + statuses->skipped + statuses->error == 0;
}

/* The end of its own bucket, of the first that is open when that is closed. */
static int64_t bucket_of(const struct collecting *collecting, const struct alarm_kept *held,
                         int64_t length_ms)
{
    int64_t next_ms = alarm_state_closed_to(collecting->state) + ALARM_FIVE_MS;
    int64_t own_ms = held->at_ms + length_ms;
    own_ms = own_ms > next_ms ? own_ms : next_ms;
    return own_ms < collecting->to_ms ? own_ms : collecting->to_ms;
}

static void count_rest(struct collecting *collecting, const struct alarm_kept *held)
{
    int64_t length_ms = length_at(collecting->state, held->at_ms);
    struct rest rest = {.cell = *held};
    bins_read(rest.bins, BINS, held->histogram);
    alarm_kept_taken(collecting->state, held, length_ms, subtract_taken, &rest);
    if (rest.less || is_empty(&rest.cell))
        return;
    rest.cell.at_ms = bucket_of(collecting, held, length_ms);
    cells_add(&collecting->late, &rest.cell, rest.bins);
    alarm_kept_take(collecting->state, held, length_ms);
}

/* A folder without a shard, say of a worker that is not up yet, is a part that is missing. */
static void open_stores(struct stores *stores, const char *const *names, size_t name_count)
{
    for (size_t i = 0; i < name_count; i++) {
        struct error why = {0};
        if (!stores_add(stores, names[i], &why))
            problems_add(&stores->partial, names[i], "%s", why.text);
    }
}

static void tell_partial(const struct stores *stores, struct problems *partial)
{
    for (size_t i = 0; i < stores->partial.count; i++)
        problems_add(partial, "", "%s", stores->partial.lines[i]);
}

bool alarm_collect(struct alarm_state *state, const char *const *names, size_t name_count,
                   int64_t from_ms, int64_t to_ms, struct problems *partial,
                   struct alarm_collected *out, struct error *error)
{
    struct stores stores = {.from_ms = from_ms, .to_ms = to_ms};
    struct collecting collecting = {.state = state, .stores = &stores, .to_ms = to_ms};
    const struct cells_wanted wanted = {.from_ms = from_ms, .to_ms = to_ms};
    open_stores(&stores, names, name_count);
    if (stores.hours_to_ms > alarm_state_hours_to(state))
        alarm_state_set_hours_to(state, stores.hours_to_ms);
    bool fine = cells_each(&stores, &wanted, take_cell, &collecting, error);
    cells_merge(&collecting.held);
    for (size_t i = 0; fine && i < collecting.held.count; i++)
        count_rest(&collecting, &collecting.held.items[i]);
    cells_clear(&collecting.held);
    cells_merge(&collecting.late);
    tell_partial(&stores, partial);
    *out =
        (struct alarm_collected){collecting.late.items, collecting.late.count, stores.shard_count};
    stores_close(&stores);
    return fine;
}

void alarm_collected_clear(struct alarm_collected *collected)
{
    struct cells cells = {.items = collected->buckets, .count = collected->count};
    cells_clear(&cells);
    *collected = (struct alarm_collected){0};
}
