/* s3_stream: many objects read ahead in parts, and handed out in order. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/aws/s3_inside.h"

enum part_state { PART_WAITING, PART_ASKED, PART_DONE };

struct part {
    struct s3_stream *stream;
    struct part *next; /* in the order of delivery */
    char *key;
    char etag[S3_ETAG_BYTES], key_id[S3_KEY_ID_BYTES];
    uint64_t object;
    int64_t from, size;
    bool last, ranged;
    enum part_state state;
    unsigned tries;
    int64_t not_before_ms; /* steady clock */
    struct buffer body;
    struct error error;
};

struct s3_stream {
    struct s3 *s3;
    unsigned parts_max, in_flight;
    struct part *first, **end;
    struct part *held; /* what was handed out last */
    uint64_t objects;
    int64_t waiting;       /* bytes */
    bool skipping;         /* parts of this object fail with it */
    uint64_t skipped;
};

static void free_part(struct part *part)
{
    if (!part)
        return;
    buffer_clear(&part->body);
    free(part->key);
    free(part);
}

struct s3_stream *s3_stream_new(struct s3 *s3, unsigned parts_max)
{
    struct s3_stream *stream = memory_new(1, sizeof *stream);
    stream->s3 = s3;
    stream->parts_max = parts_max < 1 ? 1 : parts_max > S3_PARTS_MAX ? S3_PARTS_MAX : parts_max;
    stream->end = &stream->first;
    return stream;
}

void s3_stream_free(struct s3_stream *stream)
{
    if (!stream)
        return;
    http_cancel_all(stream->s3->options.http);
    while (stream->in_flight > 0)
        http_turn(stream->s3->options.http);
    while (stream->first) {
        struct part *part = stream->first;
        stream->first = part->next;
        free_part(part);
    }
    free_part(stream->held);
    free(stream);
}

void s3_stream_add(struct s3_stream *stream, const struct s3_object *object)
{
    int64_t from = 0;
    do {
        int64_t left = object->size - from;
        struct part *part = memory_new(1, sizeof *part);
        *part = (struct part){.stream = stream,
                              .key = memory_copy_str(object->key),
                              .object = stream->objects,
                              .from = from,
                              .size = left < S3_PART_BYTES ? left : S3_PART_BYTES,
                              .last = left <= S3_PART_BYTES,
                              .ranged = object->size > S3_PART_BYTES};
        snprintf(part->etag, sizeof part->etag, "%s", object->etag);
        from += part->size;
        *stream->end = part;
        stream->end = &part->next;
    } while (from < object->size);
    stream->objects++;
    stream->waiting += object->size;
}

int64_t s3_stream_waiting(const struct s3_stream *stream)
{
    return stream->waiting;
}

/* What these say of an object is known better than the service tells it. */
static void explain(struct part *part, long status)
{
    const char *why = status == 412   ? "it was replaced while it was read"
                      : status == 404 ? "it is gone since it was listed"
                                      : NULL;
    if (!why)
        return;
    error_clear(&part->error);
    error_set(&part->error, ERROR_INPUT, "%s", why);
}

static void take_part(void *owner, const struct http_reply *reply)
{
    struct part *part = owner;
    part->stream->in_flight--;
    int64_t again_ms =
        s3_advise(part->stream->s3, reply, part->key_id, part->tries, &part->error);
    if (again_ms == 0 && (int64_t)reply->body.size != part->size) {
        error_clear(&part->error);
        error_set(&part->error, ERROR_TRANSIENT, "%zu bytes came instead of %" PRId64,
                  reply->body.size, part->size);
        again_ms = part->tries < S3_TRIES_MAX ? 1 : -1;
    }
    if (again_ms > 0) {
        part->state = PART_WAITING;
        part->not_before_ms = clock_steady_ms() + again_ms;
        return;
    }
    part->state = PART_DONE;
    if (again_ms < 0)
        explain(part, reply->status);
    else
        buffer_append_str(&part->body, reply->body);
}

static void ask(struct part *part, int64_t now_ms)
{
    struct s3_stream *stream = part->stream;
    char range[64];
    struct http_header headers[S3_HEADERS_MAX];
    size_t count = 0;
    snprintf(range, sizeof range, "bytes=%" PRId64 "-%" PRId64, part->from,
             part->from + part->size - 1);
    if (part->ranged)
        headers[count++] = (struct http_header){"Range", range};
    if (*part->etag)
        headers[count++] = (struct http_header){"If-Match", part->etag};
    const struct s3_request request = {.key = str_of(part->key),
                                       .headers = headers,
                                       .header_count = count,
                                       .reply_bytes_max = S3_PART_BYTES + 65536};
    part->tries++;
    if (s3_send(stream->s3, &request, part->key_id, take_part, part)) {
        part->state = PART_ASKED;
        stream->in_flight++;
    } else if (part->tries < S3_TRIES_MAX) {
        part->not_before_ms = now_ms + 1000;
    } else {
        part->state = PART_DONE;
        error_set(&part->error, ERROR_TRANSIENT,
                  "the AWS credentials have expired and no new ones came");
    }
}

/* Asks for those of the first parts_max parts, up to S3_AHEAD_BYTES, that are not here yet, the
 * first one first; how long until one may be asked for again: -1 for ever. */
static int64_t ask_more(struct s3_stream *stream)
{
    int64_t now_ms = clock_steady_ms(), soonest_ms = -1;
    unsigned ahead = 0;
    int64_t bytes = 0;
    for (struct part *part = stream->first;
         part && ahead < stream->parts_max && bytes < S3_AHEAD_BYTES; part = part->next, ahead++) {
        bytes += part->size;
        if (part->state != PART_WAITING)
            continue;
        if (part->not_before_ms <= now_ms)
            ask(part, now_ms);
        int64_t wait_ms = part->not_before_ms - now_ms;
        if (part->state == PART_WAITING && (soonest_ms < 0 || wait_ms < soonest_ms))
            soonest_ms = wait_ms;
    }
    return soonest_ms;
}

static struct part *take_first(struct s3_stream *stream)
{
    struct part *part = stream->first;
    stream->first = part->next;
    if (!stream->first)
        stream->end = &stream->first;
    stream->waiting -= part->size;
    return part;
}

/* The first part, when it is here. One that failed is its object's last: the others are dropped. */
static bool hand_out(struct s3_stream *stream, struct s3_part *out)
{
    while (stream->first && stream->first->state == PART_DONE) {
        struct part *part = take_first(stream);
        free_part(stream->held);
        stream->held = part;
        if (stream->skipping && part->object == stream->skipped)
            continue;
        bool failed = part->error.kind != ERROR_NONE;
        stream->skipping = failed;
        stream->skipped = part->object;
        *out = (struct s3_part){.object = part->object,
                                .bytes = buffer_str(&part->body),
                                .last = part->last || failed,
                                .error = part->error};
        return true;
    }
    return false;
}

bool s3_stream_next(struct s3_stream *stream, struct s3_part *out)
{
    struct http *http = stream->s3->options.http;
    while (stream->first && !http_interrupted(http)) {
        if (hand_out(stream, out)) {
            ask_more(stream);
            return true;
        }
        int64_t soonest_ms = ask_more(stream);
        if (stream->in_flight > 0)
            http_wait(http);
        else if (soonest_ms >= 0)
            http_pause(http, soonest_ms);
    }
    return false;
}
