/* feed_truth: references are joined to their samples: before those are fed, or they go again. */
#include <inttypes.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/feed/feed_inside.h"
#include "worker/feed/truth_line.h"

enum { SWEEPS = 8 /* in a window */ };

static const char PREFIX[] = "ground-truth:"; /* of names of positions */

void feed_truth_forget(struct feed *feed)
{
    struct feed_truth *truth = feed->truth;
    truths_free(truth->truths);
    truth->truths = truths_new(feed->config->window_ms);
    truth->loaded = truth->indexed = truth->stalled = false;
    truth->late.count = 0;
    truth->late.bytes = 0;
    feed_batch_drop(&feed->batch);
    feed->batched = (struct feed_counts){0};
}

struct feed_truth *feed_truth_new(const struct feed *feed)
{
    struct feed_truth *truth = memory_new(1, sizeof *truth);
    truth->truths = truths_new(feed->config->window_ms);
    return truth;
}

void feed_truth_free(struct feed_truth *truth)
{
    if (!truth)
        return;
    truths_free(truth->truths);
    free(truth->late.objects);
    free(truth);
}

bool feed_truth_may_wait(struct feed *feed, const struct error *why)
{
    struct feed_truth *truth = feed->truth;
    if (!truth->stalled || !feed->config->follow_ms)
        return false;
    if (!truth->told)
        feed_tell(feed, "%s; nothing is fed before", why->text);
    truth->told = true;
    feed_truth_forget(feed);
    return true;
}

/* ---- samples that are fed ---- */

struct truth *feed_truth_find(const struct feed *feed, const struct envelope *envelope,
                              const struct source_object *object)
{
    if (!feed->truth || envelope->referenced)
        return NULL;
    return truths_find(feed->truth->truths, envelope->ids, ENVELOPE_IDS, object->modified_ms);
}

void feed_truth_sent(struct feed *feed, struct source *source, const struct source_object *object,
                     const struct envelope *envelope, struct truth *truth)
{
    if (!feed->truth || envelope->referenced)
        return;
    if (!truth) {
        struct truths *truths = feed->truth->truths;
        truths_add_sample(truths, truths_object(truths, source, object), envelope->ids,
                          ENVELOPE_IDS, (int64_t)envelope->line.size);
        return;
    }
    bool first = truth->fresh && truth->state == TRUTH_HELD;
    feed->batched.truths.joined += first;
    feed->batched.truths.unmatched -= first;
    truth->state = TRUTH_USED;
}

/* ---- what was done before this feed ---- */

static const struct position *position_of(struct feed *feed, const char *prefix,
                                          const struct source_object *object)
{
    struct source_object kept = feed_kept(feed, prefix, object);
    const struct position *position = positions_find(feed->positions, str_of(kept.name));
    return position && position->lines > 0 ? position : NULL;
}

static bool is_within(const struct feed *feed, const struct source_object *object)
{
    int64_t now_ms = clock_wall_ms(), oldest_ms = feed->truth->oldest_ms;
    int64_t from_ms = (oldest_ms < now_ms ? oldest_ms : now_ms) - feed->config->window_ms;
    return object->modified_ms >= from_ms;
}

bool feed_truth_again(struct again *again, int64_t lines,
                      void (*take)(void *again, struct str line, int64_t number),
                      struct error *error)
{
    object_key_read(str_of(again->object->name), &again->key);
    if (feed_read_again(again->feed, again->source, again->object, lines, take, again, error))
        return true;
    again->feed->truth->stalled = error->kind != ERROR_FATAL;
    return false;
}

static void load_line(void *owner, struct str line, int64_t number)
{
    (void)number;
    struct again *again = owner;
    struct truth_line truth;
    struct truth *added, about = {.modified_ms = again->object->modified_ms};
    if (!truth_line_read(&truth, line, &again->feed->arena))
        truths_add(again->feed->truth->truths, truth.ids, TRUTH_IDS, truth.reference, &about,
                   &added);
}

static bool wants_loading(struct feed *feed, const struct source_object *object)
{
    return is_within(feed, object) && position_of(feed, PREFIX, object);
}

static bool load_object(struct feed *feed, struct source *source,
                        const struct source_object *object, struct error *error)
{
    struct again again = {.feed = feed, .source = source, .object = object};
    return feed_truth_again(&again, position_of(feed, PREFIX, object)->lines, load_line, error);
}

static void index_line(void *owner, struct str line, int64_t number)
{
    struct again *again = owner;
    struct feed *feed = again->feed;
    struct envelope envelope;
    if (!envelope_read(&envelope, line, &again->key, &feed->arena) &&
        feed_sampling_probability(feed, &envelope, again->object->name, number) > 0)
        feed_truth_sent(feed, again->source, again->object, &envelope, NULL);
}

static bool wants_indexing(struct feed *feed, const struct source_object *object)
{
    return is_within(feed, object) && position_of(feed, "", object);
}

static bool index_object(struct feed *feed, struct source *source,
                         const struct source_object *object, struct error *error)
{
    struct again again = {.feed = feed, .source = source, .object = object};
    return feed_truth_again(&again, position_of(feed, "", object)->lines, index_line, error);
}

/* ---- ground truth that is new ---- */

