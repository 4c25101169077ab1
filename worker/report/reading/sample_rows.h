/* sample_rows: the scored samples of a shard, one by one, with their scores. */
#ifndef ASSAY_SAMPLE_ROWS_H
#define ASSAY_SAMPLE_ROWS_H

#include "schema/base/str.h"
#include "worker/report/reading/stores.h"
#include "worker/report/reading/time_range.h"

struct db;
struct statement;

/* Of live rows those that count in every report: whose commit the broker accepted, or that are in
 * an unacked tail of the stores. Texts are borrowed until the next row. */
struct sample_row {
    struct str sample; /* its id */
    struct str model, endpoint, component; /* "" when not known */
    int64_t run, source, offset, segment; /* ids of the shard */
    int64_t at_ms;               /* of the event; of its recording when it has no time */
    double probability;          /* of inclusion, (0,1] */
    double latency_ms, input_tokens, output_tokens; /* NAN: not known */
};

struct row_score {
    int64_t criterion; /* id of the shard */
    enum row_status status;
    double value;             /* NAN unless scored */
    int passed;               /* 1 reached its threshold, 0 did not, -1 not known */
    struct str label, reason; /* absent without; borrowed until the next score */
};

enum sample_order {
    SAMPLES_BY_DELIVERY, /* run, source, offset: the fastest */
    SAMPLES_BY_ID,       /* bytewise by the sample's id, then as above; SQLite sorts, beyond some
                            megabytes in a temporary file */
};

/* Of one connection, at a time one. Zero-initialise. */
struct sample_rows {
    const struct stores *stores;
    size_t shard; /* its number there */
    struct db *db;
    struct statement *rows, *scores;
};

/* After stores_resolve: rows of one or two runs (ids of the shard; the same twice for one), of a
 * range of time. A shard that gives counts only has none. The stores are borrowed. */
void sample_rows_open(struct sample_rows *rows, const struct stores *stores, size_t shard,
                      enum sample_order order, const int64_t runs[2], struct time_range range);
bool sample_rows_next(struct sample_rows *rows, struct sample_row *out);
/* The next score of the row that came last, as stores->fixes has it. */
bool sample_rows_next_score(struct sample_rows *rows, const struct sample_row *row,
                            struct row_score *out);
void sample_rows_end(struct sample_rows *rows);

/* The id of a run in this shard; 0: it has none of this name. */
int64_t sample_rows_run(struct db *db, const char *name);

#endif
