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

enum {
    AHEAD_BYTES_MAX = 64 << 20,
    TELL_BYTES = 2048,
    LOOK_MS = 100,
    MISSED_MAX = 8, /* each of them was asked for long */
};

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
    to->lines.left_out += from->lines.left_out;
    to->lines.bad += from->lines.bad;
    to->lines.too_large += from->lines.too_large;
    to->truths.read += from->truths.read;
    to->truths.joined += from->truths.joined;
    to->truths.late += from->truths.late;
    to->truths.unmatched += from->truths.unmatched;
    to->truths.repeated += from->truths.repeated;
    to->truths.lost += from->truths.lost;
    to->truths.bad += from->truths.bad;
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

void feed_set_told(struct feed *feed, const struct source_object *object, bool aside, bool failed)
{
    const struct position position = {
        .etag = position_etag(object->etag), .done = aside, .lines = failed};
    positions_set(feed->told, str_of(object->name), &position);
}

struct feed_told feed_told(const struct feed *feed, const struct source_object *object)
{
    const struct position *position = positions_find(feed->told, str_of(object->name));
    if (!position)
        return (struct feed_told){0};
    return (struct feed_told){.same = same_etag(position, object),
                              .aside = position->done,
                              .failed = position->lines > 0};
}

static void note_foreign(struct feed *feed, const struct source_object *object)
{
    feed_set_told(feed, object, true, false);
    feed->counts.objects.foreign++;
    feed_tell(feed, "%s is no file of JSON lines (.jsonl, .json, .ndjson, also with .gz or .zst)",
              object->name);
}

bool feed_is_unread(const struct feed *feed, const struct source_object *object)
{
    struct str name = str_of(object->name);
    const struct position *position = positions_find(feed->positions, name);
    struct feed_told told = feed_told(feed, object);
    if ((told.same && told.aside) || !utf8_valid(name) || !object_key_is_lines(name))
        return false;
    return !position || !position->done || !same_etag(position, object);
}

bool feed_wants(struct feed *feed, const struct source_object *object)
{
    if (feed_is_unread(feed, object))
        return true;
    struct feed_told told = feed_told(feed, object);
    if (told.same && told.aside)
        return false;
    if (!utf8_valid(str_of(object->name)) || !object_key_is_lines(str_of(object->name)))
        note_foreign(feed, object);
    else
        feed->counts.objects.already += feed->looks == 0;
    return false;
}

/* ---- passes ---- */

/* Wanted objects of the page move to its front; returns how many. */
static size_t choose(struct feed *feed, struct source_page *page, const struct pass *pass)
{
    size_t count = 0;
    for (size_t i = 0; i < page->count; i++) {
        if (!pass->wants(feed, &page->objects[i]))
            continue;
        struct source_object chosen = page->objects[i];
        page->objects[i] = page->objects[count];
        page->objects[count++] = chosen;
    }
    return count;
}

bool feed_page(struct feed *feed, struct source *source, const struct source_page *page,
               size_t count, const struct pass *pass, struct error *error)
{
    int64_t ahead_bytes = 0;
    size_t said = 0;
    for (size_t i = 0; i < count && !feed_stopped(feed) && feed->missed < MISSED_MAX; i++) {
        for (; said < count && (said <= i || ahead_bytes < AHEAD_BYTES_MAX); said++) {
            source_ahead(source, &page->objects[said]);
            ahead_bytes += page->objects[said].size;
        }
        if (!pass->take(feed, source, &page->objects[i], error)) {
            source_ahead_none(source);
            return false;
        }
        ahead_bytes -= page->objects[i].size;
    }
    if (feed->missed >= MISSED_MAX)
        source_ahead_none(source);
    return true;
}

static bool note_lost(struct feed *feed, struct place *place, const struct error *why,
                      struct error *error)
{
    if (feed_stopped(feed))
        return true;
    if (feed->looks == 0)
        return error_set(error, why->kind, "%s", why->text);
    if (!place->lost)
        feed_tell(feed, "%s; looking again", why->text);
    place->lost = true;
    return true;
}

/* A place whose objects cannot be read is as one that cannot be listed. */
static bool give_up(struct feed *feed, struct place *place, struct error *error)
{
    struct error why = {0};
    error_set(&why, ERROR_TRANSIENT,
              "%d objects one after the other could not be read: the rest is left for later",
              feed->missed);
    feed->missed = 0;
    return feed_commit(feed, error) && note_lost(feed, place, &why, error);
}

