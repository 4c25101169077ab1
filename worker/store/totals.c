/* totals: what acked rows add up to since the process began, for Prometheus. */
#include "worker/store/totals.h"

#include <stdbool.h>
#include <stdlib.h>
#include "schema/base/memory.h"

enum { SLOTS_MIN = 64 };

/* ---- histograms ---- */

/* Common thresholds of scores; durations from a few rules to a judge's deadline. */
static const double SCORE_BOUNDS[] = {0, .25, .5, .7, .8, .9, 1};
static const double SECONDS_BOUNDS[] = {.001, .0025, .005, .01, .025, .05, .1, .25,
                                        .5,   1,     2.5,  5,   10,   30,  60, 300};
enum {
    SCORE_BOUND_COUNT = sizeof SCORE_BOUNDS / sizeof *SCORE_BOUNDS,
    SECONDS_BOUND_COUNT = sizeof SECONDS_BOUNDS / sizeof *SECONDS_BOUNDS,
};
_Static_assert((int)SECONDS_BOUND_COUNT < (int)TOTAL_COUNTS,
               "the last count is of what is above all bounds");

static const struct {
    const double *bounds;
    size_t count;
} HISTOGRAMS[TOTAL_FAMILIES] = {
    [TOTAL_COMPOSITE] = {SCORE_BOUNDS, SCORE_BOUND_COUNT},
    [TOTAL_DIMENSION] = {SCORE_BOUNDS, SCORE_BOUND_COUNT},
    [TOTAL_EVALUATION_SECONDS] = {SECONDS_BOUNDS, SECONDS_BOUND_COUNT},
    [TOTAL_INFERENCE_SECONDS] = {SECONDS_BOUNDS, SECONDS_BOUND_COUNT},
};

const double *total_bounds(enum total_family family, size_t *out_count)
{
    *out_count = HISTOGRAMS[family].count;
    return HISTOGRAMS[family].bounds;
}

void total_observe(struct total *total, double value)
{
    size_t bound_count, bin = 0;
    const double *bounds = total_bounds(total->key.family, &bound_count);
    while (bin < bound_count && value > bounds[bin])
        bin++;
    total->counts[bin]++;
    total->sum += value;
}

/* ---- the table ---- */

static uint64_t mix(uint64_t hash, struct str text)
{
    for (size_t i = 0; i < text.size; i++) /* FNV-1a */
        hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3;
    return (hash ^ 0xff) * 0x100000001b3; /* ends the text: no byte of UTF-8 */
}

static uint64_t hash_of(const struct total_key *key)
{
    uint64_t hash = (0xcbf29ce484222325 ^ key->family) * 0x100000001b3;
    hash = mix(mix(mix(hash, key->model), key->endpoint), key->name);
    hash = mix(mix(mix(hash, key->dimension), key->rubric), key->hash);
    return hash ^ hash >> 32;
}

static bool same_key(const struct total_key *a, const struct total_key *b)
{
    return a->family == b->family && str_equal(a->model, b->model) &&
           str_equal(a->endpoint, b->endpoint) && str_equal(a->name, b->name) &&
           str_equal(a->dimension, b->dimension) && str_equal(a->rubric, b->rubric) &&
           str_equal(a->hash, b->hash);
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *find_slot(const struct totals *totals, const struct total_key *key)
{
    size_t mask = totals->slot_count - 1, at = hash_of(key) & mask;
    while (totals->slots[at] && !same_key(&totals->items[totals->slots[at] - 1].key, key))
        at = (at + 1) & mask;
    return &totals->slots[at];
}

/* At most half of the slots are taken. */
static void grow(struct totals *totals)
{
    totals->room = totals->room ? 2 * totals->room : SLOTS_MIN / 2;
    totals->items = memory_resize(totals->items, totals->room, sizeof *totals->items);
    free(totals->slots);
    totals->slot_count = 2 * totals->room;
    totals->slots = memory_new(totals->slot_count, sizeof *totals->slots);
    for (size_t i = 0; i < totals->count; i++)
        *find_slot(totals, &totals->items[i].key) = (uint32_t)i + 1;
}

static struct str keep(struct totals *totals, struct str text)
{
    return (struct str){arena_copy(&totals->arena, text), text.size};
}

struct total *totals_at(struct totals *totals, const struct total_key *key)
{
    if (totals->count == totals->room)
        grow(totals);
    uint32_t *slot = find_slot(totals, key);
    if (*slot)
        return &totals->items[*slot - 1];
    if (totals->count == TOTALS_MAX)
        return &totals->beyond;
    struct total *total = &totals->items[totals->count++];
    *slot = (uint32_t)totals->count;
    *total = (struct total){.key = {.family = key->family,
                                    .model = keep(totals, key->model),
                                    .endpoint = keep(totals, key->endpoint),
                                    .name = keep(totals, key->name),
                                    .dimension = keep(totals, key->dimension),
                                    .rubric = keep(totals, key->rubric),
                                    .hash = keep(totals, key->hash)}};
    return total;
}

struct str totals_endpoint(struct totals *totals, struct str endpoint)
{
    if (endpoint.size == 0)
        return STR("");
    for (size_t i = 0; i < totals->endpoint_count; i++)
        if (str_equal(totals->endpoints[i], endpoint))
            return totals->endpoints[i];
    if (totals->endpoint_count == ENDPOINTS_MAX || endpoint.size > ENDPOINT_BYTES)
        return STR("other");
    totals->endpoints[totals->endpoint_count] = keep(totals, endpoint);
    return totals->endpoints[totals->endpoint_count++];
}

static void add(struct total *into, const struct total *from)
{
    for (size_t i = 0; i < TOTAL_COUNTS; i++)
        into->counts[i] += from->counts[i];
    into->sum += from->sum;
}

void totals_merge(struct totals *into, const struct totals *from)
{
    for (size_t i = 0; i < from->count; i++)
        add(totals_at(into, &from->items[i].key), &from->items[i]);
    add(&into->beyond, &from->beyond);
}

void totals_clear(struct totals *totals)
{
    arena_clear(&totals->arena);
    free(totals->items);
    free(totals->slots);
    *totals = (struct totals){0};
}

/* ---- from a lane to whoever asks ---- */

void totals_offer(struct totals_box *box, const struct totals *totals)
{
    struct totals *copy = memory_new(1, sizeof *copy);
    totals_merge(copy, totals);
    totals_free(atomic_exchange(&box->offered, copy));
}

struct totals *totals_take(struct totals_box *box)
{
    return atomic_exchange(&box->offered, NULL);
}

void totals_free(struct totals *totals)
{
    if (totals)
        totals_clear(totals);
    free(totals);
}
