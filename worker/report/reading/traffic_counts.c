/* traffic_counts: how much came of each stratum, where workers evaluated a part of it. */
#include "worker/report/reading/traffic_counts.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/reading/segment_ids.h"
#include "worker/stats/sampling.h"
#include "worker/store/db.h"
#include "worker/store/rollup.h"

/* Records of a stratum, by the probability they came or were kept with. */
struct tally {
    size_t model, place;
    int window;
    uint64_t threshold, arrived, kept;
};

struct reading {
    struct traffic_counts *counts;
    const char *wanted;
    struct time_range range;
    int (*window_of)(const void *owner, int64_t bucket_ms);
    const void *owner;
    struct segment_ids segments;
    struct tally *tallies; /* in the order in which they were met, then sorted */
    size_t tally_count, last;
};

/* ---- strata ---- */

static int by_words(const void *left, const void *right, void *words)
{
    char *const *segments = words;
    return strcmp(segments[*(const size_t *)left], segments[*(const size_t *)right]);
}

/* Shards number segments as they meet them: words are the same in all orders. */
static void place_strata(struct traffic_counts *counts, const struct stores *stores)
{
    size_t *order = memory_new(stores->segment_count + 1, sizeof *order);
    counts->place_count = stores->segment_count;
    counts->places = memory_new(stores->segment_count + 1, sizeof *counts->places);
    for (size_t i = 0; i < stores->segment_count; i++)
        order[i] = i;
    qsort_r(order, stores->segment_count, sizeof *order, by_words, stores->segments);
    for (size_t i = 0; i < stores->segment_count; i++)
        counts->places[order[i]] = i;
    free(order);
}

size_t traffic_counts_place(const struct traffic_counts *counts, size_t segment)
{
    return segment < counts->place_count ? counts->places[segment] : 0;
}

static size_t model_of(struct traffic_counts *counts, struct str name)
{
    for (size_t i = 0; i < counts->count; i++)
        if (str_is(name, counts->models[i].model))
            return i;
    counts->models = memory_resize(counts->models, counts->count + 1, sizeof *counts->models);
    counts->models[counts->count] = (struct traffic_model){.model = memory_copy_str(name)};
    return counts->count++;
}

/* ---- reading ---- */

static void add(struct reading *reading, struct tally tally)
{
    size_t at = reading->last;
    for (size_t i = 0; i < reading->tally_count; i++, at++) {
        struct tally *one = &reading->tallies[at % reading->tally_count];
        if (one->model != tally.model || one->place != tally.place ||
            one->window != tally.window || one->threshold != tally.threshold)
            continue;
        one->arrived += tally.arrived;
        one->kept += tally.kept;
        reading->last = at % reading->tally_count;
        return;
    }
    reading->tallies =
        memory_resize(reading->tallies, reading->tally_count + 1, sizeof *reading->tallies);
    reading->last = reading->tally_count;
    reading->tallies[reading->tally_count++] = tally;
}

/* Of a row that begins with model, segment and time. False: it is not wanted. */
static bool start_tally(struct reading *reading, struct statement *row, struct tally *out)
{
    struct str model = db_text(row, 0);
    int window = reading->window_of(reading->owner, db_int(row, 2));
    if (window < 0 || (reading->wanted && !str_is(model, reading->wanted)))
        return false;
    *out = (struct tally){
        .model = model_of(reading->counts, model),
        .place = traffic_counts_place(reading->counts,
                                      segment_ids_find(&reading->segments, db_int(row, 1))),
        .window = window};
    return true;
}

static void read_table(struct reading *reading, struct db *db)
{
    struct statement *rows =
        db_sql(db, "SELECT coalesce(word.text, ''), segment, bucket_ms, threshold, arrived, kept "
                   "FROM traffic LEFT JOIN word ON word.id = model "
                   "WHERE run = (SELECT id FROM run WHERE name = 'live') AND bucket_ms >= ? "
                   "AND bucket_ms < ?");
    db_bind_int(rows, reading->range.from_ms);
    db_bind_int(rows, reading->range.to_ms);
    struct tally tally;
    while (db_row(rows)) {
        if (!start_tally(reading, rows, &tally))
            continue;
        tally.threshold = (uint64_t)db_int(rows, 3);
        tally.arrived = (uint64_t)db_int(rows, 4);
        tally.kept = (uint64_t)db_int(rows, 5);
        add(reading, tally);
    }
    db_end(rows);
}

static void read_tail(struct reading *reading, struct db *db, const struct unacked_tail *tail)
{
    struct statement *rows = db_sql(
        db, "SELECT coalesce(word.text, ''), segment, observed_at_ms - observed_at_ms % ?,"
            "captured, probability, state = 'scored' FROM delivery "
            "LEFT JOIN word ON word.id = model "
            "WHERE run = (SELECT id FROM run WHERE name = 'live') AND source = ? AND off >= ? "
            "AND off < ? AND captured > 0");
    db_bind_int(rows, ROLLUP_BUCKET_MS);
    stores_bind_tail(rows, tail);
    struct tally tally;
    while (db_row(rows)) {
        if (!start_tally(reading, rows, &tally))
            continue;
        tally.threshold = sampling_threshold(db_real(rows, 3));
        tally.arrived = 1;
        add(reading, tally);
        tally.threshold = sampling_threshold(db_real(rows, 4));
        tally.arrived = 0;
        tally.kept = (uint64_t)db_int(rows, 5);
        add(reading, tally);
    }
    db_end(rows);
}

