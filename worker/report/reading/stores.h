/* stores: the shards of one or many stores, each as of one moment, for all that reads them. */
#ifndef ASSAY_STORES_H
#define ASSAY_STORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "worker/report/reading/score_fixes.h"
#include "worker/report/reading/time_range.h"

struct db;
struct statement;

/* A tenure of a shard: who answers for which offsets of a partition. */
struct report_tenure {
    char *source; /* topic, incarnation and partition, as one name */
    char *shard, *predecessor;
    int64_t number, start, acked_to, low_water, opened_at_ms;
    size_t shard_number; /* in stores->shards */
    int64_t source_id;   /* in that shard */
};

/* Offsets [from, to) that are scored and not acked, and count from the rows of this shard: all
 * below a tenure's low-water mark. What is above it waits for offsets that are being scored. */
struct unacked_tail {
    size_t shard_number;
    int64_t source_id, from, to;
};

/* One file, or a copy of what a worker serves, open in one read transaction: rollups, rows and
 * tenures of it go together. */
struct open_shard {
    char *path; /* or its URL */
    char *name; /* its uuid */
    struct db *db;
    bool counts_only; /* a copy for reports (extract.h): rollups, and of rows those not acked */
};

/* A criterion's hash in the rubrics of a name, of a model: different hashes are never compared. */
struct cell_series {
    size_t number; /* from 0, in the order in which they were met */
    char *model, *rubric, *criterion, *dimension, *hash;
};

/* Zero-initialise; stores_close gives all back. */
struct stores {
    struct open_shard *shards;
    size_t shard_count;
    struct report_tenure *tenures;
    size_t tenure_count;
    struct unacked_tail *tails; /* after stores_resolve */
    size_t tail_count;
    int64_t pending; /* offsets in them */
    struct score_fixes fixes; /* after stores_resolve: scores of groups over several shards */
    /* Ids mean something in their shard only: those of all are joined by their words. */
    struct cell_series **series;
    size_t series_count;
    char **segments; /* as table segment holds them: JSON */
    size_t segment_count;
    int64_t hours_to_ms; /* no hour that begins then or later was added up to one cell (hours.c) */
    struct problems partial; /* why what is read is not all; empty: it is */
    /* What workers are asked for: cells that begin in this range, and in the hours of its ends. Set
     * before stores_add; to_ms 0: all. */
    int64_t from_ms, to_ms;
};

/* Opens the shards of a store: those in a folder, or those that the worker at a URL serves. What an
 * older program wrote is read as a copy that was converted. A shard that cannot be read or that a
 * newer program wrote is left out, so is one of two copies of a shard, and a worker that does not
 * answer; `partial` says so, and where scores are of the future. False (INPUT): the folder holds
 * none at all. */
bool stores_add(struct stores *stores, const char *store, struct error *error);
void stores_close(struct stores *stores);

/* Once all are added: which rows count that no rollup has yet, each offset once; `partial` says
 * where acked ranges of a partition overlap, leave offsets out, or name a shard that is missing.
 * And which scores read otherwise because a group's responses lie in several shards. */
void stores_resolve(struct stores *stores);

/* The tail of a shard behind `after`; NULL: the first one, or there is none. */
const struct unacked_tail *stores_next_tail(const struct stores *stores,
                                            const struct open_shard *shard,
                                            const struct unacked_tail *after);
/* As the next three parameters of a query: source = ? AND off >= ? AND off < ? */
void stores_bind_tail(struct statement *query, const struct unacked_tail *tail);

/* Whether an offset of a shard counts by its row. */
bool stores_in_tail(const struct stores *stores, size_t shard, int64_t source_id, int64_t offset);

/* Where *at_ms lies inside an hour whose cells may have been added up: moves it to the hour's end
 * (`up`) or start. True when it moved. */
bool stores_align(const struct stores *stores, int64_t *at_ms, bool up);

/* How many shards give rows. What a worker serves and what an older program wrote gives counts
 * only: `partial` says so, and that `what` ("samples are") is of the others. */
size_t stores_with_rows(struct stores *stores, const char *what);
/* For what reads samples one by one. False (INPUT): no shard gives rows. */
bool stores_need_rows(struct stores *stores, struct error *error);

/* Names in `partial` the shards that could not be read to the end since they were opened. */
void stores_check(struct stores *stores);
/* Names one such shard, once. */
void stores_check_shard(struct stores *stores, const struct open_shard *shard);

/* When the live scores of the shards are from, where rollups are at hand; false: there are none. */
bool stores_span(const struct stores *stores, struct time_range *out);

/* The number of a segment's words, made when it is new. */
size_t stores_segment(struct stores *stores, const char *words, size_t size);

#endif
