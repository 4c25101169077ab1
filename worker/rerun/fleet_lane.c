/* fleet_lane: one thread of a worker that does chunks of reruns.
 *
 * A chunk's rows and the note that it is done are one transaction of this lane's shard; the offset
 * is committed after it. So a chunk that comes again was done by this shard, which looks, or by
 * another one, and then one of the two counts (store/lost_chunks.c). */
#include "worker/rerun/fleet_lane.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/rerun/fleet_run.h"
#include "worker/rerun/fleet_source.h"
#include "worker/store/store.h"

enum {
    WAIT_MS = 100,
    POLL_EVERY_MS = 3000, /* while answers are waited for */
    DRAIN_MS = 20000,     /* for chunks that were taken when the lane is to stop */
    LEAVE_MS = 10000,     /* for leaving the group */
};

struct fleet_lane {
    const struct run_options *options;
    struct kafka_config kafka;
    struct counters counters;
    struct rerun_tasks tasks;
    struct fleet_source *source;
    struct fleet_run *run;      /* NULL: no chunk came yet */
    struct fleet_task *current; /* is being read */
    int64_t polled_ms, stop_ms; /* steady clock; stop_ms 0: it goes on */
    volatile sig_atomic_t drop; /* what is in flight, too */
    atomic_bool stop, idle, failed; /* failed: `error` is final, others may read it */
    struct error error;
};

/* ---- a chunk is read ---- */

static struct history_part place_of(const struct chunk_message *message)
{
    return (struct history_part){.topic = (char *)(uintptr_t)message->part.topic,
                                 .incarnation = (char *)(uintptr_t)message->part.incarnation,
                                 .partition = message->part.partition};
}

/* What is left of the chunk is counted, with the reason. */
static void give_up(struct fleet_task *task, const char *why, struct chunk *out)
{
    chunk_clear(out);
    task->place = place_of(&task->message);
    out->place = &task->place;
    out->first = task->position;
    out->end = task->message.part.to;
    out->skipped[SKIP_UNREADABLE] = task->left;
    snprintf(out->problem, sizeof out->problem, "%.290s", why);
}

static int64_t records_of(const struct chunk *chunk)
{
    int64_t records = (int64_t)chunk->count;
    for (size_t i = 0; i < RECORD_SKIPS; i++)
        records += chunk->skipped[i];
    return records;
}

/* Where every position held a record, those that are missing are gone. */
static void count_gone(struct fleet_task *task, struct chunk *out)
{
    const struct chunk_message *message = &task->message;
    bool exact = message->part.records == message->part.to - message->part.from;
    if (!exact || task->left <= 0)
        return;
    out->skipped[SKIP_UNREADABLE] += task->left;
    snprintf(out->problem, sizeof out->problem, "%.200s, partition %d: records are gone since the "
             "run was planned", message->part.topic, message->part.partition);
}

static bool read_part(struct fleet_lane *lane, struct history_part *part, struct chunk *out,
                      struct error *error)
{
    struct history *history = fleet_run_rerun(lane->run)->history;
    struct fleet_task *task = lane->current;
    int64_t to = task->message.part.to;
    part->from = task->position;
    part->to = to;
    bool fine = history->kind->read(history->state, (size_t)(part - history->parts),
                                    task->position, to, out, error);
    part->from = part->to = 0;
    if (!fine)
        return false;
    task->position = out->end;
    task->left -= records_of(out);
    out->continued = task->position < to;
    if (!out->continued)
        count_gone(task, out);
    return true;
}

static enum chunk_next read_current(struct fleet_lane *lane, struct chunk *out, struct error *error)
{
    struct fleet_task *task = lane->current;
    const struct chunk_message *message = &task->message;
    struct error why = {0};
    struct history_part *part =
        history_find_part(fleet_run_rerun(lane->run)->history, message->part.topic,
                          message->part.incarnation, message->part.partition);
    if (!part)
        error_set(&why, ERROR_INPUT, "%.200s is gone, or another one, since it was planned",
                  message->part.topic);
    if (!part || !read_part(lane, part, out, &why)) {
        if (why.kind != ERROR_INPUT) {
            *error = why;
            return CHUNK_FAILED;
        }
        give_up(task, why.text, out);
    }
    out->task = task;
    if (!out->continued)
        lane->current = NULL;
    return CHUNK_READ;
}

/* ---- chunks are taken ---- */

static bool listen(struct fleet_lane *lane, struct error *error)
{
    lane->polled_ms = clock_steady_ms();
    return fleet_source_poll(lane->source, error);
}

static bool is_held(struct fleet_lane *lane, const struct chunk_message *message)
{
    return store_chunk_held(rerun_lane_store(fleet_run_lane(lane->run)), message->part.topic,
                            message->part.incarnation, message->part.partition,
                            message->part.from);
}

