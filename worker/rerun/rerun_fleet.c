/* rerun_fleet: a run whose chunks are sent to a topic, for workers to do. */
#include "worker/rerun/rerun_fleet.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include "schema/base/memory.h"
#include "worker/feed/producer.h"
#include "worker/options/progress.h"
#include "worker/rerun/chunk_message.h"
#include "worker/rerun/run_topic.h"
#include "worker/store/store.h"

enum { SEND_AT_ONCE = 200, LOOK_MS = 500, KEY_BYTES = 128 };

struct kafka_config rerun_kafka(const struct rerun_options *options)
{
    return (struct kafka_config){.brokers = options->brokers,
                                 .topic = options->to_topic,
                                 .group = options->group,
                                 .properties = options->kafka.values,
                                 .property_count = options->kafka.count};
}

static const char *plan_id(const json_t *description)
{
    const char *id = json_string_value(json_object_get(json_object_get(description, "plan"), "id"));
    return id ? id : "";
}

/* ---- the plan is kept ---- */

static bool keep_plan(const struct rerun *rerun, struct error *error)
{
    struct store *store = store_take(&(struct store_config){.dir = rerun->options->store,
                                                            .run = rerun->options->name,
                                                            .unpublished = true},
                                     error);
    char *text = json_dumps(rerun->description, JSON_COMPACT | JSON_SORT_KEYS);
    bool fine = store && store_run_begin(store, text, error) &&
                (chunk_plan_count(rerun->description) || store_run_end(store, error));
    free(text);
    store_close(store);
    return fine;
}

/* ---- chunks are sent ---- */

/* Messages of a transaction. */
struct batch_out {
    struct message messages[SEND_AT_ONCE];
    struct buffer keys[SEND_AT_ONCE], values[SEND_AT_ONCE];
    size_t count;
};

/* The key spreads chunks over partitions. */
static bool fill(struct batch_out *batch, struct chunk_plan *plan)
{
    const char *id = plan_id(plan->rerun->description);
    batch->count = 0;
    while (batch->count < SEND_AT_ONCE && chunk_plan_next(plan, &batch->values[batch->count])) {
        struct buffer *key = &batch->keys[batch->count];
        buffer_reset(key);
        buffer_printf(key, "%.64s/%lld", id, (long long)plan->number - 1);
        batch->messages[batch->count] =
            (struct message){buffer_str(key), buffer_str(&batch->values[batch->count])};
        batch->count++;
    }
    return batch->count > 0;
}

static void batch_free(struct batch_out *batch)
{
    for (size_t i = 0; i < SEND_AT_ONCE; i++) {
        buffer_clear(&batch->keys[i]);
        buffer_clear(&batch->values[i]);
    }
    free(batch);
}

static bool send_rest(struct rerun *rerun, struct chunk_plan *plan, struct producer *producer,
                      struct error *error)
{
    struct batch_out *batch = memory_new(1, sizeof *batch);
    struct progress progress;
    bool fine = true;
    progress_start(&progress, "sending");
    while (fine && !*rerun->stop && fill(batch, plan)) {
        fine = producer_commit(producer, batch->messages, batch->count, NULL, 0, error);
        progress_show(&progress, (double)plan->number / (double)plan->count, plan->number,
                      "chunks");
    }
    progress_end(&progress);
    batch_free(batch);
    return fine;
}

/* Whoever sent before is put out of work first: what the topic holds then is all it will hold. */
static bool send_chunks(struct rerun *rerun, struct chunk_plan *plan, struct error *error)
{
    const struct rerun_options *options = rerun->options;
    const struct kafka_config kafka = rerun_kafka(options);
    const struct producer_config config = {.brokers = options->brokers,
                                           .topic = options->to_topic,
                                           .command = "rerun",
                                           .name = options->name,
                                           .properties = options->kafka.values,
                                           .property_count = options->kafka.count};
    struct buffer skipped = {0};
    int64_t sent = 0;
    struct producer *producer = producer_open(&config, error);
    struct run_topic *topic =
        producer ? run_topic_open(&kafka, plan_id(rerun->description), error) : NULL;
    bool fine = topic && run_topic_look(topic, &sent, error);
    while (fine && plan->number < sent && chunk_plan_next(plan, &skipped))
        continue;
    fine = fine && send_rest(rerun, plan, producer, error);
    buffer_clear(&skipped);
    run_topic_close(topic);
    producer_close(producer);
    return fine;
}

/* ---- waiting for the workers ---- */

static bool watch(struct rerun *rerun, struct run_topic *topic, int64_t count, struct error *error)
{
    struct progress progress;
    int64_t sent = 0, before = -1, done = 0;
    bool fine = run_topic_look(topic, &sent, error);
    progress_start(&progress, "workers");
    while (fine && !*rerun->stop && done < count) {
        fine = run_topic_done(topic, &done, error);
        before = before < 0 ? done : before;
        progress_show(&progress,
                      count > before ? (double)(done - before) / (double)(count - before) : 1,
                      done - before, "chunks");
        if (fine && done < count)
            poll(NULL, 0, LOOK_MS);
    }
    progress_end(&progress);
    return fine;
}

static bool wait_for_workers(struct rerun *rerun, int64_t count, struct error *error)
{
    const struct kafka_config kafka = rerun_kafka(rerun->options);
    struct run_topic *topic = run_topic_open(&kafka, plan_id(rerun->description), error);
    bool fine = topic && watch(rerun, topic, count, error);
    run_topic_close(topic);
    return fine;
}

bool rerun_fleet_run(struct rerun *rerun, int lock, struct error *error)
{
    struct chunk_plan plan;
    if (!rerun->resumed && !keep_plan(rerun, error))
        return false;
    flock(lock, LOCK_SH);
    return chunk_plan_start(&plan, rerun, error) &&
           (rerun->complete || send_chunks(rerun, &plan, error)) &&
           (!rerun->options->wait || wait_for_workers(rerun, plan.count, error));
}

json_t *rerun_fleet_progress(const struct kafka_config *kafka, const json_t *description,
                             struct error *error)
{
    int64_t sent = 0, done = 0;
    struct run_topic *topic = run_topic_open(kafka, plan_id(description), error);
    bool fine = topic && run_topic_look(topic, &sent, error) && run_topic_done(topic, &done, error);
    run_topic_close(topic);
    return fine ? json_pack("{s:s, s:s, s:I, s:I, s:I}", "topic", kafka->topic, "group",
                            kafka->group, "chunks",
                            (json_int_t)chunk_plan_count(description), "sent", (json_int_t)sent,
                            "done", (json_int_t)done)
                : NULL;
}
