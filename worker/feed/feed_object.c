/* feed_object: the lines of one object, from its position on. */
#include "schema/base/clock.h"
#include "worker/feed/feed_inside.h"

enum { BATCH_MS_MAX = 1000, PAUSE_MS_MIN = 10, ARENA_KEPT_BYTES = 4 << 20 };

static int64_t *counter(struct reading *reading, size_t at)
{
    return (int64_t *)(void *)((char *)&reading->feed->batched + at);
}

struct source_object feed_kept(struct feed *feed, const char *prefix,
                               const struct source_object *object)
{
    struct source_object kept = *object;
    if (!*prefix)
        return kept;
    buffer_reset(&feed->name);
    buffer_printf(&feed->name, "%s%s", prefix, object->name);
    kept.name = feed->name.data;
    return kept;
}

/* Of one that was looked at again, nothing is told twice. */
static void note_failed(struct reading *reading, bool aside, const struct error *why)
{
    struct feed *feed = reading->feed;
    struct feed_told before = feed_told(feed, &reading->kept);
    feed->counts.objects.failed += !before.failed;
    if (!before.same)
        feed_tell(feed, "%s", why->text);
    feed_set_told(feed, &reading->kept, aside, true);
}

static void note_fed(struct reading *reading)
{
    struct feed *feed = reading->feed;
    feed->batched.objects.fed++;
    if (!feed_told(feed, &reading->kept).failed)
        return;
    feed->counts.objects.failed--;
    feed_set_told(feed, &reading->kept, false, false);
}