static const char *take_truth(struct reading *reading)
{
    struct feed *feed = reading->feed;
    struct truths *truths = feed->truth->truths;
    struct truth_line line;
    const char *code = truth_line_read(&line, buffer_str(&reading->line), &feed->arena);
    if (code)
        return code;
    int64_t modified_ms = reading->object->modified_ms;
    uint32_t object = truths_find_sample(truths, line.ids, TRUTH_IDS, modified_ms);
    bool late = object != IDS_NONE;
    struct truth *added, about = {.modified_ms = modified_ms,
                                  .fresh = true,
                                  .state = late ? TRUTH_PENDING : TRUTH_HELD};
    if (!truths_add(truths, line.ids, TRUTH_IDS, line.reference, &about, &added))
        feed->batched.truths.repeated++;
    else if (late)
        feed_late_add(feed->truth, object);
    else
        feed->batched.truths.unmatched++;
    return NULL;
}

static const struct kind TRUTHS = {.prefix = PREFIX,
                                   .what = "ground truth",
                                   .take = take_truth,
                                   .is_due = feed_late_is_due,
                                   .settle = feed_late_settle,
                                   .read_at = offsetof(struct feed_counts, truths.read),
                                   .bad_at = offsetof(struct feed_counts, truths.bad)};

static bool wants_reading(struct feed *feed, const struct source_object *object)
{
    struct source_object kept = feed_kept(feed, PREFIX, object);
    return feed_wants(feed, &kept);
}

/* What stalls drops the batch, so that nothing else may wait in it. */
static bool read_object(struct feed *feed, struct source *source,
                        const struct source_object *object, struct error *error)
{
    return feed_commit(feed, error) && feed_read(feed, &TRUTHS, source, object, error);
}

/* ---- a look ---- */

static void note_oldest(struct feed *feed, const struct source_object *object)
{
    if (object->modified_ms < feed->truth->oldest_ms)
        feed->truth->oldest_ms = object->modified_ms;
}

static bool survey_truths(struct feed *feed, const struct source_object *object)
{
    struct source_object kept = feed_kept(feed, PREFIX, object);
    bool unread = feed_is_unread(feed, &kept);
    feed->truth->unread |= unread;
    if (unread)
        note_oldest(feed, object);
    return false;
}

static bool survey_captures(struct feed *feed, const struct source_object *object)
{
    if (feed_is_unread(feed, object))
        note_oldest(feed, object);
    return false;
}

static bool over_truths(struct feed *feed, const struct pass *pass, struct error *error)
{
    return feed_pass(feed, feed->truth_places, feed->config->truth_count, pass, error);
}

static bool over_captures(struct feed *feed, const struct pass *pass, struct error *error)
{
    return feed_pass(feed, feed->captures, feed->config->from_count, pass, error);
}

/* While it goes on, what is older than the window is of no use any more. */
static void sweep(struct feed *feed)
{
    int64_t now_ms = clock_steady_ms(), window_ms = feed->config->window_ms;
    if (feed->looks == 0 || now_ms - feed->truth->swept_ms < window_ms / SWEEPS)
        return;
    truths_sweep(feed->truth->truths, clock_wall_ms() - window_ms);
    feed->truth->swept_ms = now_ms;
}

/* References that were read before, so that samples that are fed now go with them. */
static bool know_references(struct feed *feed, struct error *error)
{
    static const struct pass find = {.wants = survey_captures};
    static const struct pass load = {wants_loading, load_object};
    struct feed_truth *truth = feed->truth;
    truth->loaded = truth->loaded ||
                    (over_captures(feed, &find, error) && over_truths(feed, &load, error));
    return truth->loaded;
}

static bool read_new(struct feed *feed, struct error *error)
{
    static const struct pass index = {wants_indexing, index_object};
    static const struct pass read = {wants_reading, read_object};
    struct feed_truth *truth = feed->truth;
    if (truth->unread && !truth->indexed && !over_captures(feed, &index, error))
        return false;
    truth->indexed |= truth->unread;
    return (!truth->unread && feed->looks > 0) || over_truths(feed, &read, error);
}

static void note_stalled(struct feed *feed, const struct error *why)
{
    struct feed_truth *truth = feed->truth;
    feed->counts.objects.failed += !truth->failed;
    if (!truth->failed)
        feed_tell(feed, "%s; ground truth is read when that can be read again", why->text);
    truth->failed = true;
}

static void note_read(struct feed *feed)
{
    feed->counts.objects.failed -= feed->truth->failed;
    feed->truth->failed = feed->truth->told = false;
}

/* When captures cannot be read again, new ones are fed all the same: what they lack comes later. */
bool feed_truth_look(struct feed *feed, struct error *error)
{
    static const struct pass find = {.wants = survey_truths};
    struct feed_truth *truth = feed->truth;
    struct error why = {0};
    truth->oldest_ms = INT64_MAX;
    truth->unread = false;
    sweep(feed);
    if (!over_truths(feed, &find, error) || !know_references(feed, error))
        return false;
    if (read_new(feed, &why)) {
        note_read(feed);
        return true;
    }
    if (!truth->stalled)
        return error_set(error, why.kind, "%s", why.text);
    note_stalled(feed, &why);
    feed_truth_forget(feed);
    return know_references(feed, error);
}
