/* fleet_source: chunks of reruns as Kafka hands them out, and commits of those that are done. */
#include "worker/rerun/fleet_source.h"

#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/lane/lane_health.h"
#include "worker/lane/offsets.h"

static const char METADATA[] = "assay-rerun";

struct fleet_partition {
    int32_t number;
    struct offsets offsets;
    int64_t asked;    /* the last offset the broker was asked to store; -1 none */
    int64_t accepted; /* that it stored */
    bool at_end;      /* nothing more to read, for now */
};

struct fleet_source {
    const struct kafka_config *config;
    struct kafka_source *kafka;
    struct counters *counters;
    struct complaint trouble;
    struct fleet_partition **partitions;
    size_t partition_count;
    struct fleet_task *first, *last; /* wait */
    struct fleet_task *taken;
    bool commit_out;
    struct error error; /* noticed in a callback */
};

/* ---- tasks ---- */

static void task_free(struct fleet_task *task)
{
    chunk_message_clear(&task->message);
    free(task);
}

struct fleet_task *fleet_source_first(const struct fleet_source *source)
{
    return source->first;
}

struct fleet_task *fleet_source_take(struct fleet_source *source)
{
    struct fleet_task *task = source->first;
    source->first = task->next;
    if (!source->first)
        source->last = NULL;
    task->next = source->taken;
    source->taken = task;
    return task;
}

bool fleet_source_has_taken(const struct fleet_source *source, const struct fleet_task *task)
{
    for (const struct fleet_task *one = source->taken; one; one = one->next)
        if (one->message.number == task->message.number &&
            strcmp(one->message.plan, task->message.plan) == 0)
            return true;
    return false;
}

void fleet_source_done(struct fleet_source *source, struct fleet_task *task)
{
    struct fleet_task **at = &source->taken;
    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
    if (task->partition)
        offsets_done(&task->partition->offsets, task->ticket);
    count(source->counters, COUNT_TRANSACTIONS, 1);
    task_free(task);
}

/* Those that wait come again, to whoever owns the partition then; what was taken is finished. */
static void drop_tasks(struct fleet_source *source, const struct fleet_partition *partition)
{
    struct fleet_task **at = &source->first;
    source->last = NULL;
    while (*at) {
        struct fleet_task *task = *at;
        if (task->partition == partition) {
            *at = task->next;
            task_free(task);
        } else {
            source->last = task;
            at = &task->next;
        }
    }
    for (struct fleet_task *task = source->taken; task; task = task->next)
        if (task->partition == partition)
            task->partition = NULL;
}

/* ---- commits ---- */

/* `all`: also what the broker was asked for and has not answered. The caller frees. */
static struct kafka_commit *commits_due(const struct fleet_source *source, bool all, size_t *out)
{
    struct kafka_commit *commits = memory_new(source->partition_count + 1, sizeof *commits);
    *out = 0;
    for (size_t i = 0; i < source->partition_count; i++) {
        struct fleet_partition *one = source->partitions[i];
        int64_t done = offsets_low_water(&one->offsets);
        if (done > (all ? one->accepted : one->asked))
            commits[(*out)++] = (struct kafka_commit){one, one->number, done, METADATA};
    }
    return commits;
}

static void commit(struct fleet_source *source)
{
    size_t due = 0;
    if (source->commit_out)
        return;
    struct kafka_commit *commits = commits_due(source, false, &due);
    if (kafka_commit(source->kafka, commits, due)) {
        source->commit_out = true;
        for (size_t i = 0; i < due; i++)
            ((struct fleet_partition *)commits[i].partition)->asked = commits[i].offset;
    }
    free(commits);
}

static void commit_now(struct fleet_source *source)
{
    size_t due = 0;
    struct kafka_commit *commits = commits_due(source, true, &due);
    kafka_commit_now(source->kafka, commits, due);
    free(commits);
}

/* ---- what Kafka tells ---- */

static bool on_assigned(void *owner, const struct kafka_start *start, void **out_partition,
                        struct error *error)
{
    struct fleet_source *source = owner;
    (void)error;
    struct fleet_partition *partition = memory_new(1, sizeof *partition);
    *partition = (struct fleet_partition){
        .number = start->partition, .asked = start->offset, .accepted = start->offset};
    offsets_init(&partition->offsets, start->offset);
    source->partitions = memory_resize(source->partitions, source->partition_count + 1,
                                       sizeof(struct fleet_partition *));
    source->partitions[source->partition_count++] = partition;
    *out_partition = partition;
    return true;
}

