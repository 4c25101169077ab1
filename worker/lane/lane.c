/* lane: take in; ask; collect answers; score what is complete; record; commit; publish. */
#include "worker/lane/lane.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/lane/groups.h"
#include "worker/lane/lane_publish.h"
#include "worker/lane/partition.h"

enum {
    MESSAGES_A_TURN = 512,
    RECOVER_EVERY_MS = 10000, /* looking for successors of unfinished tenures */
    RECORD_COUNT = 500,       /* deliveries that make a transaction due */
    RECORD_AFTER_MS = 150,    /* or this long after the first of them was ready */
    WINDOW = 2048,            /* deliveries in flight, then the partitions are paused */
    WINDOW_BYTES = 64 << 20,  /* of payload, likewise */
    WAIT_MS_MAX = 100,        /* the consumer is polled at least this often */
    DRAIN_MS = 20000,         /* for answers on their way when the lane is to stop */
    PUBLISH_LAST_MS = 20000,  /* for the outbox, after that */
    LEAVE_MS = 10000,         /* for leaving the group */
    STORE_RETRY_MS = 1000,    /* after a transaction that may work later */
    ID_BYTES = 320,
};

/* One delivery in flight. */
struct job {
    struct evaluation evaluation;
    struct lane *lane;
    struct partition *partition;
    uint64_t ticket, sample_key;
    int64_t offset;
    size_t bytes;
    void *handle; /* of the message; its payload is what the sample's texts point into */
    bool counted; /* its ticket is done */
    struct job *next, *previous; /* in its list */
    char id[ID_BYTES];
};

struct jobs {
    struct job *first, *last;
    size_t count;
};

struct lane {
    const struct lane_config *config;
    struct store *store;
    struct http *http;
    struct kafka_source *source;
    struct answerer *answerer;
    struct budget_share *share;
    struct lane_publish *publish;
    struct scratch *scratch;
    struct rubric_set *set;
    uint64_t set_tag;
    _Atomic(struct rubric_set *) next_set;
    struct partition **partitions;
    size_t partition_count;
    struct jobs waiting;  /* for answers */
    struct jobs finished; /* for the next transaction */
    struct jobs spare;    /* keep their arenas */
    size_t bytes_in_flight;
    int64_t finished_since_ms, store_retry_ms, recover_ms;
    bool commit_out, paused;
    int wake;
    atomic_bool stop, idle, failed; /* failed: `error` is final, others may read it */
    struct counters counters;
    struct error error;
};

/* ---- lists of jobs ---- */

static void jobs_add(struct jobs *jobs, struct job *job)
{
    job->next = NULL;
    job->previous = jobs->last;
    if (jobs->last)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
    jobs->count++;
}

static void jobs_remove(struct jobs *jobs, struct job *job)
{
    if (job->previous)
        job->previous->next = job->next;
    else
        jobs->first = job->next;
    if (job->next)
        job->next->previous = job->previous;
    else
        jobs->last = job->previous;
    jobs->count--;
}

static struct job *job_new(struct lane *lane)
{
    struct job *job = lane->spare.last;
    if (job)
        jobs_remove(&lane->spare, job);
    else
        job = memory_new(1, sizeof *job);
    job->lane = lane;
    job->counted = false;
    return job;
}

static void job_end(struct job *job)
{
    struct lane *lane = job->lane;
    evaluation_clear(&job->evaluation);
    kafka_release(job->handle);
    lane->bytes_in_flight -= job->bytes;
    jobs_add(&lane->spare, job);
}

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
        answerer_ask(lane->answerer, questions[i], &job->evaluation.sample, &job->evaluation.arena,
                     deadline, answered, job);
}

/* Asks what is to be asked; scores when nothing is. */
static void advance(struct job *job)
{
    for (;;) {
        size_t question_count = 0;
        struct question **questions = evaluation_ask(&job->evaluation, &question_count);
        if (question_count == 0) {
            finish(job);
            return;
        }
        if (job->lane->answerer) {
            ask_all(job, questions, question_count);
            return;
        }
        for (size_t i = 0; i < question_count; i++) {
            questions[i]->status = ANSWER_SKIPPED;
            questions[i]->failure = "no_judge";
        }
        job->evaluation.unanswered = 0;
    }
}

