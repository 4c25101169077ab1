/* feed_inside: what the files of the feed share. */
#ifndef ASSAY_FEED_INSIDE_H
#define ASSAY_FEED_INSIDE_H

#include "worker/feed/feed.h"
#include "worker/feed/feed_batch.h"

struct feed {
    const struct feed_config *config;
    struct producer *producer;
    struct positions *positions; /* committed */
    struct positions *told;      /* objects that were named, and the etag they had */
    struct feed_batch batch;
    struct feed_counts counts, batched; /* committed, and what the batch would add */
    struct arena arena;                 /* of a line */
    int64_t due_us; /* steady clock: when the rate lets the next record go */
};

bool feed_stopped(const struct feed *feed);
void feed_tell(const struct feed *feed, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Waits, or until it shall stop. */
void feed_pause(const struct feed *feed, int64_t ms);
/* The object is not looked at again until its etag is another. */
void feed_set_aside(struct feed *feed, const struct source_object *object);
bool feed_commit(struct feed *feed, struct error *error);

/* Reads the object on from its position. An object that fails is told and counted; false and
 * `error` only when the feed cannot go on. */
bool feed_object(struct feed *feed, struct source *source, const struct source_object *object,
                 struct error *error);

#endif
