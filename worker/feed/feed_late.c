/* feed_late: samples that were fed before their references go again, with them. */
#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/feed/feed_inside.h"

enum {
    LATE_MAX = 50000,          /* samples that go again in a transaction */
    LATE_BYTES_MAX = 32 << 20, /* likewise, by what records of their objects have on average */
};

void feed_late_add(struct feed_truth *truth, uint32_t object)
{
    if (truth->late.count == truth->late.room) {
        truth->late.room = truth->late.room ? truth->late.room * 2 : 1024;
        truth->late.objects =
            memory_resize(truth->late.objects, truth->late.room, sizeof *truth->late.objects);
    }
    truth->late.objects[truth->late.count++] = object;
    const struct fed_object *fed = truths_object_at(truth->truths, object);
    truth->late.bytes += fed->bytes / (fed->records ? fed->records : 1);
}

bool feed_late_is_due(const struct feed *feed)
{
    int64_t count = (int64_t)feed->truth->late.count;
    return count >= LATE_MAX || feed->truth->late.bytes >= LATE_BYTES_MAX ||
           (feed->config->rate > 0 && count > 0 && (double)count >= feed->config->rate);
}

static void resend_line(void *owner, struct str line, int64_t number)
{
    struct again *again = owner;
    struct feed *feed = again->feed;
    struct envelope envelope;
    if (envelope_read(&envelope, line, &again->key, &feed->arena))
        return;
    struct truth *truth = feed_truth_find(feed, &envelope, again->object);
    if (!truth || truth->state != TRUTH_PENDING)
        return;
    envelope.reference = str_of(truth->reference);
    envelope.run = SAMPLE_REFERENCES;
    if (feed_add(feed, &envelope, again->object->name, number) != FEED_ADDED)
        return;
    truth->state = TRUTH_USED;
    feed->truth->late.sent++;
}

static bool resend_object(struct feed *feed, struct source *source,
                          const struct source_object *object, struct error *error)
{
    const struct position *position = positions_find(feed->positions, str_of(object->name));
    struct again again = {.feed = feed, .source = source, .object = object};
    return feed_truth_again(&again, position ? position->lines : 0, resend_line, error);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Each object once, in the order in which they were fed. */
static bool resend(struct feed *feed, struct error *error)
{
    static const struct pass again = {.take = resend_object};
    struct feed_truth *truth = feed->truth;
    struct source_page *page = memory_new(1, sizeof *page); /* borrows the names */
    struct source *source = NULL;
    size_t count = 0;
    bool fine = true;
    qsort(truth->late.objects, truth->late.count, sizeof *truth->late.objects, by_number);
    for (size_t i = 0; i < truth->late.count && fine; i++) {
        if (i > 0 && truth->late.objects[i] == truth->late.objects[i - 1])
            continue;
        const struct fed_object *fed = truths_object_at(truth->truths, truth->late.objects[i]);
        if (count == SOURCE_PAGE_OBJECTS || (count > 0 && fed->source != source)) {
            fine = feed_page(feed, source, page, count, &again, error);
            count = 0;
        }
        source = fed->source;
        page->objects[count++] = fed->object;
    }
    fine = fine && (count == 0 || feed_page(feed, source, page, count, &again, error));
    free(page);
    return fine;
}

bool feed_late_settle(struct reading *reading, struct error *error)
{
    struct feed *feed = reading->feed;
    struct feed_truth *truth = feed->truth;
    int64_t wanted = (int64_t)truth->late.count;
    truth->late.sent = 0;
    if (wanted == 0)
        return true;
    if (!resend(feed, error))
        return false;
    reading->given_up = feed_stopped(feed);
    if (reading->given_up) {
        feed_truth_forget(feed);
        return true;
    }
    truth->late.count = 0;
    truth->late.bytes = 0;
    feed->batched.truths.late += truth->late.sent;
    feed->batched.truths.lost += wanted - truth->late.sent;
    feed_keep_rate(feed, truth->late.sent);
    return true;
}