/* ---- what Kafka tells ---- */

static bool on_assigned(void *owner, const struct kafka_start *start, void **out_partition,
                        struct error *error)
{
    struct lane *lane = owner;
    struct partition *partition = partition_open(lane->store, start, lane->set_tag, error);
    if (!partition)
        return false;
    lane->partitions =
        memory_resize(lane->partitions, lane->partition_count + 1, sizeof *lane->partitions);
    lane->partitions[lane->partition_count++] = partition;
    *out_partition = partition;
    return true;
}

/* A producer's duplicate within the tenure ends without a score. */
static void mark_duplicate(struct lane *lane, struct job *job)
{
    struct evaluation *evaluation = &job->evaluation;
    if (evaluation->state == TERMINAL_INVALID)
        return;
    job->sample_key = store_sample_key(lane->store, evaluation->sample.id);
    if (evaluation->state == TERMINAL_SCORED &&
        seen_add(&job->partition->seen, job->sample_key ^ lane->set_tag)) {
        evaluation->state = TERMINAL_DUPLICATE;
        evaluation->evaluated_count = 0;
    }
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
    mark_duplicate(lane, job);
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
    else
        store_ack(lane->store, &partition->tenure, offset, &lane->error);
}

static void on_commit_answered(void *owner)
{
    ((struct lane *)owner)->commit_out = false;
}

/* ---- record and commit ---- */

static enum counter counter_of(enum terminal_state state)
{
    static const enum counter counters[] = {
        [TERMINAL_SCORED] = COUNT_SCORED,         [TERMINAL_DUPLICATE] = COUNT_DUPLICATE,
        [TERMINAL_UNMATCHED] = COUNT_UNMATCHED,   [TERMINAL_INVALID] = COUNT_INVALID,
        [TERMINAL_DEAD_LETTERED] = COUNT_INVALID,
    };
    return counters[state];
}

static void record_job(struct lane *lane, struct job *job)
{
    struct evaluation *evaluation = &job->evaluation;
    const struct group_place place = {.scope = job->partition->scope,
                                      .source = job->partition->tenure.source,
                                      .offset = job->offset};
    groups_settle(lane->store, evaluation, &place);
    bool read = evaluation->state != TERMINAL_INVALID;
    struct delivery delivery = {.tenure = &job->partition->tenure,
                                .offset = job->offset,
                                .state = evaluation->state,
                                .reason = evaluation->reason,
                                .sample_id = read ? evaluation->sample.id : (struct str){0},
                                .sample_key = job->sample_key,
                                .sample = read ? &evaluation->sample : NULL,
                                .evaluated = evaluation->evaluated,
                                .evaluated_count = evaluation->evaluated_count,
                                .evaluation_ms =
                                    evaluation->evaluated_count ? evaluation->evaluation_ms : NAN};
    store_record(lane->store, &delivery);
    if (!job->counted)
        offsets_done(&job->partition->offsets, job->ticket);
    job->counted = true;
}

static void settle_finished(struct lane *lane)
{
    for (size_t i = 0; i < lane->partition_count; i++)
        lane->partitions[i]->durable_low = offsets_low_water(&lane->partitions[i]->offsets);
    for (struct job *job = lane->finished.first, *next; job; job = next) {
        next = job->next;
        count(&lane->counters, counter_of(job->evaluation.state), 1);
        job_end(job);
    }
    lane->finished = (struct jobs){0};
    count(&lane->counters, COUNT_TRANSACTIONS, 1);
}