/* The next one of this run, when one is there and may be begun. */
static enum chunk_next take_task(struct fleet_lane *lane, struct error *error)
{
    for (;;) {
        if (!fleet_source_first(lane->source) && !listen(lane, error))
            return CHUNK_FAILED;
        const struct fleet_task *first = fleet_source_first(lane->source);
        if (!first || atomic_load(&lane->stop) || !fleet_run_is(lane->run, &first->message) ||
            fleet_source_has_taken(lane->source, first))
            return CHUNK_NONE;
        struct fleet_task *task = fleet_source_take(lane->source);
        if (!is_held(lane, &task->message)) {
            task->position = task->message.part.from;
            task->left = task->message.part.records;
            lane->current = task;
            return CHUNK_READ;
        }
        count(&lane->counters, COUNT_ADOPTED, 1);
        fleet_source_done(lane->source, task);
    }
}

static enum chunk_next next_chunk(void *owner, struct chunk *out, struct error *error)
{
    struct fleet_lane *lane = owner;
    enum chunk_next next = lane->current ? CHUNK_READ : take_task(lane, error);
    return next == CHUNK_READ ? read_current(lane, out, error) : next;
}

static void chunk_written(void *owner, void *task)
{
    fleet_source_done(((struct fleet_lane *)owner)->source, task);
}

/* The group must hear of this lane also while a chunk takes long. */
static void turn(void *owner)
{
    struct fleet_lane *lane = owner;
    int64_t now = clock_steady_ms();
    struct error error = {0};
    if (now - lane->polled_ms >= POLL_EVERY_MS && !listen(lane, &error) &&
        lane->error.kind == ERROR_NONE)
        lane->error = error;
    if (atomic_load(&lane->stop) && !lane->stop_ms)
        lane->stop_ms = now + DRAIN_MS;
    if ((lane->stop_ms && now >= lane->stop_ms) || lane->error.kind != ERROR_NONE)
        lane->drop = 1;
}

/* ---- the loop ---- */

static bool do_chunks(struct fleet_lane *lane)
{
    const struct chunk_message *message = &fleet_source_first(lane->source)->message;
    if (lane->run && !fleet_run_is(lane->run, message)) {
        fleet_run_close(lane->run);
        lane->run = NULL;
    }
    if (!lane->run)
        lane->run =
            fleet_run_open(message, lane->options, &lane->tasks, &lane->drop, &lane->error);
    return lane->run && rerun_lane_run(fleet_run_lane(lane->run), &lane->error);
}

static void wait_for_work(struct fleet_lane *lane)
{
    struct pollfd wake = {.fd = fleet_source_descriptor(lane->source), .events = POLLIN};
    atomic_store(&lane->idle, fleet_source_idle(lane->source));
    poll(&wake, 1, WAIT_MS);
}

static void live(struct fleet_lane *lane)
{
    bool fine = true;
    while (fine && !atomic_load(&lane->stop)) {
        fine = listen(lane, &lane->error);
        if (fine && fleet_source_first(lane->source))
            fine = do_chunks(lane) && lane->error.kind == ERROR_NONE;
        else if (fine)
            wait_for_work(lane);
    }
}

void *fleet_lane_run(void *argument)
{
    struct fleet_lane *lane = argument;
    lane->source = fleet_source_open(&lane->kafka, &lane->counters, &lane->error);
    if (lane->source)
        live(lane);
    fleet_run_close(lane->run);
    lane->run = NULL;
    fleet_source_close(lane->source, LEAVE_MS);
    atomic_store(&lane->failed, lane->error.kind != ERROR_NONE);
    return NULL;
}

/* ---- life ---- */

struct fleet_lane *fleet_lane_new(const struct run_options *options)
{
    struct fleet_lane *lane = memory_new(1, sizeof *lane);
    lane->options = options;
    lane->kafka = run_options_kafka(options);
    lane->tasks = (struct rerun_tasks){
        .next = next_chunk, .written = chunk_written, .turn = turn, .owner = lane};
    return lane;
}

void fleet_lane_free(struct fleet_lane *lane)
{
    free(lane);
}

void fleet_lane_stop(struct fleet_lane *lane)
{
    atomic_store(&lane->stop, true);
}

bool fleet_lane_idle(const struct fleet_lane *lane)
{
    return atomic_load(&lane->idle);
}

const struct counters *fleet_lane_counters(const struct fleet_lane *lane)
{
    return &lane->counters;
}

const struct error *fleet_lane_error(const struct fleet_lane *lane)
{
    return atomic_load(&lane->failed) ? &lane->error : NULL;
}
