/* lane_intake: what a lane does when Kafka tells something: take in, ask, score, give up. */
#include <stdio.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/lane/lane_inside.h"

enum {
    WINDOW = 2048,           /* deliveries in flight, then the partitions are paused */
    WINDOW_BYTES = 64 << 20, /* of payload, likewise; one more delivery may pass it */
};

/* ---- ask and score ---- */

static void advance(struct job *job);

static void answered(void *owner, struct question *question)
{
    struct job *job = owner;
    count(&job->lane->counters, COUNT_ANSWERS_SKIPPED, question->status == ANSWER_SKIPPED);
    if (--job->evaluation.unanswered > 0)
        return;
    jobs_remove(&job->lane->waiting, job);
    advance(job);
}

static void finish(struct job *job)
{
    struct lane *lane = job->lane;
    evaluation_finish(&job->evaluation, lane->scratch);
    if (lane->finished.count == 0)
        lane->finished_since_ms = clock_steady_ms();
    jobs_add(&lane->finished, job);
}

static void ask_all(struct job *job, struct question **questions, size_t question_count)
{
    struct lane *lane = job->lane;
    int64_t deadline = clock_steady_ms() + lane->config->answer_deadline_ms;
    jobs_add(&lane->waiting, job);
    for (size_t i = 0; i < question_count; i++)
        answerer_ask(lane->answerer, questions[i], &job->evaluation.arena, deadline, answered, job);
}

/* Asks what is to be asked; scores when nothing is. */
static void advance(struct job *job)
{
    for (;;) {
        size_t question_count = 0;
        struct question **questions =
            evaluation_ask(&job->evaluation, job->lane->scratch, &question_count);
        if (question_count == 0) {
            finish(job);
            return;
        }
        if (job->lane->answerer) {
            ask_all(job, questions, question_count);
            return;
        }
        for (size_t i = 0; i < question_count; i++)
            question_refuse(questions[i]);
        job->evaluation.unanswered = 0;
    }
}

/* ---- what Kafka tells ---- */

static bool on_assigned(void *owner, const struct kafka_start *start, void **out_partition,
                        struct error *error)
{
    struct lane *lane = owner;
    atomic_store(&lane->counters.ticked_ms, clock_steady_ms()); /* many of them take their time */
    struct partition *partition = partition_open(lane->store, start, lane->set_tag, error);
    if (!partition)
        return false;
    lane->partitions =
        memory_resize(lane->partitions, lane->partition_count + 1, sizeof *lane->partitions);
    lane->partitions[lane->partition_count++] = partition;
    *out_partition = partition;
    return true;
}

/* A producer's duplicate within the tenure and the run ends without a score. */
static void mark_duplicate(struct lane *lane, struct job *job)
{
    struct evaluation *evaluation = &job->evaluation;
    if (evaluation->state == TERMINAL_INVALID)
        return;
    job->sample_key = store_sample_key(lane->store, evaluation->sample.id);
    uint64_t key = store_run_key(job->sample_key, evaluation->sample.run);
    if (evaluation->state == TERMINAL_SCORED &&
        seen_add(&job->partition->seen, key ^ lane->set_tag)) {
        evaluation->state = TERMINAL_DUPLICATE;
        evaluation->evaluated_count = 0;
    }
}

/* A transaction failed: its jobs are counted as done, and their rows are still to be written. */
static bool awaits_retry(const struct lane *lane)
{
    return lane->finished.first && lane->finished.first->counted;
}

static void on_delivered(void *owner, void *owned, int64_t offset, struct str payload, void *handle)
{
    struct lane *lane = owner;
    struct partition *partition = owned;
    if (offset < partition->offsets.position) { /* a refetch after a pause: it came before */
        kafka_release(handle);
        return;
    }
    partition->at_end = false;
    count(&lane->counters, COUNT_DELIVERED, 1);
    uint64_t ticket = offsets_deliver(&partition->offsets, offset);
    if (partition_holds(partition, offset)) {
        offsets_done(&partition->offsets, ticket);
        if (!awaits_retry(lane)) /* else the mark counts rows that are not durable yet */
            partition->durable_low = offsets_low_water(&partition->offsets);
        count(&lane->counters, COUNT_ADOPTED, 1);
        kafka_release(handle);
        return;
    }
    struct job *job = job_new(lane);
    job->partition = partition;
    job->ticket = ticket;
    job->offset = offset;
    job->handle = handle;
    job->bytes = payload.size;
    job->sample_key = 0;
    lane->bytes_in_flight += payload.size;
    snprintf(job->id, sizeof job->id, "%s/%d/%lld", lane->config->kafka.topic, partition->number,
             (long long)offset);
    evaluation_start(&job->evaluation, lane->set, payload, str_of(job->id));
    if (job->evaluation.state != TERMINAL_INVALID)
        count(&lane->counters, COUNT_UNKNOWN_KEYS, job->evaluation.sample.unknown_keys);
    mark_duplicate(lane, job);
    lane_choose(lane, job);
    advance(job);
}

static void on_at_end(void *owner, void *partition)
{
    (void)owner;
    ((struct partition *)partition)->at_end = true;
}

static void on_committed(void *owner, void *owned, int64_t offset, bool accepted)
{
    struct lane *lane = owner;
    struct partition *partition = owned;
    count(&lane->counters, accepted ? COUNT_COMMITS : COUNT_COMMITS_REFUSED, 1);
    if (!accepted)
        partition->asked = partition->tenure.acked_to - 1; /* ask again, if it is still ours */
    else if (offset > partition->accepted)
        partition->accepted = offset;
    lane_ack(lane);
}

static void on_commit_answered(void *owner)
{
    ((struct lane *)owner)->commit_out = false;
}

/* ---- a partition goes ---- */

static void drop_jobs(struct lane *lane, struct jobs *jobs, const struct partition *partition)
{
    for (struct job *job = jobs->first, *next; job; job = next) {
        next = job->next;
        if (job->partition != partition)
            continue;
        if (lane->answerer)
            answerer_cancel_owner(lane->answerer, job);
        jobs_remove(jobs, job);
        job_end(job);
    }
}

/* What is answered is recorded and committed before the partition is given up; the rest comes
 * again, to whoever owns it then. */
static void on_revoked(void *owner, void *owned, bool lost)
{
    struct lane *lane = owner;
    struct partition *partition = owned;
    if (lane_record(lane) && !lost)
        lane_commit_now(lane);
    drop_jobs(lane, &lane->waiting, partition);
    drop_jobs(lane, &lane->finished, partition);
    size_t at = 0;
    while (lane->partitions[at] != partition)
        at++;
    lane->partitions[at] = lane->partitions[--lane->partition_count];
    partition_free(partition);
}

/* ---- how much is taken in ---- */

size_t lane_in_flight(const struct lane *lane)
{
    return lane->waiting.count + lane->finished.count;
}

bool lane_is_full(const struct lane *lane)
{
    return lane_in_flight(lane) >= WINDOW || lane->bytes_in_flight >= WINDOW_BYTES;
}

bool lane_is_roomy(const struct lane *lane)
{
    return lane_in_flight(lane) <= WINDOW / 2 && lane->bytes_in_flight <= WINDOW_BYTES / 2;
}

static bool has_room(void *owner)
{
    return !lane_is_full(owner);
}

const struct kafka_events LANE_EVENTS = {
    .has_room = has_room,
    .assigned = on_assigned,
    .revoked = on_revoked,
    .delivered = on_delivered,
    .at_end = on_at_end,
    .committed = on_committed,
    .commit_answered = on_commit_answered,
};