/* Rows and low-water marks in one transaction; durable when it returns true. */
static bool record(struct lane *lane)
{
    if (lane->finished.count == 0)
        return true;
    store_begin(lane->store);
    for (struct job *job = lane->finished.first; job; job = job->next)
        record_job(lane, job);
    for (size_t i = 0; i < lane->partition_count; i++)
        store_low_water(lane->store, &lane->partitions[i]->tenure,
                        offsets_low_water(&lane->partitions[i]->offsets));
    struct error error = {0};
    if (store_commit(lane->store, &error)) {
        settle_finished(lane);
        return true;
    }
    if (error.kind == ERROR_TRANSIENT) /* a full disk, say: keep all, try again */
        fprintf(stderr, "{\"level\":\"error\",\"event\":\"store_waits\",\"text\":\"%.300s\"}\n",
                error.text);
    else
        lane->error = error;
    lane->store_retry_ms = clock_steady_ms() + STORE_RETRY_MS;
    return false;
}

static void record_when_due(struct lane *lane)
{
    int64_t now = clock_steady_ms();
    bool due = lane->finished.count >= RECORD_COUNT ||
               (lane->finished.count > 0 && now - lane->finished_since_ms >= RECORD_AFTER_MS);
    if (due && now >= lane->store_retry_ms)
        record(lane);
}

/* What is durable and not yet accepted (or, for `all`, not yet acked). The caller frees. */
static struct kafka_commit *commits_due(struct lane *lane, bool all, size_t *out_count)
{
    struct kafka_commit *commits = memory_new(lane->partition_count, sizeof *commits);
    size_t due = 0;
    for (size_t i = 0; i < lane->partition_count; i++) {
        struct partition *one = lane->partitions[i];
        int64_t known = all ? one->tenure.acked_to : one->asked;
        if (one->durable_low > known)
            commits[due++] =
                (struct kafka_commit){one, one->number, one->durable_low, one->metadata};
    }
    *out_count = due;
    return commits;
}

static void commit(struct lane *lane)
{
    if (lane->commit_out)
        return;
    size_t due = 0;
    struct kafka_commit *commits = commits_due(lane, false, &due);
    if (kafka_commit(lane->source, commits, due)) {
        lane->commit_out = true;
        for (size_t i = 0; i < due; i++)
            ((struct partition *)commits[i].partition)->asked = commits[i].offset;
    }
    free(commits);
}

static void commit_now(struct lane *lane)
{
    size_t due = 0;
    struct kafka_commit *commits = commits_due(lane, true, &due);
    kafka_commit_now(lane->source, commits, due);
    free(commits);
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
    if (record(lane) && !lost)
        commit_now(lane);
    drop_jobs(lane, &lane->waiting, partition);
    drop_jobs(lane, &lane->finished, partition);
    size_t at = 0;
    while (lane->partitions[at] != partition)
        at++;
    lane->partitions[at] = lane->partitions[--lane->partition_count];
    partition_free(partition);
}

static const struct kafka_events EVENTS = {
    .assigned = on_assigned,
    .revoked = on_revoked,
    .delivered = on_delivered,
    .at_end = on_at_end,
    .committed = on_committed,
    .commit_answered = on_commit_answered,
};

/* Acks what an earlier life of this shard did not live to hear of. */
static void recover(struct lane *lane)
{
    const struct tenure **open = memory_new(lane->partition_count, sizeof *open);
    for (size_t i = 0; i < lane->partition_count; i++)
        open[i] = &lane->partitions[i]->tenure;
    store_recover(lane->store, open, lane->partition_count, &lane->error);
    free(open);
    lane->recover_ms = clock_steady_ms() + RECOVER_EVERY_MS;
}

/* ---- the loop ---- */

static size_t in_flight(const struct lane *lane)
{
    return lane->waiting.count + lane->finished.count;
}

/* With hysteresis: pausing empties what librdkafka fetched ahead. */
static void hold_back(struct lane *lane)
{
    bool full = in_flight(lane) >= WINDOW || lane->bytes_in_flight >= WINDOW_BYTES;
    bool roomy = in_flight(lane) <= WINDOW / 2 && lane->bytes_in_flight <= WINDOW_BYTES / 2;
    if (full && !lane->paused)
        kafka_pause(lane->source);
    else if (roomy && lane->paused)
        kafka_resume(lane->source);
    lane->paused = full || (lane->paused && !roomy);
}

static uint64_t tag_of(const struct lane *lane, const struct rubric_set *set)
{
    uint64_t tag = 0;
    for (size_t i = 0; i < set->count; i++)
        tag = tag * 31 + store_sample_key(lane->store, str_of(set->rubrics[i]->hash));
    return tag;
}

