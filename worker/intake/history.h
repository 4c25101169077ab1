/* history: where samples come from that are to be scored again.
 *
 * A history has parts: what has positions of its own, a partition of a topic in the shards of a
 * store, an object of lines. Parts are read one after the other, each chunk by chunk, in the order
 * of positions, gaps left out, so that a run which was killed goes on where rows are missing, and
 * any number of threads make the same rows: a row is named by its part and position. What is
 * planned is fixed when the run begins.
 *
 * To add one: a file history_NAME.c with a struct history_kind, an opener here, and a line where
 * worker/rerun/rerun_open.c chooses. */
#ifndef ASSAY_HISTORY_H
#define ASSAY_HISTORY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/buffer.h"
#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "worker/intake/envelope.h"
#include "worker/intake/selection.h"
#include "worker/intake/source.h"
#include "worker/intake/source_kafka.h"
#include "worker/intake/topic_range.h"

enum {
    CHUNK_RECORDS_MAX = 500,  /* that are to be scored */
    CHUNK_SKIPPED_MAX = 5000, /* passed over for them */
    CHUNK_BYTES_MAX = 4 << 20, /* of records; one more may go beyond it */
    CHUNK_PROBLEM_BYTES = 300,
};

struct history_part {
    char *topic, *incarnation; /* name it in the rows of the run, with the partition */
    int32_t partition;
    char *name; /* "topic/partition", where records are deliveries; else NULL */
    int64_t from, to;          /* positions, half-open; from == to: it will not be read */
    int64_t planned;           /* records in them, after count */
};

/* Why a record of the plan is not handed out. */
enum record_skip {
    SKIP_NO_TEXT,   /* its text was not kept, or is kept no longer */
    SKIP_DUPLICATE, /* a delivery of a sample that was scored before it */
    SKIP_INVALID,   /* there never was a sample in it */
    SKIP_FILTERED,  /* the selection does not want it */
    SKIP_NO_RECORD, /* an offset of a topic that holds none */
    SKIP_UNREADABLE, /* it was there when it was planned, and cannot be read any more */
    RECORD_SKIPS,
};
/* "no_text", "duplicate", ... */
const char *record_skip_name(enum record_skip skip);

/* A capture record, or what makes one. */
struct history_record {
    int64_t position;
    size_t head, head_size, body, body_size; /* in the chunk's bytes; of the kind's own use */
    size_t unpacked_size;                    /* of the body */
    bool redacted;                           /* there may be masks in its texts */
    bool too_long;                           /* longer than a record may be: it has no bytes */
};

struct chunk {
    size_t part;
    int64_t first, end; /* positions, half-open: nothing between them is left out */
    struct history_record records[CHUNK_RECORDS_MAX];
    size_t count;
    int64_t skipped[RECORD_SKIPS];
    struct buffer bytes;
    /* For its owner: */
    struct chunk *next;
    void *task;       /* that it was read for */
    const struct history_part *place; /* instead of the part's: that is gone. NULL */
    bool continued;   /* the next one is written with it, as one */
    char problem[CHUNK_PROBLEM_BYTES]; /* why records cannot be read; "" */
};

/* Empty again; keeps its memory. */
void chunk_clear(struct chunk *chunk);

struct history_kind {
    bool deliveries;  /* records without an id are named as a worker names them */
    const char *name; /* "store", "objects", "topic" */
    /* Finds the parts, ascending by topic, incarnation and partition; what is left out is listed in
     * `problems`. False when nothing can be read at all. May take long, as count: ends early, and
     * false, on `stop`. */
    bool (*list)(void *state, const volatile sig_atomic_t *stop, struct problems *problems,
                 struct error *error);
    /* Counts the records of each part, and where it ends; what cannot be read is listed. */
    bool (*count)(void *state, const volatile sig_atomic_t *stop, struct problems *problems,
                  struct error *error);
    /* Fills `out` (its bytes and counts are empty) with what the part holds from `from` on, up to
     * `to` or to where the chunk is full; sets first and end. One thread at a time; parts and
     * positions ascend, and every part with from < to is read. False: INPUT, the rest of this part
     * cannot be read; else nothing can be. */
    bool (*read)(void *state, size_t part, int64_t from, int64_t to, struct chunk *out,
                 struct error *error);
    /* The capture record into `into`, instead of what that held. Any thread. False: it is
     * damaged. */
    bool (*record)(const void *state, const struct chunk *chunk,
                   const struct history_record *record, struct arena *arena, struct buffer *into);
    void (*close)(void *state);
};

struct history {
    const struct history_kind *kind;
    void *state;
    struct history_part *parts; /* after list */
    size_t part_count;
};

/* Takes the part's texts over. */
void history_add_part(struct history *history, const struct history_part *part);
void history_close(struct history *history);
/* Ascending, as list leaves them. */
int history_part_order(const void *left, const void *right);
/* NULL: there is none of this name. */
struct history_part *history_find_part(const struct history *history, const char *topic,
                                       const char *incarnation, int32_t partition);

/* What live stored in `dir`: capture records, or with `scores` stored_scores.h of every sample that
 * was read, whether its text was kept or not. The selection is borrowed. NULL: FATAL. */
struct history *history_store_open(const char *dir, const struct selection *selection, bool scores,
                                   struct error *error);

/* Borrowed. */
struct history_objects_config {
    const char *const *from; /* as source_open takes them */
    size_t from_count;
    const struct source_aws *aws;
    struct envelope_options envelope;  /* what records lack, as `feed` fills it in */
    const struct selection *selection; /* objects of other endpoints and hours are not read */
};
/* NULL: INPUT, a place is not there; or as source_open says. */
struct history *history_objects_open(const struct history_objects_config *config,
                                     struct error *error);

/* Borrowed; the group's name is for logs of the brokers only. */
struct history_topic_config {
    struct kafka_config kafka;
    const struct selection *selection; /* what came to Kafka long before its time is not read */
    const struct topic_range *ranges;  /* of these partitions these offsets, each once */
    size_t range_count;                /* 0: all offsets of all partitions */
};
/* What the topic holds of it when the run begins, committed records only. NULL: INPUT. */
struct history *history_topic_open(const struct history_topic_config *config, struct error *error);

#endif
