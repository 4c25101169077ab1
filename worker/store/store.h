/* store: one shard: everything a lane keeps, in one SQLite file that only it writes. */
#ifndef ASSAY_STORE_H
#define ASSAY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rubrics/evaluated.h"
#include "schema/base/arena.h"
#include "schema/base/error.h"
#include "schema/fingerprint.h"
#include "schema/metric.h"
#include "schema/sample.h"
#include "schema/terminal.h"

enum { STORE_SCHEMA_VERSION = 12, STORE_SHARDS_MAX = 1024, SHARD_UUID_BYTES = 33 };

struct store; /* one thread */
struct totals_box;

/* Whether samples are kept as capture records, with what models answered about them. */
enum text_policy {
    TEXT_NONE,
    TEXT_REDACTED, /* through `mask` */
    TEXT_FULL,
};

struct store_config {
    const char *dir;            /* holds the shards of a store; made when absent (0700). NULL: one
                                   shard in memory, gone when it is closed */
    const char *const *models;  /* that get metrics of their own; all others are "other" */
    size_t model_count;
    const char *const *segment_keys; /* what samples are told apart by: segment.h; in any order */
    size_t segment_key_count;
    const char *run; /* a rerun: its shards stand in runs/NAME below `dir`; NULL: live */
    enum text_policy text;
    double text_share; /* [0,1]: of the samples that neither failed nor were judged */
    /* TEXT_REDACTED: the text with masks, in the arena; absent when it must not be kept. */
    struct str (*mask)(void *owner, struct str text, struct arena *arena);
    void *mask_owner;
    struct totals_box *totals; /* where totals of acked rows are offered; NULL: nobody asks */
    bool unpublished; /* acked rows fill rollups, never the outbox: files are no live traffic */
};

/* Takes the first shard of the store that no process holds, or makes a new one. NULL: FATAL. */
struct store *store_take(const struct store_config *config, struct error *error);
void store_close(struct store *store);
/* 32 hex digits, made once. */
const char *store_shard(const struct store *store);
const char *store_path(const struct store *store);

/* ---- tenures ---------------------------------------------------------------------------- */

/* The time this shard owns a partition. */
struct tenure {
    int64_t id, source, number;
    int64_t start;    /* the offset it started at */
    int64_t acked_to; /* the broker accepted the commit of this offset */
};

/* The id of a partition of a topic's incarnation. */
int64_t store_source(struct store *store, const char *topic, const char *incarnation,
                     int32_t partition);
/* The highest offset held for any incarnation-less check of a recreated topic; -1: none. */
int64_t store_highest(struct store *store, int64_t source);
/* The highest acked_to of this shard's tenures; -1: none. A group that starts below was rewound. */
int64_t store_acked(struct store *store, int64_t source);
/* Durable when it returns true. `predecessor` is the metadata of the commit found, "" for none. */
bool store_open_tenure(struct store *store, int64_t source, int64_t start, const char *predecessor,
                       struct tenure *out, struct error *error);
/* Calls back for every offset >= from that this shard already holds, ascending: those are adopted,
 * not scored again. `scored_key` is the store_run_key of its sample, NULL unless it was scored, or
 * left out by sampling. */
bool store_held(struct store *store, int64_t source, int64_t from,
                void (*held)(void *owner, int64_t offset, const uint64_t *scored_key), void *owner,
                struct error *error);

/* ---- recording -------------------------------------------------------------------------- */

struct delivery {
    const struct tenure *tenure;
    int64_t offset;
    enum terminal_state state;
    const char *reason;           /* NULL when the state says it all */
    struct str sample_id;         /* absent when no sample could be read */
    uint64_t sample_key;
    const struct sample *sample;  /* NULL when no sample could be read */
    double captured; /* the probability it came with, where sampling decided here; else 0 */
    const struct evaluated *evaluated; /* in the order of the rubrics: metrics are the first's */
    size_t evaluated_count;
    double evaluation_ms;         /* NaN when nothing was evaluated */
};

/* The keyed hash that tells samples apart; the key is the same in all shards of a store. */
uint64_t store_sample_key(const struct store *store, struct str sample_id);

/* Tells samples apart within a run: a duplicate has the same. */
uint64_t store_run_key(uint64_t sample_key, enum sample_run run);

void store_begin(struct store *store);
/* Rows of one delivery. A row that is already there stays as it is. */
void store_record(struct store *store, const struct delivery *delivery);
/* Everything of the tenure below `offset` is terminal. */
void store_low_water(struct store *store, const struct tenure *tenure, int64_t offset);
/* Durable (synchronous=FULL) when it returns true; else nothing since store_begin is kept. */
bool store_commit(struct store *store, struct error *error);

/* ---- groups: responses to one request, a delivery each ------------------------------------- */

enum { GROUP_MEMBERS_MAX = SAMPLE_RESAMPLES_MAX + 1 };

