/* feed_object: the lines of one object, from its position on. */
#include "schema/base/clock.h"
#include "worker/feed/feed_inside.h"

enum { BATCH_MS_MAX = 1000, PAUSE_MS_MIN = 10, ARENA_KEPT_BYTES = 4 << 20 };

struct reading {
    struct feed *feed;
    const struct source_object *object;
    struct object_key key;
    struct lines *lines;
    struct buffer line;
    struct position start, now;
    bool verified; /* the lines up to `start` are those that were fed */
    bool seen;     /* the object was read as it is, and more of it was waited for */
    bool growing;  /* its last line is waited for */
};

/* Of one that was looked at again, nothing is told twice. */
static void note_failed(struct feed *feed, const struct source_object *object, bool aside,
                        const struct error *why)
{
    struct feed_told before = feed_told(feed, object);
    feed->counts.objects.failed += !before.failed;
    if (!before.same)
        feed_tell(feed, "%s", why->text);
    feed_set_told(feed, object, aside, true);
}

static void note_fed(struct feed *feed, const struct source_object *object)
{
    feed->batched.objects.fed++;
    if (!feed_told(feed, object).failed)
        return;
    feed->counts.objects.failed--;
    feed_set_told(feed, object, false, false);
}

/* Whether the lines before `start` are what they were; told once when not. */
static bool verify(struct reading *reading)
{
    struct feed *feed = reading->feed;
    if (reading->verified || reading->now.digest == reading->start.digest) {
        reading->verified = true;
        return true;
    }
    feed_set_told(feed, reading->object, true, false);
    feed->counts.objects.changed++;
    feed_tell(feed,
              "%s: its first %lld lines were fed and are others now; it is left alone (put new "
              "data into new objects)",
              reading->object->name, (long long)reading->start.lines);
    return false;
}

static void move_on(struct reading *reading, bool too_long)
{
    struct str line = too_long ? STR("too long") : buffer_str(&reading->line);
    reading->now.digest = position_digest(reading->now.digest, line);
    reading->now.lines = lines_number(reading->lines);
}

static void note_too_large(struct reading *reading)
{
    struct feed *feed = reading->feed;
    feed->batched.lines.too_large++;
    feed_tell(feed, "%s:%lld is larger than a message of topic %s may be (%lld bytes)",
              reading->object->name, (long long)lines_number(reading->lines),
              feed->config->kafka.topic, (long long)producer_bytes_max(feed->producer));
}

static void add_record(struct reading *reading, const struct envelope *envelope)
{
    struct feed *feed = reading->feed;
    struct buffer *bytes = &feed->batch.bytes;
    size_t at = bytes->size;
    double probability = feed_sampling_probability(feed, envelope, reading->object->name,
                                                   lines_number(reading->lines));
    if (probability <= 0) {
        feed->batched.lines.left_out++;
        return;
    }
    envelope_write(envelope, &feed->config->envelope, probability, bytes);
    if ((int64_t)(bytes->size - at + envelope->key.size) > producer_bytes_max(feed->producer)) {
        bytes->size = at;
        note_too_large(reading);
        return;
    }
    feed->batched.lines.sent++;
    feed->batched.bytes += (int64_t)(bytes->size - at);
    feed_batch_add(&feed->batch, envelope->key, at);
}

/* False: the object's last line is half-written, and not done with. */
static bool take_line(struct reading *reading)
{
    struct feed *feed = reading->feed;
    struct envelope envelope;
    if (feed->arena.used > ARENA_KEPT_BYTES)
        arena_clear(&feed->arena);
    arena_reset(&feed->arena);
    feed->batched.lines.read++;
    const char *code =
        envelope_read(&envelope, buffer_str(&reading->line), &reading->key, &feed->arena);
    if (!code) {
        add_record(reading, &envelope);
        return true;
    }
    bool half = !lines_ended(reading->lines);
    reading->growing = half && feed->config->follow_ms && !reading->seen;
    if (reading->growing) {
        feed->batched.lines.read--;
        return false;
    }
    feed->batched.lines.bad++;
    feed_tell(feed, "%s:%lld is no capture record: %s%s", reading->object->name,
              (long long)lines_number(reading->lines), code,
              half ? " (its end is missing: half-written?)" : "");
    return !half;
}

