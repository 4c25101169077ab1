/* feed: the lines of capture objects become records of a topic, each exactly once. */
#include "worker/feed/feed.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "schema/base/utf8.h"
#include "worker/feed/feed_inside.h"

enum { AHEAD_BYTES_MAX = 64 << 20, TELL_BYTES = 2048, LOOK_MS = 100 };

bool feed_stopped(const struct feed *feed)
{
    return *feed->config->stop;
}

void feed_tell(const struct feed *feed, const char *format, ...)
{
    char sentence[TELL_BYTES];
    va_list values;
    va_start(values, format);
    vsnprintf(sentence, sizeof sentence, format, values);
    va_end(values);
    feed->config->tell(feed->config->owner, sentence);
}

void feed_pause(const struct feed *feed, int64_t ms)
{
    int64_t end_ms = clock_steady_ms() + ms, left_ms;
    while (!feed_stopped(feed) && (left_ms = end_ms - clock_steady_ms()) > 0)
        poll(NULL, 0, (int)(left_ms < LOOK_MS ? left_ms : LOOK_MS));
}

static void add_counts(struct feed_counts *to, const struct feed_counts *from)
{
    to->objects.fed += from->objects.fed;
    to->lines.read += from->lines.read;
    to->lines.sent += from->lines.sent;
    to->lines.bad += from->lines.bad;
    to->lines.too_large += from->lines.too_large;
    to->bytes += from->bytes;
}

bool feed_commit(struct feed *feed, struct error *error)
{
    if (!feed_batch_commit(&feed->batch, feed->producer, feed->config->kafka.name, feed->positions,
                           error))
        return false;
    add_counts(&feed->counts, &feed->batched);
    feed->batched = (struct feed_counts){0};
    feed->config->progress(feed->config->owner, &feed->counts);
    return true;
}

/* ---- which objects ---- */

static bool same_etag(const struct position *position, const struct source_object *object)
{
    return position && position->etag == position_etag(object->etag);
}

void feed_set_aside(struct feed *feed, const struct source_object *object)
{
    const struct position position = {.etag = position_etag(object->etag)};
    positions_set(feed->told, str_of(object->name), &position);
}

static void note_foreign(struct feed *feed, const struct source_object *object)
{
    feed_set_aside(feed, object);
    feed->counts.objects.foreign++;
    feed_tell(feed, "%s is no file of JSON lines (.jsonl, .json, .ndjson, also with .gz)",
              object->name);
}

static bool is_wanted(struct feed *feed, const struct source_object *object, bool first_look)
{
    struct str name = str_of(object->name);
    const struct position *position = positions_find(feed->positions, name);
    if (same_etag(positions_find(feed->told, name), object))
        return false;
    if (!utf8_valid(name) || !object_key_is_lines(name)) {
        note_foreign(feed, object);
        return false;
    }
    if (!position || !position->done || !same_etag(position, object))
        return true;
    feed->counts.objects.already += first_look;
    return false;
}

/* ---- passes ---- */

/* Wanted objects of the page move to its front; returns how many. */
static size_t choose(struct feed *feed, struct source_page *page, bool first_look)
{
    size_t count = 0;
    for (size_t i = 0; i < page->count; i++) {
        if (!is_wanted(feed, &page->objects[i], first_look))
            continue;
        struct source_object chosen = page->objects[i];
        page->objects[i] = page->objects[count];
        page->objects[count++] = chosen;
    }
    return count;
}

static bool feed_page(struct feed *feed, struct source *source, const struct source_page *page,
                      size_t count, struct error *error)
{
    int64_t ahead_bytes = 0;
    size_t said = 0;
    for (size_t i = 0; i < count && !feed_stopped(feed); i++) {
        for (; said < count && (said <= i || ahead_bytes < AHEAD_BYTES_MAX); said++) {
            source_ahead(source, &page->objects[said]);
            ahead_bytes += page->objects[said].size;
        }
        if (!feed_object(feed, source, &page->objects[i], error))
            return false;
        ahead_bytes -= page->objects[i].size;
    }
    return true;
}

/* A place that cannot be listed stops the feed. */
static bool feed_source(struct feed *feed, struct source *source, struct source_page *page,
                        bool first_look, struct error *error)
{
    for (bool again = true; !feed_stopped(feed); again = false) {
        if (!source_page(source, again, page, error))
            return feed_stopped(feed);
        if (page->count == 0)
            break;
        if (!feed_page(feed, source, page, choose(feed, page, first_look), error))
            return false;
    }
    return true;
}

static bool feed_sources(struct feed *feed, struct source **sources, struct error *error)
{
    bool fine = true;
    struct source_page *page = memory_new(1, sizeof *page);
    for (size_t i = 0; i < feed->config->from_count && fine; i++)
        fine = feed_source(feed, sources[i], page, true, error);
    source_page_clear(page);
    free(page);
    return fine && feed_commit(feed, error);
}

/* ---- the run ---- */

static bool take_position(void *owner, struct str value, struct error *error)
{
    struct feed *feed = owner;
    struct position position;
    struct buffer object = {0};
    bool fine = position_read(value, &object, &position, error);
    if (fine)
        positions_set(feed->positions, buffer_str(&object), &position);
    buffer_clear(&object);
    return fine;
}

static bool open_all(struct feed *feed, struct source **sources, struct error *error)
{
    const struct feed_config *config = feed->config;
    for (size_t i = 0; i < config->from_count; i++)
        if (!(sources[i] = source_open(config->from[i], &config->aws, error)))
            return false;
    feed->producer = producer_open(&config->kafka, error);
    return feed->producer && producer_read_positions(feed->producer, take_position, feed, error);
}

bool feed_run(const struct feed_config *config, struct feed_counts *out, struct error *error)
{
    struct feed feed = {
        .config = config, .positions = positions_new(), .told = positions_new()};
    struct source **sources = memory_new(config->from_count, sizeof(struct source *));
    bool fine = open_all(&feed, sources, error) && feed_sources(&feed, sources, error);
    *out = feed.counts;
    for (size_t i = 0; i < config->from_count; i++)
        source_close(sources[i]);
    free(sources);
    producer_close(feed.producer);
    feed_batch_clear(&feed.batch);
    positions_free(feed.positions);
    positions_free(feed.told);
    arena_clear(&feed.arena);
    return fine;
}