/* A group's name where `scope` says (a topic's incarnation, say), of one model and version. */
uint64_t store_group_key(const struct store *store, uint64_t scope, const struct sample *sample);

/* One response, as one criterion compares it. */
struct member {
    enum sample_run run;
    const struct rubric *rubric;
    size_t criterion; /* of the rubric */
    uint64_t group;   /* store_group_key */
    uint64_t number;  /* tells the responses of a group apart */
    int64_t source, offset;
    size_t expected;  /* how many responses the group will have; 0 unknown */
    struct fingerprint fingerprint;
};

enum member_place {
    MEMBER_OPEN,      /* others are still to come */
    MEMBER_COMPLETES, /* the shard now holds as many as are expected */
    MEMBER_LATE,      /* it held them all before */
    MEMBER_DUPLICATE, /* it holds this one, from another delivery */
};

/* Between store_begin and store_commit. Keeps the fingerprint unless the shard has it; a delivery
 * that is told again has the place it had. When it completes the group, *out_all (in the arena) are
 * the fingerprints of its `expected` first responses, in an order that does not depend on how they
 * came. The first response that says how many are expected is believed. */
enum member_place store_group_add(struct store *store, const struct member *member,
                                  struct arena *arena, struct fingerprint **out_all,
                                  size_t *out_count);

/* What table fingerprint holds in its column units, in the arena. */
struct fingerprint store_fingerprint(struct str bytes, struct arena *arena);

/* The broker accepted the commit of `to`: in one transaction acked_to moves, and rollups and outbox
 * take in exactly the rows in between. */
bool store_ack(struct store *store, struct tenure *tenure, int64_t to, struct error *error);

/* Offers what acks added up to (totals.h), when it changed and at most once a second. */
void store_offer_totals(struct store *store);

/* A worker may die between the broker's answer and its ack. Whoever took the partition then wrote
 * down where it started and after whom: this looks for such successors of our unfinished tenures in
 * all shards of the store and acks what they prove. `open` are the tenures that go on. */
bool store_recover(struct store *store, const struct tenure *const *open, size_t open_count,
                   struct error *error);

/* ---- reruns: of a store opened with a run's name ------------------------------------------- */

/* The tenure that the run's rows of a source are of; durable. */
bool store_run_tenure(struct store *store, int64_t source, struct tenure *out, struct error *error);
/* Between store_begin and store_commit, after its rows: everything of the tenure's source from
 * `first` up to `end` is done. Counts the rows in rollups. `outcomes`: a JSON object of counts. */
void store_chunk(struct store *store, const struct tenure *tenure, int64_t first, int64_t end,
                 const char *outcomes);
/* What the run was asked for, JSON, and when it began; kept by the first shard. */
bool store_run_begin(struct store *store, const char *description, struct error *error);
bool store_run_end(struct store *store, struct error *error);
/* Between store_begin and store_commit: it may be over now, as far as this shard knows. */
void store_run_note(struct store *store);
/* Whether this shard has done the chunk of that source which begins at `first`. */
bool store_chunk_held(struct store *store, const char *topic, const char *incarnation,
                      int32_t partition, int64_t first);

/* ---- outbox ----------------------------------------------------------------------------- */

enum outbox_outcome {
    OUTBOX_SENT,      /* accepted */
    OUTBOX_RETRY,     /* surely not accepted: ready again */
    OUTBOX_AMBIGUOUS, /* may have been accepted: stays `sending`, never sent again */
    OUTBOX_REFUSED,   /* the service will never take it */
    OUTBOX_EXPIRED,   /* outside the service's window of time */
};

/* Marks up to `max` ready rows `sending`, durably, and hands them out; free with outbox_free. */
bool outbox_claim(struct store *store, size_t max, struct metric **out_metrics, size_t *out_count,
                  struct error *error);
void outbox_free(struct metric *metrics, size_t count);
bool outbox_settle(struct store *store, const int64_t *ids, const enum outbox_outcome *outcomes,
                   size_t count, struct error *error);
/* Rows in a state: "ready", "sending", ... */
int64_t outbox_count(struct store *store, const char *state);

/* ---- retention -------------------------------------------------------------------------- */

/* How long rows are kept after they were recorded; 0: for ever. Rollups and tenures stay. */
struct retention {
    int64_t text_days; /* prompts and responses */
    int64_t row_days;  /* deliveries with all that belongs to them, once they are acked */
};

/* Takes a bounded number of rows that are too old away, and sent minutes that nobody will ask
 * for. *out_more: there are more of them. */
bool store_prune(struct store *store, const struct retention *retention, int64_t now_ms,
                 bool *out_more, struct error *error);

/* Adds the earliest hour of cells of 5 minutes up to one hour, when it ended 48 hours ago or
 * longer, in one transaction. *out_more: it did; there may be another. */
bool store_fold_hours(struct store *store, int64_t now_ms, bool *out_more, struct error *error);

#endif