static bool is_due(const struct feed_batch *batch)
{
    bool old = batch->since_ms && clock_steady_ms() - batch->since_ms >= BATCH_MS_MAX;
    return old || feed_batch_is_full(batch);
}

/* How long the rate says to wait after one more record. */
static int64_t wait_ms(struct feed *feed)
{
    int64_t now_us = clock_steady_us();
    if (feed->config->rate <= 0)
        return 0;
    if (feed->due_us < now_us)
        feed->due_us = now_us;
    feed->due_us += (int64_t)(1e6 / feed->config->rate);
    return (feed->due_us - now_us) / 1000;
}

/* A line that is new. */
static bool step(struct reading *reading, bool too_long, struct error *error)
{
    struct feed *feed = reading->feed;
    int64_t before = feed->batched.lines.sent;
    if (too_long) {
        feed->batched.lines.read++;
        note_too_large(reading);
    } else if (!take_line(reading)) {
        return true;
    }
    move_on(reading, too_long);
    bool sent = feed->batched.lines.sent > before, fine = true;
    int64_t wait = sent ? wait_ms(feed) : 0;
    if (is_due(&feed->batch) || wait >= BATCH_MS_MAX) {
        feed_batch_mark(&feed->batch, reading->object, &reading->now);
        fine = feed_commit(feed, error);
    }
    if (wait >= PAUSE_MS_MIN)
        feed_pause(feed, wait);
    return fine;
}

/* What was read is kept, whether it was all of the object (LINES_END), all that can be read, or all
 * until somebody stopped us. */
static void end(struct reading *reading, enum lines_status status, const struct error *why)
{
    struct feed *feed = reading->feed;
    if (!verify(reading))
        return;
    if (status == LINES_FAILED)
        note_failed(feed, reading->object, true, why);
    reading->now.done = status == LINES_END && !reading->growing;
    if (reading->now.done)
        note_fed(feed, reading->object);
    feed_batch_mark(&feed->batch, reading->object, &reading->now);
}

static bool read_lines(struct reading *reading, struct error *error)
{
    struct error why = {0};
    while (!feed_stopped(reading->feed)) {
        enum lines_status status = lines_next(reading->lines, &reading->line, &why);
        bool too_long = status == LINES_TOO_LONG;
        if (status == LINES_END || status == LINES_FAILED) {
            end(reading, status, &why);
            return !is_due(&reading->feed->batch) || feed_commit(reading->feed, error);
        }
        if (lines_number(reading->lines) <= reading->start.lines)
            move_on(reading, too_long);
        else if (!verify(reading))
            return true;
        else if (!step(reading, too_long, error))
            return false;
    }
    if (reading->verified)
        end(reading, LINES_READ, &why);
    return true;
}

bool feed_object(struct feed *feed, struct source *source, const struct source_object *object,
                 struct error *error)
{
    struct error why = {0};
    struct reading reading = {.feed = feed, .object = object};
    const struct position *before = positions_find(feed->positions, str_of(object->name));
    reading.now.etag = position_etag(object->etag);
    reading.seen = before && before->etag == reading.now.etag;
    if (before)
        reading.start = *before;
    object_key_read(str_of(object->name), &reading.key);
    reading.lines =
        source_lines(source, object, (size_t)producer_bytes_max(feed->producer), &why);
    if (!reading.lines && why.kind == ERROR_FATAL)
        return error_set(error, ERROR_FATAL, "%s", why.text);
    if (!reading.lines) {
        if (!feed_stopped(feed))
            note_failed(feed, object, false, &why);
        return true;
    }
    bool fine = read_lines(&reading, error);
    lines_close(reading.lines);
    buffer_clear(&reading.line);
    return fine;
}