static void on_revoked(void *owner, void *owned, bool lost)
{
    struct fleet_source *source = owner;
    struct fleet_partition *partition = owned;
    if (!lost)
        commit_now(source);
    drop_tasks(source, partition);
    size_t at = 0;
    while (source->partitions[at] != partition)
        at++;
    source->partitions[at] = source->partitions[--source->partition_count];
    offsets_clear(&partition->offsets);
    free(partition);
}

static bool has_room(void *owner)
{
    return ((struct fleet_source *)owner)->first == NULL;
}

static void on_delivered(void *owner, void *owned, int64_t offset, struct str payload, void *handle)
{
    struct fleet_source *source = owner;
    struct fleet_partition *partition = owned;
    struct error why = {0};
    if (offset < partition->offsets.position) {
        kafka_release(handle);
        return;
    }
    struct fleet_task *task = memory_new(1, sizeof *task);
    partition->at_end = false;
    task->partition = partition;
    if (!chunk_message_read(payload, &task->message, &why)) {
        error_set(&source->error, ERROR_FATAL,
                  "topic %s, partition %d, offset %lld: %s: is it a topic of captures? Then say "
                  "--topic",
                  source->config->topic, partition->number, (long long)offset, why.text);
        task_free(task);
        kafka_release(handle);
        return;
    }
    kafka_release(handle);
    task->ticket = offsets_deliver(&partition->offsets, offset);
    count(source->counters, COUNT_DELIVERED, 1);
    if (source->last)
        source->last->next = task;
    else
        source->first = task;
    source->last = task;
}

static void on_at_end(void *owner, void *partition)
{
    (void)owner;
    ((struct fleet_partition *)partition)->at_end = true;
}

static void on_committed(void *owner, void *owned, int64_t offset, bool accepted)
{
    struct fleet_source *source = owner;
    struct fleet_partition *partition = owned;
    count(source->counters, accepted ? COUNT_COMMITS : COUNT_COMMITS_REFUSED, 1);
    if (!accepted)
        partition->asked = partition->accepted; /* ask again, if it is still ours */
    else if (offset > partition->accepted)
        partition->accepted = offset;
}

static void on_commit_answered(void *owner)
{
    ((struct fleet_source *)owner)->commit_out = false;
}

static const struct kafka_events EVENTS = {
    .has_room = has_room,
    .assigned = on_assigned,
    .revoked = on_revoked,
    .delivered = on_delivered,
    .at_end = on_at_end,
    .committed = on_committed,
    .commit_answered = on_commit_answered,
};

/* ---- the source ---- */

struct fleet_source *fleet_source_open(const struct kafka_config *config,
                                       struct counters *counters, struct error *error)
{
    struct fleet_source *source = memory_new(1, sizeof *source);
    source->config = config;
    source->counters = counters;
    source->kafka = kafka_open(config, &EVENTS, source, error);
    if (source->kafka)
        return source;
    free(source);
    return NULL;
}

void fleet_source_close(struct fleet_source *source, int64_t timeout_ms)
{
    if (!source)
        return;
    commit_now(source);
    kafka_close(source->kafka, timeout_ms); /* revokes all */
    while (source->taken) {
        struct fleet_task *task = source->taken;
        source->taken = task->next;
        task_free(task);
    }
    free(source->partitions);
    free(source);
}

int fleet_source_descriptor(const struct fleet_source *source)
{
    return kafka_descriptor(source->kafka);
}

bool fleet_source_poll(struct fleet_source *source, struct error *error)
{
    int served = 0;
    if (!kafka_poll(source->kafka, 1, &served, error))
        return false;
    if (source->error.kind != ERROR_NONE)
        return error_set(error, source->error.kind, "%s", source->error.text);
    commit(source);
    atomic_store(&source->counters->value[COUNT_PARTITIONS], (int64_t)source->partition_count);
    atomic_store(&source->counters->ticked_ms, clock_steady_ms());
    lane_health_look(&source->trouble, source->kafka, source->config->topic, source->counters);
    return true;
}

bool fleet_source_idle(const struct fleet_source *source)
{
    if (kafka_owned(source->kafka) < 0 || source->first || source->taken)
        return false;
    for (size_t i = 0; i < source->partition_count; i++) {
        const struct fleet_partition *one = source->partitions[i];
        if (!one->at_end || one->accepted != offsets_low_water(&one->offsets))
            return false;
    }
    return true;
}
