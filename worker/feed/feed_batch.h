/* feed_batch: records and positions that are committed together. */
#ifndef ASSAY_FEED_BATCH_H
#define ASSAY_FEED_BATCH_H

#include "schema/base/buffer.h"
#include "worker/feed/positions.h"
#include "worker/feed/producer.h"
#include "worker/intake/source.h"

enum { FEED_BATCH_RECORDS = 10000, FEED_BATCH_BYTES = 16 << 20, FEED_BATCH_OBJECTS = 1000 };

/* Zero-initialise, then use. A batch must outlive the producer that it was committed by. */
struct feed_batch {
    struct buffer bytes; /* of all messages; a record is written at its end */
    struct feed_span *records;
    size_t count, room;
    struct feed_mark *marks; /* of objects */
    size_t mark_count;
    int64_t since_ms; /* steady clock: when it began; 0 while it is empty */
};

/* What was appended to `bytes` from `at` on becomes a record. An absent key: any partition. */
void feed_batch_add(struct feed_batch *batch, struct str key, size_t at);
/* The object's position as of now; the last word counts. */
void feed_batch_mark(struct feed_batch *batch, const struct source_object *object,
                     const struct position *position);
bool feed_batch_is_full(const struct feed_batch *batch);
/* Commits, moves `positions` on, and empties the batch. */
bool feed_batch_commit(struct feed_batch *batch, struct producer *producer, const char *name,
                       struct positions *positions, struct error *error);
/* As it was when it was committed last. */
void feed_batch_drop(struct feed_batch *batch);
void feed_batch_clear(struct feed_batch *batch);

#endif