static bool pass_over(struct feed *feed, struct place *place, struct source_page *page,
                      const struct pass *pass, struct error *error)
{
    struct source *source = place->source;
    for (bool again = true; !feed_stopped(feed); again = false) {
        struct error why = {0};
        if (!source_page(source, again, page, &why))
            return note_lost(feed, place, &why, error);
        place->lost = false;
        if (page->count == 0)
            break;
        if (!feed_page(feed, source, page, choose(feed, page, pass), pass, error))
            return false;
        if (feed->missed >= MISSED_MAX)
            return give_up(feed, place, error);
    }
    return true;
}

bool feed_pass(struct feed *feed, struct place *places, size_t count, const struct pass *pass,
               struct error *error)
{
    bool fine = true;
    struct source_page *page = memory_new(1, sizeof *page);
    for (size_t i = 0; i < count && fine; i++)
        fine = pass_over(feed, &places[i], page, pass, error);
    source_page_clear(page);
    free(page);
    return fine;
}

static bool take_captures(struct feed *feed, struct source *source,
                          const struct source_object *object, struct error *error)
{
    return feed_read(feed, &FEED_CAPTURES, source, object, error);
}

/* Ground truth first: what came before its sample goes with it. */
static bool look(struct feed *feed, struct error *error)
{
    static const struct pass captures = {feed_wants, take_captures};
    struct error why = {0};
    if (feed->truth && !feed_truth_look(feed, &why))
        return feed_truth_may_wait(feed, &why) || error_set(error, why.kind, "%s", why.text);
    return feed_pass(feed, feed->captures, feed->config->from_count, &captures, error) &&
           feed_commit(feed, error);
}

static bool feed_all(struct feed *feed, struct error *error)
{
    int64_t follow_ms = feed->config->follow_ms;
    for (;;) {
        if (!look(feed, error))
            return false;
        feed->looks++;
        if (!follow_ms || feed_stopped(feed))
            return true;
        feed_pause(feed, follow_ms);
    }
}

/* ---- the run ---- */

static bool take_position(void *owner, struct str value, struct error *error)
{
    struct feed *feed = owner;
    struct position position;
    struct buffer object = {0};
    if (feed_sampling_take(feed, value))
        return true;
    bool fine = position_read(value, &object, &position, error);
    if (fine)
        positions_set(feed->positions, buffer_str(&object), &position);
    buffer_clear(&object);
    return fine;
}

static void close_places(struct place *places, size_t count)
{
    for (size_t i = 0; places && i < count; i++)
        source_close(places[i].source);
    free(places);
}

/* NULL and `error` when one of them cannot be opened. */
static struct place *open_places(const struct feed_config *config, const char *const *where,
                                 size_t count, struct error *error)
{
    bool fine = true;
    struct place *places = memory_new(count + 1, sizeof *places);
    for (size_t i = 0; i < count && fine; i++)
        fine = (places[i].source = source_open(where[i], &config->aws, error)) != NULL;
    if (fine)
        return places;
    close_places(places, count);
    return NULL;
}

static bool open_all(struct feed *feed, struct error *error)
{
    const struct feed_config *config = feed->config;
    feed->captures = open_places(config, config->from, config->from_count, error);
    feed->truth_places = open_places(config, config->truths, config->truth_count, error);
    if (!feed->captures || !feed->truth_places)
        return false;
    if (config->truth_count)
        feed->truth = feed_truth_new(feed);
    feed->producer = producer_open(&config->kafka, error);
    return feed->producer && producer_read_positions(feed->producer, take_position, feed, error) &&
           feed_sampling_start(feed, error);
}

bool feed_run(const struct feed_config *config, struct feed_counts *out, struct error *error)
{
    struct feed feed = {
        .config = config, .positions = positions_new(), .told = positions_new()};
    bool fine = open_all(&feed, error) && feed_all(&feed, error);
    *out = feed.counts;
    close_places(feed.captures, config->from_count);
    close_places(feed.truth_places, config->truth_count);
    producer_close(feed.producer);
    feed_sampling_stop(&feed);
    feed_truth_free(feed.truth);
    feed_batch_clear(&feed.batch);
    buffer_clear(&feed.name);
    positions_free(feed.positions);
    positions_free(feed.told);
    arena_clear(&feed.arena);
    return fine;
}