/* Whether the lines before `start` are what they were; told once when not. */
static bool verify(struct reading *reading)
{
    struct feed *feed = reading->feed;
    if (reading->verified || reading->now.digest == reading->start.digest) {
        reading->verified = true;
        return true;
    }
    feed_set_told(feed, &reading->kept, true, false);
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

/* ---- the batch ---- */

bool feed_checkpoint(struct reading *reading, struct error *error)
{
    if (reading->kind->settle && !reading->kind->settle(reading, error))
        return false;
    if (reading->given_up)
        return true;
    feed_batch_mark(&reading->feed->batch, &reading->kept, &reading->now);
    return feed_commit(reading->feed, error);
}

static bool is_due(const struct feed *feed)
{
    const struct feed_batch *batch = &feed->batch;
    bool old = batch->since_ms && clock_steady_ms() - batch->since_ms >= BATCH_MS_MAX;
    return old || feed_batch_is_full(batch);
}

void feed_keep_rate(struct feed *feed, int64_t records)
{
    int64_t now_us = clock_steady_us();
    if (feed->config->rate <= 0 || records == 0)
        return;
    if (feed->due_us < now_us)
        feed->due_us = now_us;
    feed->due_us += (int64_t)(1e6 * (double)records / feed->config->rate);
    if (feed->due_us - now_us >= PAUSE_MS_MIN * 1000)
        feed_pause(feed, (feed->due_us - now_us) / 1000);
}

/* ---- a line ---- */

static void note_too_large(struct feed *feed, const char *object, int64_t line)
{
    feed_tell(feed, "%s:%lld is larger than a message of topic %s may be (%lld bytes)", object,
              (long long)line, feed->config->kafka.topic,
              (long long)producer_bytes_max(feed->producer));
}

enum feed_added feed_add(struct feed *feed, const struct envelope *envelope, const char *object,
                         int64_t line)
{
    struct buffer *bytes = &feed->batch.bytes;
    size_t at = bytes->size;
    double probability = feed_sampling_probability(feed, envelope, object, line);
    if (probability <= 0)
        return FEED_LEFT_OUT;
    envelope_write(envelope, &feed->config->envelope, probability, bytes);
    if ((int64_t)(bytes->size - at + envelope->key.size) > producer_bytes_max(feed->producer)) {
        bytes->size = at;
        note_too_large(feed, object, line);
        return FEED_TOO_LARGE;
    }
    feed->batched.bytes += (int64_t)(bytes->size - at);
    feed_batch_add(&feed->batch, envelope->key, at);
    return FEED_ADDED;
}

static const char *take_capture(struct reading *reading)
{
    struct feed *feed = reading->feed;
    struct envelope envelope;
    const char *code =
        envelope_read(&envelope, buffer_str(&reading->line), &reading->key, &feed->arena);
    if (code)
        return code;
    struct truth *truth = feed_truth_find(feed, &envelope, reading->object);
    if (truth)
        envelope.reference = str_of(truth->reference);
    int64_t number = lines_number(reading->lines);
    enum feed_added added = feed_add(feed, &envelope, reading->object->name, number);
    feed->batched.lines.sent += added == FEED_ADDED;
    feed->batched.lines.left_out += added == FEED_LEFT_OUT;
    feed->batched.lines.too_large += added == FEED_TOO_LARGE;
    if (added == FEED_ADDED)
        feed_truth_sent(feed, reading->source, reading->object, &envelope, truth);
    return NULL;
}

const struct kind FEED_CAPTURES = {.prefix = "",
                                   .what = "capture record",
                                   .take = take_capture,
                                   .read_at = offsetof(struct feed_counts, lines.read),
                                   .bad_at = offsetof(struct feed_counts, lines.bad)};

static const char *take_one(struct reading *reading, bool too_long)
{
    struct feed *feed = reading->feed;
    if (feed->arena.used > ARENA_KEPT_BYTES)
        arena_clear(&feed->arena);
    arena_reset(&feed->arena);
    if (!too_long)
        return reading->kind->take(reading);
    if (reading->kind != &FEED_CAPTURES)
        return "too_long";
    feed->batched.lines.too_large++;
    note_too_large(feed, reading->object->name, lines_number(reading->lines));
    return NULL;
}

/* False: the object's last line is half-written, and not done with. */
static bool take_line(struct reading *reading, bool too_long)
{
    struct feed *feed = reading->feed;
    const char *code = take_one(reading, too_long);
    bool half = code && !lines_ended(reading->lines);
    reading->growing = half && feed->config->follow_ms && !reading->seen;
    if (reading->growing)
        return false;
    ++*counter(reading, reading->kind->read_at);
    if (!code)
        return true;
    ++*counter(reading, reading->kind->bad_at);
    feed_tell(feed, "%s:%lld is no %s: %s%s", reading->object->name,
              (long long)lines_number(reading->lines), reading->kind->what, code,
              half ? " (its end is missing: half-written?)" : "");
    return !half;
}

/* A line that is new. */
static bool step(struct reading *reading, bool too_long, struct error *error)
{
    struct feed *feed = reading->feed;
    const struct kind *kind = reading->kind;
    int64_t before = feed->batched.lines.sent;
    if (!take_line(reading, too_long))
        return true;
    move_on(reading, too_long);
    int64_t sent = feed->batched.lines.sent - before;
    bool slow = sent && feed->config->rate > 0 && feed->config->rate * BATCH_MS_MAX < 1000;
    bool due = slow || is_due(feed) || (kind->is_due && kind->is_due(feed));
    if (due && !feed_checkpoint(reading, error))
        return false;
    feed_keep_rate(feed, sent);
    return true;
}

/* ---- an object ---- */

/* What was read is kept, whether it was all of the object (LINES_END), all that can be read, or all
 * until somebody stopped us. */
static bool end(struct reading *reading, enum lines_status status, const struct error *why,
                struct error *error)
{
    struct feed *feed = reading->feed;
    if (!verify(reading))
        return true;
    if (reading->kind->settle && !reading->kind->settle(reading, error))
        return false;
    if (reading->given_up)
        return true;
    if (status == LINES_FAILED)
        note_failed(reading, true, why);
    reading->now.done = status == LINES_END && !reading->growing;
    if (reading->now.done)
        note_fed(reading);
    feed_batch_mark(&feed->batch, &reading->kept, &reading->now);
    return !is_due(feed) || feed_commit(feed, error);
}

static bool read_lines(struct reading *reading, struct error *error)
{
    struct error why = {0};
    while (!feed_stopped(reading->feed)) {
        enum lines_status status = lines_next(reading->lines, &reading->line, &why);
        bool too_long = status == LINES_TOO_LONG;
        if (status == LINES_END || status == LINES_FAILED)
            return end(reading, status, &why, error);
        if (lines_number(reading->lines) <= reading->start.lines)
            move_on(reading, too_long);
        else if (!verify(reading))
            return true;
        else if (!step(reading, too_long, error))
            return false;
    }
    return !reading->verified || end(reading, LINES_READ, &why, error);
}

bool feed_read(struct feed *feed, const struct kind *kind, struct source *source,
               const struct source_object *object, struct error *error)
{
    struct error why = {0};
    struct reading reading = {.feed = feed, .kind = kind, .object = object, .source = source};
    reading.kept = feed_kept(feed, kind->prefix, object);
    const struct position *before = positions_find(feed->positions, str_of(reading.kept.name));
    reading.now.etag = position_etag(object->etag);
    reading.seen = before && before->etag == reading.now.etag;
    if (before)
        reading.start = *before;
    object_key_read(str_of(object->name), &reading.key);
    reading.lines = source_lines(source, object, (size_t)producer_bytes_max(feed->producer), &why);
    if (!reading.lines && why.kind == ERROR_FATAL)
        return error_set(error, ERROR_FATAL, "%s", why.text);
    feed->missed = !reading.lines && why.kind == ERROR_TRANSIENT ? feed->missed + 1 : 0;
    if (!reading.lines) {
        if (!feed_stopped(feed))
            note_failed(&reading, false, &why);
        return true;
    }
    bool fine = read_lines(&reading, error);
    lines_close(reading.lines);
    buffer_clear(&reading.line);
    return fine;
}

bool feed_read_again(struct feed *feed, struct source *source, const struct source_object *object,
                     int64_t lines, void (*take)(void *owner, struct str line, int64_t number),
                     void *owner, struct error *error)
{
    struct buffer line = {0};
    enum lines_status status = LINES_READ;
    struct lines *read =
        source_lines(source, object, (size_t)producer_bytes_max(feed->producer), error);
    while (read && !feed_stopped(feed) && lines_number(read) < lines &&
           (status = lines_next(read, &line, error)) != LINES_END && status != LINES_FAILED) {
        arena_reset(&feed->arena);
        if (status == LINES_READ && lines_number(read) <= lines)
            take(owner, buffer_str(&line), lines_number(read));
    }
    bool fine = (read && status != LINES_FAILED) || feed_stopped(feed);
    lines_close(read);
    buffer_clear(&line);
    return fine;
}