static void take_next_set(struct lane *lane)
{
    struct rubric_set *next = atomic_exchange(&lane->next_set, NULL);
    if (!next)
        return;
    rubric_set_release(lane->set);
    lane->set = next;
    lane->set_tag = tag_of(lane, next);
}

static bool all_read_and_acked(const struct lane *lane)
{
    if (kafka_owned(lane->source) < 0 || in_flight(lane) > 0)
        return false;
    for (size_t i = 0; i < lane->partition_count; i++) {
        const struct partition *one = lane->partitions[i];
        if (!one->at_end || one->tenure.acked_to != one->offsets.position)
            return false;
    }
    return true;
}

static void shorten(int64_t *wait, int64_t other)
{
    if (other >= 0 && other < *wait)
        *wait = other;
}

static int64_t time_to_wait(struct lane *lane, bool more)
{
    int64_t wait = more ? 0 : WAIT_MS_MAX;
    shorten(&wait, http_wait_ms(lane->http));
    if (lane->answerer)
        shorten(&wait, answerer_wait_ms(lane->answerer));
    if (lane->finished.count > 0)
        shorten(&wait, RECORD_AFTER_MS / 3);
    return wait;
}

static void wait_for_work(struct lane *lane, bool more)
{
    struct pollfd descriptors[] = {{.fd = kafka_descriptor(lane->source), .events = POLLIN},
                                   {.fd = http_descriptor(lane->http), .events = POLLIN},
                                   {.fd = lane->wake, .events = POLLIN}};
    poll(descriptors, 3, (int)time_to_wait(lane, more));
    uint64_t woken;
    if (read(lane->wake, &woken, sizeof woken) < 0)
        woken = 0; /* not signalled */
}

static void tell(struct lane *lane)
{
    atomic_store(&lane->counters.value[COUNT_IN_FLIGHT], (int64_t)in_flight(lane));
    atomic_store(&lane->counters.value[COUNT_PARTITIONS], (int64_t)lane->partition_count);
    atomic_store(&lane->counters.ticked_ms, clock_steady_ms());
    atomic_store(&lane->idle, all_read_and_acked(lane));
}

/* Once round. False when the lane cannot go on. */
static bool turn(struct lane *lane, bool *out_more)
{
    int served = 0;
    take_next_set(lane);
    if (!kafka_poll(lane->source, MESSAGES_A_TURN, &served, &lane->error))
        return false;
    *out_more = served == MESSAGES_A_TURN;
    http_turn(lane->http);
    if (lane->answerer)
        answerer_turn(lane->answerer);
    record_when_due(lane);
    commit(lane);
    if (clock_steady_ms() >= lane->recover_ms)
        recover(lane);
    if (lane->publish)
        lane_publish_turn(lane->publish, false);
    hold_back(lane);
    tell(lane);
    return lane->error.kind == ERROR_NONE;
}

/* Nothing new comes in; what is on its way gets its time; the rest comes again elsewhere. */
static void drain(struct lane *lane)
{
    int64_t deadline = clock_steady_ms() + DRAIN_MS;
    bool more = false;
    kafka_pause(lane->source);
    lane->paused = true;
    while (in_flight(lane) > 0 && clock_steady_ms() < deadline) {
        wait_for_work(lane, more);
        if (!turn(lane, &more))
            return;
    }
    record(lane);
    commit_now(lane);
}

static void publish_last(struct lane *lane)
{
    if (!lane->publish)
        return;
    int64_t deadline = clock_steady_ms() + PUBLISH_LAST_MS;
    while (!lane_publish_empty(lane->publish) && clock_steady_ms() < deadline) {
        int64_t wait = lane_publish_turn(lane->publish, true);
        struct pollfd descriptor = {.fd = http_descriptor(lane->http), .events = POLLIN};
        poll(&descriptor, 1, wait > WAIT_MS_MAX || wait < 1 ? WAIT_MS_MAX / 4 : (int)wait);
        http_turn(lane->http);
    }
}

