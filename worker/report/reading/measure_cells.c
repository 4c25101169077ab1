/* measure_cells: what stores counted of latencies, lengths and tokens, cell by cell. */
#include "worker/report/reading/measure_cells.h"

#include <math.h>

#include "worker/report/reading/segment_ids.h"
#include "worker/stats/sampling.h"
#include "worker/store/db.h"
#include "worker/store/histogram.h"
#include "worker/store/rollup.h"

enum { HOUR_MS = 60 * 60 * 1000 };

/* One shard. */
struct reading {
    struct stores *stores;
    const struct open_shard *shard;
    const struct cells_wanted *wanted;
    bool (*take)(void *owner, const struct measure_cell_read *cell, struct error *error);
    void *owner;
    struct segment_ids segments;
    struct bin_count bins[MEASURE_BINS];
    size_t bin_count;
};

static void take_bin(void *owner, uint32_t bin, uint32_t times)
{
    struct reading *reading = owner;
    if (reading->bin_count < MEASURE_BINS)
        reading->bins[reading->bin_count++] = (struct bin_count){bin, times};
}

static bool is_wanted(const struct cells_wanted *wanted, struct str model)
{
    return !wanted->model || str_is(model, wanted->model);
}

/* MEASURES: it is none that is told. */
static enum measure measure_of(struct str name)
{
    for (int i = 0; i < MEASURES; i++)
        if (i != MEASURE_EVALUATION_US && str_is(name, measure_name(i)))
            return i;
    return MEASURES;
}

static bool take_row(struct reading *reading, struct statement *row, int64_t length_ms,
                     struct error *error)
{
    struct measure_cell_read cell = {
        .model = db_text(row, 0),
        .measure = measure_of(db_text(row, 1)),
        .segment = segment_ids_find(&reading->segments, db_int(row, 2)),
        .threshold = (uint64_t)db_int(row, 3),
        .bucket_ms = db_int(row, 4),
        .length_ms = length_ms,
        .bins = reading->bins,
    };
    reading->bin_count = 0;
    if (cell.measure == MEASURES || !is_wanted(reading->wanted, cell.model))
        return true;
    if (!bins_each(MEASURE_BINS, db_text(row, 5), take_bin, reading)) {
        problems_add(&reading->stores->partial, reading->shard->path,
                     "a histogram is damaged: its values do not count");
        return true;
    }
    cell.bin_count = reading->bin_count;
    return reading->take(reading->owner, &cell, error);
}

static bool read_table(struct reading *reading, const char *select, int64_t length_ms,
                       struct error *error)
{
    struct statement *rows = db_sql(reading->shard->db, select);
    db_bind_int(rows, reading->wanted->from_ms);
    db_bind_int(rows, reading->wanted->to_ms);
    bool fine = true;
    while (fine && db_row(rows))
        fine = take_row(reading, rows, length_ms, error);
    db_end(rows);
    return fine;
}

/* A row that no rollup has yet: a value of each measure that it knows. */
static bool take_tail_row(struct reading *reading, struct statement *row, struct error *error)
{
    static const double units[MEASURES] = {[MEASURE_INFERENCE_US] = 1000,
                                           [MEASURE_INPUT_TOKENS] = 1,
                                           [MEASURE_OUTPUT_TOKENS] = 1,
                                           [MEASURE_PROMPT_BYTES] = 1,
                                           [MEASURE_RESPONSE_BYTES] = 1};
    const struct cells_wanted *wanted = reading->wanted;
    int64_t at_ms = db_int(row, 3), bucket_ms = at_ms - at_ms % ROLLUP_BUCKET_MS;
    bool fine = true;
    if (!is_wanted(wanted, db_text(row, 0)) || bucket_ms < wanted->from_ms ||
        bucket_ms >= wanted->to_ms)
        return true;
    for (int i = MEASURE_INFERENCE_US; fine && i < MEASURES; i++) {
        double value = db_real(row, 4 + i - MEASURE_INFERENCE_US) * units[i];
        const struct bin_count bin = {measure_bin(value), 1};
        const struct measure_cell_read cell = {
            .model = db_text(row, 0),
            .measure = i,
            .segment = segment_ids_find(&reading->segments, db_int(row, 1)),
            .threshold = sampling_threshold(db_real(row, 2)),
            .bucket_ms = bucket_ms,
            .length_ms = ROLLUP_BUCKET_MS,
            .bins = &bin,
            .bin_count = 1,
        };
        if (!isnan(value))
            fine = reading->take(reading->owner, &cell, error);
    }
    return fine;
}

static bool read_tail(struct reading *reading, const struct unacked_tail *tail,
                      struct error *error)
{
    struct statement *rows =
        db_sql(reading->shard->db,
               "SELECT coalesce(word.text, ''), segment, probability, observed_at_ms, latency_ms,"
               "input_tokens, output_tokens, prompt_bytes, response_bytes FROM delivery "
               "LEFT JOIN word ON word.id = model WHERE run = (SELECT id FROM run WHERE name = "
               "'live') AND source = ? AND off >= ? AND off < ? AND state = 'scored'");
    stores_bind_tail(rows, tail);
    bool fine = true;
    while (fine && db_row(rows))
        fine = take_tail_row(reading, rows, error);
    db_end(rows);
    return fine;
}

static bool read_shard(struct reading *reading, struct error *error)
{
    const struct stores *stores = reading->stores;
    const struct unacked_tail *tail = NULL;
    segment_ids_read(&reading->segments, reading->stores, reading->shard);
    bool fine =
        read_table(reading,
                   "SELECT coalesce(word.text, ''), name, segment, threshold, bucket_ms, histogram "
                   "FROM measure LEFT JOIN word ON word.id = model WHERE run = (SELECT id FROM run "
                   "WHERE name = 'live') AND +bucket_ms >= ? AND +bucket_ms < ?",
                   ROLLUP_BUCKET_MS, error) &&
        read_table(
            reading,
            "SELECT coalesce(word.text, ''), name, segment, threshold, bucket_ms, histogram "
            "FROM measure_hour LEFT JOIN word ON word.id = model WHERE run = (SELECT id FROM "
            "run WHERE name = 'live') AND bucket_ms >= ? AND bucket_ms < ?",
            HOUR_MS, error);
    while (fine && (tail = stores_next_tail(stores, reading->shard, tail)))
        fine = read_tail(reading, tail, error);
    return fine;
}

bool measure_cells_each(struct stores *stores, const struct cells_wanted *wanted,
                        bool (*take)(void *owner, const struct measure_cell_read *cell,
                                     struct error *error),
                        void *owner, struct error *error)
{
    bool fine = true;
    for (size_t i = 0; fine && i < stores->shard_count; i++) {
        struct reading reading = {.stores = stores,
                                  .shard = &stores->shards[i],
                                  .wanted = wanted,
                                  .take = take,
                                  .owner = owner};
        fine = read_shard(&reading, error);
        segment_ids_clear(&reading.segments);
    }
    return fine;
}
