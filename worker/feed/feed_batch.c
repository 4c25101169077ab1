/* feed_batch: records and positions that are committed together. */
#include "worker/feed/feed_batch.h"

#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"

struct feed_span {
    size_t key_at, key_size, value_at, value_size; /* of the batch's bytes */
    bool keyed;
};

struct feed_mark {
    char *object;
    char etag[S3_ETAG_BYTES];
    struct position position;
};

static void begin(struct feed_batch *batch)
{
    if (!batch->since_ms)
        batch->since_ms = clock_steady_ms();
}

static struct feed_span *new_span(struct feed_batch *batch)
{
    if (batch->count == batch->room) {
        batch->room = batch->room ? batch->room * 2 : 1024;
        batch->records = memory_resize(batch->records, batch->room, sizeof *batch->records);
    }
    return &batch->records[batch->count++];
}

void feed_batch_add(struct feed_batch *batch, struct str key, size_t at)
{
    begin(batch);
    size_t end = batch->bytes.size;
    *new_span(batch) = (struct feed_span){.key_at = end,
                                          .key_size = key.size,
                                          .value_at = at,
                                          .value_size = end - at,
                                          .keyed = key.data != NULL};
    buffer_append_str(&batch->bytes, key);
}

void feed_batch_mark(struct feed_batch *batch, const struct source_object *object,
                     const struct position *position)
{
    begin(batch);
    if (!batch->marks)
        batch->marks = memory_new(FEED_BATCH_OBJECTS, sizeof *batch->marks);
    struct feed_mark *last = batch->mark_count ? &batch->marks[batch->mark_count - 1] : NULL;
    if (!last || strcmp(last->object, object->name) != 0) {
        last = &batch->marks[batch->mark_count++];
        last->object = memory_copy_string(object->name);
    }
    memcpy(last->etag, object->etag, sizeof last->etag);
    last->position = *position;
}

/* With room for one more object. */
bool feed_batch_is_full(const struct feed_batch *batch)
{
    return batch->count >= FEED_BATCH_RECORDS || batch->bytes.size >= FEED_BATCH_BYTES ||
           batch->mark_count >= FEED_BATCH_OBJECTS - 1;
}

void feed_batch_drop(struct feed_batch *batch)
{
    for (size_t i = 0; i < batch->mark_count; i++)
        free(batch->marks[i].object);
    batch->count = batch->mark_count = 0;
    batch->since_ms = 0;
    buffer_reset(&batch->bytes);
}

void feed_batch_clear(struct feed_batch *batch)
{
    feed_batch_drop(batch);
    buffer_clear(&batch->bytes);
    free(batch->records);
    free(batch->marks);
}

/* Positions become messages of the batch, too, behind its records. */
static void write_marks(struct feed_batch *batch, const char *name)
{
    struct buffer key = {0};
    for (size_t i = 0; i < batch->mark_count; i++) {
        const struct feed_mark *mark = &batch->marks[i];
        size_t at = batch->bytes.size;
        position_write(str_of(mark->object), mark->etag, &mark->position, &batch->bytes);
        buffer_reset(&key);
        buffer_printf(&key, "%s/%s", name, mark->object);
        feed_batch_add(batch, buffer_str(&key), at);
    }
    buffer_clear(&key);
}

static struct message *messages_of(const struct feed_batch *batch)
{
    struct message *messages = memory_new(batch->count, sizeof *messages);
    for (size_t i = 0; i < batch->count; i++) {
        const struct feed_span *span = &batch->records[i];
        const char *bytes = batch->bytes.data;
        messages[i].value = (struct str){bytes + span->value_at, span->value_size};
        if (span->keyed)
            messages[i].key = (struct str){bytes + span->key_at, span->key_size};
    }
    return messages;
}

bool feed_batch_commit(struct feed_batch *batch, struct producer *producer, const char *name,
                       struct positions *positions, struct error *error)
{
    if (batch->count + batch->mark_count == 0)
        return true;
    size_t records = batch->count;
    write_marks(batch, name);
    struct message *messages = messages_of(batch);
    bool fine = producer_commit(producer, messages, records, messages + records,
                                batch->mark_count, error);
    free(messages);
    if (!fine)
        return false;
    for (size_t i = 0; i < batch->mark_count; i++)
        positions_set(positions, str_of(batch->marks[i].object), &batch->marks[i].position);
    feed_batch_drop(batch);
    return true;
}