static void live(struct lane *lane)
{
    bool more = false, fine = true;
    lane->source = kafka_open(&lane->config->kafka, &EVENTS, lane, &lane->error);
    if (!lane->source)
        return;
    while (fine && !atomic_load(&lane->stop)) {
        wait_for_work(lane, more);
        fine = turn(lane, &more);
    }
    if (fine)
        drain(lane);
    kafka_close(lane->source, LEAVE_MS);
    lane->source = NULL;
    recover(lane);
    publish_last(lane);
}

void *lane_run(void *argument)
{
    struct lane *lane = argument;
    live(lane);
    atomic_store(&lane->failed, lane->error.kind != ERROR_NONE);
    return NULL;
}

/* ---- making and ending ---- */

static bool reserve_calls(void *owner, int64_t day, int64_t calls)
{
    struct lane *lane = owner;
    return store_budget_reserve(lane->store, day, calls, &lane->error);
}

static struct str mask_text(void *owner, struct str text, struct arena *arena)
{
    struct lane *lane = owner;
    return redact(lane->config->redactor, text, lane->scratch, arena);
}

static bool open_answerer(struct lane *lane, struct error *error)
{
    const struct lane_config *config = lane->config;
    if (!config->answerer)
        return true;
    int64_t today = clock_wall_ms() / 86400000;
    budget_restore(config->budget, today, store_budget_reserved(lane->store, today));
    lane->share = budget_share_new(config->budget, BUDGET_CHUNK, reserve_calls, lane);
    lane->answerer =
        answerer_new(config->answerer, lane->http, config->keyring, lane->share, error);
    return lane->answerer != NULL;
}

static bool open_publisher(struct lane *lane, struct error *error)
{
    if (!lane->config->publisher)
        return true;
    struct publisher_config config = lane->config->publish;
    config.http = lane->http;
    lane->publish = lane_publish_new(lane->config->publisher, &config, lane->store, &lane->counters,
                                     lane->config->publish_every_ms, error);
    return lane->publish != NULL;
}

struct lane *lane_new(const struct lane_config *config, struct rubric_set *set, struct error *error)
{
    struct lane *lane = memory_new(1, sizeof *lane);
    lane->config = config;
    lane->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    lane->set = rubric_set_hold(set);
    lane->scratch = scratch_new();
    lane->http = http_new();
    atomic_store(&lane->counters.ticked_ms, clock_steady_ms());
    struct store_config store = config->store;
    store.mask = mask_text;
    store.mask_owner = lane;
    lane->store = store_take(&store, error);
    if (!lane->store || !open_answerer(lane, error) || !open_publisher(lane, error)) {
        lane_free(lane);
        return NULL;
    }
    lane->set_tag = tag_of(lane, set);
    return lane;
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    answerer_free(lane->answerer);
    http_free(lane->http);
    lane_publish_free(lane->publish);
    budget_share_free(lane->share);
    store_close(lane->store);
    scratch_free(lane->scratch);
    rubric_set_release(lane->set);
    rubric_set_release(atomic_load(&lane->next_set));
    for (struct job *job = lane->spare.first, *next; job; job = next) {
        next = job->next;
        arena_clear(&job->evaluation.arena);
        free(job);
    }
    free(lane->partitions);
    close(lane->wake);
    free(lane);
}

void lane_stop(struct lane *lane)
{
    static const uint64_t one = 1;
    atomic_store(&lane->stop, true);
    if (write(lane->wake, &one, sizeof one) < 0)
        return; /* the counter is full: it is awake */
}

void lane_swap(struct lane *lane, struct rubric_set *set)
{
    rubric_set_release(atomic_exchange(&lane->next_set, rubric_set_hold(set)));
}

bool lane_idle(const struct lane *lane)
{
    return atomic_load(&lane->idle);
}

const struct counters *lane_counters(const struct lane *lane)
{
    return &lane->counters;
}

const struct error *lane_error(const struct lane *lane)
{
    return atomic_load(&lane->failed) ? &lane->error : NULL;
}

const char *lane_store_path(const struct lane *lane)
{
    return store_path(lane->store);
}
