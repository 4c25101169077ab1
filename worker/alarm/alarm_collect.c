/* alarm_collect: what stores hold that no closed bucket has counted yet. */
#include "worker/alarm/alarm_collect.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/alarm/alarm_cells.h"
#include "worker/report/reading/cells.h"
#include "worker/store/histogram.h"

struct collecting {
    struct alarm_state *state;
    const struct stores *stores;
    int64_t to_ms;
    int64_t *series, *segments; /* ids by the numbers of the stores; 0: not looked up yet */
    size_t series_count, segment_count;
    struct alarm_cells held;  /* what the stores hold: at_ms is a start */
    struct alarm_cells taken; /* what was taken of that before */
    struct alarm_cells late;  /* what is to be counted: at_ms is an end */
};

/* ---- what the stores hold ---- */

/* The place for an id. */
static int64_t *id_at(int64_t **ids, size_t *count, size_t number)
{
    if (number >= *count) {
        *ids = memory_resize(*ids, number + 1, sizeof **ids);
        memset(*ids + *count, 0, (number + 1 - *count) * sizeof **ids);
        *count = number + 1;
    }
    return &(*ids)[number];
}

static int64_t series_of(struct collecting *collecting, const struct cell_series *names)
{
    int64_t *id = id_at(&collecting->series, &collecting->series_count, names->number);
    if (*id == 0)
        *id = alarm_state_find_series(collecting->state, names);
    return *id;
}

static int64_t segment_of(struct collecting *collecting, size_t number)
{
    int64_t *id = id_at(&collecting->segments, &collecting->segment_count, number);
    if (*id == 0)
        *id = alarm_state_find_segment(collecting->state, collecting->stores->segments[number]);
    return *id;
}

/* Old hours are one cell, in some shards sooner than in others: what may be so is looked at by the
 * hour in all of them. */
static int64_t start_of(const struct alarm_state *state, int64_t at_ms)
{
    return at_ms - at_ms % (at_ms < alarm_state_hours_to(state) ? ALARM_HOUR_MS : ALARM_FIVE_MS);
}

static int64_t length_at(const struct alarm_state *state, int64_t start_ms)
{
    return start_ms < alarm_state_hours_to(state) ? ALARM_HOUR_MS : ALARM_FIVE_MS;
}

static bool take_cell(void *owner, const struct cell *cell, struct error *error)
{
    (void)error;
    struct collecting *collecting = owner;
    struct buffer histogram = {0};
    uint32_t previous = 0;
    for (size_t i = 0; i < cell->score_count; i++)
        bins_append(&histogram, &previous, cell->scores[i].bin, cell->scores[i].count);
    struct alarm_kept kept = {
        .series = series_of(collecting, cell->series),
        .segment = segment_of(collecting, cell->segment),
        .threshold = cell->threshold,
        .at_ms = start_of(collecting->state, cell->bucket_ms),
        .statuses = cell->statuses,
        .passed = cell->passed,
        .histogram = buffer_str(&histogram),
    };
    alarm_cells_add(&collecting->held, &kept);
    buffer_clear(&histogram);
    return true;
}

static void take_taken(void *owner, const struct alarm_kept *taken)
{
    struct collecting *collecting = owner;
    struct alarm_kept here = *taken;
    here.at_ms = start_of(collecting->state, taken->at_ms);
    alarm_cells_add(&collecting->taken, &here);
}

/* ---- what is left of it ---- */

/* a - b in *a; false, and *a as it was, when something of b is not in a. */
static bool subtract(uint64_t *a, uint64_t b)
{
    if (*a < b)
        return false;
    *a -= b;
    return true;
}

static bool subtract_bins(struct str *histogram, struct str taken, struct buffer *out)
{
    uint32_t bins[BINS] = {0}, before[BINS] = {0};
    bins_read(bins, BINS, *histogram);
    bins_read(before, BINS, taken);
    for (size_t q = 0; q < BINS; q++) {
        if (bins[q] < before[q])
            return false;
        bins[q] -= before[q];
    }
    bins_write(bins, BINS, out);
    *histogram = buffer_str(out);
    return true;
}

/* False: less is held than was taken. The histogram lives in `out`. */
static bool subtract_taken(struct alarm_kept *rest, const struct alarm_kept *taken,
                           struct buffer *out)
{
    struct status_counts *left = &rest->statuses;
    return subtract_bins(&rest->histogram, taken->histogram, out) &&
           subtract(&left->scored, taken->statuses.scored) &&
           subtract(&left->not_applicable, taken->statuses.not_applicable) &&
           subtract(&left->skipped, taken->statuses.skipped) &&
           subtract(&left->error, taken->statuses.error) && subtract(&rest->passed, taken->passed);
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

static void count_rest(struct collecting *collecting, const struct alarm_kept *held,
                       const struct alarm_kept *taken)
{
    int64_t length_ms = length_at(collecting->state, held->at_ms);
    struct alarm_kept rest = *held;
    struct buffer histogram = {0};
    if ((!taken || subtract_taken(&rest, taken, &histogram)) && !is_empty(&rest) &&
        rest.passed <= rest.statuses.scored) {
        rest.at_ms = bucket_of(collecting, held, length_ms);
        alarm_cells_add(&collecting->late, &rest);
        alarm_kept_take(collecting->state, held, length_ms);
    }
    buffer_clear(&histogram);
}

/* Both lists are sorted by place; most of what is held was taken as it is. */
static void count_rests(struct collecting *collecting)
{
    const struct alarm_cells *held = &collecting->held, *taken = &collecting->taken;
    for (size_t i = 0, t = 0; i < held->count; i++) {
        const struct alarm_kept *cell = &held->items[i], *before = NULL;
        while (t < taken->count && alarm_cells_order(&taken->items[t], cell) < 0)
            t++;
        if (t < taken->count && alarm_cells_order(&taken->items[t], cell) == 0)
            before = &taken->items[t];
        if (!before || !alarm_cells_same(before, cell))
            count_rest(collecting, cell, before);
    }
}

/* A folder without a shard, say of a worker that is not up yet, is a part that is missing. */
static void open_stores(struct stores *stores, const char *const *names, size_t name_count)
{
    for (size_t i = 0; i < name_count; i++) {
        struct error why = {0};
        if (!stores_add(stores, names[i], &why))
            problems_add(&stores->partial, "", "%s", why.text);
    }
}

static void tell_partial(const struct stores *stores, struct problems *partial)
{
    for (size_t i = 0; i < stores->partial.count; i++)
        problems_add(partial, "", "%s", stores->partial.lines[i]);
}

/* All but what was found. */
static void clear(struct collecting *collecting)
{
    alarm_cells_clear(&collecting->held);
    alarm_cells_clear(&collecting->taken);
    free(collecting->series);
    free(collecting->segments);
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
    alarm_kept_each_taken(state, take_taken, &collecting);
    alarm_cells_merge(&collecting.held);
    alarm_cells_merge(&collecting.taken);
    if (fine)
        count_rests(&collecting);
    alarm_cells_merge(&collecting.late);
    tell_partial(&stores, partial);
    clear(&collecting);
    *out =
        (struct alarm_collected){collecting.late.items, collecting.late.count, stores.shard_count};
    stores_close(&stores);
    return fine;
}

void alarm_collected_clear(struct alarm_collected *collected)
{
    struct alarm_cells cells = {.items = collected->buckets, .count = collected->count};
    alarm_cells_clear(&cells);
    *collected = (struct alarm_collected){0};
}
