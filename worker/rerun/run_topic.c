/* run_topic: the chunks of a run in its topic, and which of them a group of workers has done. */
#include "worker/rerun/run_topic.h"

#include <stdlib.h>
#include <string.h>
#include "schema/base/memory.h"
#include "worker/intake/topic_reader.h"
#include "worker/rerun/chunk_message.h"

/* Offsets of a partition, ascending. */
struct places {
    int64_t *offsets;
    size_t count, room;
};

struct run_topic {
    struct topic_reader *reader;
    const char *plan, *name;
    struct places *partitions;
    int64_t sent, highest; /* chunks that were seen; the highest number of them */
    int64_t *committed;
};

struct run_topic *run_topic_open(const struct kafka_config *config, const char *plan,
                                 struct error *error)
{
    struct run_topic *topic = memory_new(1, sizeof *topic);
    *topic = (struct run_topic){.plan = plan, .name = config->topic, .highest = -1};
    topic->reader = topic_reader_open(config, error);
    if (!topic->reader) {
        free(topic);
        return NULL;
    }
    size_t count = (size_t)topic_reader_partitions(topic->reader);
    topic->partitions = memory_new(count, sizeof *topic->partitions);
    topic->committed = memory_new(count, sizeof *topic->committed);
    return topic;
}

void run_topic_close(struct run_topic *topic)
{
    if (!topic)
        return;
    for (int i = 0; i < topic_reader_partitions(topic->reader); i++)
        free(topic->partitions[i].offsets);
    topic_reader_close(topic->reader);
    free(topic->partitions);
    free(topic->committed);
    free(topic);
}

static void add_place(struct places *places, int64_t offset)
{
    if (places->count == places->room) {
        places->room = places->room ? places->room * 2 : 64;
        places->offsets = memory_resize(places->offsets, places->room, sizeof *places->offsets);
    }
    places->offsets[places->count++] = offset;
}

/* Chunks of other runs, and what is none, are passed over: workers will speak of them. */
static bool look_at(void *owner, int32_t partition, int64_t offset, struct str value,
                    struct error *error)
{
    struct run_topic *topic = owner;
    struct chunk_message message;
    struct error other = {0};
    (void)error;
    if (chunk_message_read(value, &message, &other) && strcmp(message.plan, topic->plan) == 0) {
        add_place(&topic->partitions[partition], offset);
        topic->sent++;
        topic->highest = message.number > topic->highest ? message.number : topic->highest;
    }
    chunk_message_clear(&message);
    return true;
}

bool run_topic_look(struct run_topic *topic, int64_t *out_sent, struct error *error)
{
    if (!topic_reader_read(topic->reader, look_at, topic, error))
        return false;
    *out_sent = topic->sent;
    return topic->sent == topic->highest + 1 ||
           error_set(error, ERROR_FATAL,
                     "topic %s holds %lld of the first %lld chunks of the run: retention has "
                     "deleted some; plan it again by another --name, with longer retention",
                     topic->name, (long long)topic->sent, (long long)topic->highest + 1);
}

static int64_t count_below(const struct places *places, int64_t offset)
{
    size_t low = 0, high = places->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places->offsets[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return (int64_t)low;
}

bool run_topic_done(struct run_topic *topic, int64_t *out_done, struct error *error)
{
    int64_t done = 0;
    if (!topic_reader_committed(topic->reader, topic->committed, error))
        return false;
    for (int i = 0; i < topic_reader_partitions(topic->reader); i++)
        done += count_below(&topic->partitions[i], topic->committed[i]);
    *out_done = done;
    return true;
}
