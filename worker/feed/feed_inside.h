/* feed_inside: what the files of the feed share. */
#ifndef ASSAY_FEED_INSIDE_H
#define ASSAY_FEED_INSIDE_H

#include "schema/base/hash.h"
#include "worker/feed/feed.h"
#include "worker/feed/feed_batch.h"

struct feed {
    const struct feed_config *config;
    struct producer *producer;
    struct positions *positions; /* committed */
    struct positions *told; /* objects that were named; `lines` and `done` are those of feed_told */
    struct feed_batch batch;
    struct feed_counts counts, batched; /* committed, and what the batch would add */
    struct arena arena;                 /* of a line */
    uint8_t key[SIPHASH_KEY_BYTES]; /* of the sampling's decisions */
    bool keyed;
    int64_t due_us; /* steady clock: when the rate lets the next record go */
};

bool feed_stopped(const struct feed *feed);
void feed_tell(const struct feed *feed, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Waits, or until it shall stop. */
void feed_pause(const struct feed *feed, int64_t ms);
struct feed_told {
    bool same;   /* the object is as it was then: its etag */
    bool aside;  /* until it is another it is not looked at again */
    bool failed; /* it counts among the failed */
};
/* Zeroes when the object was not named. */
struct feed_told feed_told(const struct feed *feed, const struct source_object *object);
/* As it is now. */
void feed_set_told(struct feed *feed, const struct source_object *object, bool aside, bool failed);
bool feed_commit(struct feed *feed, struct error *error);

/* Of a message of the positions' topic: whether it is the key of the sampling. */
bool feed_sampling_take(struct feed *feed, struct str value);
/* Makes the key at the first start with strata, and keeps it. */
bool feed_sampling_start(struct feed *feed, struct error *error);
/* With which probability the record is sent; 0: it is left out. */
double feed_sampling_probability(const struct feed *feed, const struct envelope *envelope,
                                 const char *object, int64_t line);

/* Reads the object on from its position. An object that fails is told and counted; false and
 * `error` only when the feed cannot go on. */
bool feed_object(struct feed *feed, struct source *source, const struct source_object *object,
                 struct error *error);

#endif