static void read_shard(struct reading *reading, struct stores *stores,
                       const struct open_shard *shard)
{
    const struct unacked_tail *tail = NULL;
    segment_ids_read(&reading->segments, stores, shard);
    read_table(reading, shard->db);
    while ((tail = stores_next_tail(stores, shard, tail)))
        read_tail(reading, shard->db, tail);
    segment_ids_clear(&reading->segments);
}

/* ---- factors ---- */

/* What came and what was kept of a stratum, or of several. */
struct sizes {
    double requests, estimated;
    uint64_t arrived, kept;
};

static void add_sizes(struct sizes *into, const struct sizes *one)
{
    into->requests += one->requests;
    into->estimated += one->estimated;
    into->arrived += one->arrived;
    into->kept += one->kept;
}

static double factor_of(const struct sizes *sizes)
{
    return sizes->estimated > 0 ? sizes->requests / sizes->estimated : 1;
}

static void set_factors(struct traffic_window *window, const struct sizes *strata, size_t count)
{
    struct sizes small = {0}, all = {0};
    for (size_t i = 0; i < count; i++) {
        add_sizes(&all, &strata[i]);
        if (strata[i].kept < TRAFFIC_STRATUM_MIN)
            add_sizes(&small, &strata[i]);
    }
    window->requests = all.requests;
    window->arrived = all.arrived;
    window->kept = all.kept;
    if (all.arrived == 0)
        return;
    window->strata = memory_new(count + 1, sizeof *window->strata);
    for (size_t i = 0; i < count; i++) {
        bool alone = strata[i].kept >= TRAFFIC_STRATUM_MIN;
        window->strata[i] = (struct stratum_traffic){1, strata[i].arrived};
        if (strata[i].arrived > 0)
            window->strata[i].factor = factor_of(alone ? &strata[i] : &small);
    }
}

static int by_place(const void *left, const void *right)
{
    const struct tally *a = left, *b = right;
    int order = (a->model > b->model) - (a->model < b->model);
    if (order == 0)
        order = a->window - b->window;
    if (order == 0)
        order = (a->place > b->place) - (a->place < b->place);
    return order ? order : (a->threshold > b->threshold) - (a->threshold < b->threshold);
}

/* Sums are taken in the order of words and thresholds, whatever the order of shards. */
static void finish(struct reading *reading)
{
    struct traffic_counts *counts = reading->counts;
    struct sizes *strata = memory_new(counts->place_count + 1, sizeof *strata);
    if (reading->tally_count > 0)
        qsort(reading->tallies, reading->tally_count, sizeof *reading->tallies, by_place);
    for (size_t i = 0; i < reading->tally_count;) {
        const struct tally *first = &reading->tallies[i];
        memset(strata, 0, (counts->place_count + 1) * sizeof *strata);
        for (; i < reading->tally_count && reading->tallies[i].model == first->model &&
               reading->tallies[i].window == first->window;
             i++) {
            const struct tally *one = &reading->tallies[i];
            double probability = sampling_probability(one->threshold);
            double weight = probability > 0 ? 1 / probability : 0;
            const struct sizes sizes = {weight * (double)one->arrived, weight * (double)one->kept,
                                        one->arrived, one->kept};
            add_sizes(&strata[one->place], &sizes);
        }
        set_factors(&counts->models[first->model].windows[first->window], strata,
                    counts->place_count);
    }
    free(strata);
}

static int by_name(const void *left, const void *right)
{
    const struct traffic_model *a = left, *b = right;
    return strcmp(a->model, b->model);
}

void traffic_counts_read(struct traffic_counts *counts, struct stores *stores, const char *model,
                         struct time_range range,
                         int (*window_of)(const void *owner, int64_t bucket_ms), const void *owner)
{
    struct reading reading = {.counts = counts,
                              .wanted = model,
                              .range = range,
                              .window_of = window_of,
                              .owner = owner};
    place_strata(counts, stores);
    for (size_t i = 0; i < stores->shard_count; i++)
        read_shard(&reading, stores, &stores->shards[i]);
    finish(&reading);
    free(reading.tallies);
    if (counts->count > 0)
        qsort(counts->models, counts->count, sizeof *counts->models, by_name);
}

void traffic_counts_clear(struct traffic_counts *counts)
{
    for (size_t i = 0; i < counts->count; i++) {
        free(counts->models[i].model);
        for (int w = 0; w < TRAFFIC_WINDOWS; w++)
            free(counts->models[i].windows[w].strata);
    }
    free(counts->models);
    free(counts->places);
    *counts = (struct traffic_counts){0};
}

const struct stratum_traffic *traffic_counts_of(const struct traffic_counts *counts,
                                                const char *model, int window)
{
    for (size_t i = 0; i < counts->count; i++)
        if (strcmp(counts->models[i].model, model) == 0)
            return counts->models[i].windows[window].strata;
    return NULL;
}
