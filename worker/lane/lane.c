/* lane: take in; ask; collect answers; score what is complete; record; commit; publish. */
#include "worker/lane/lane_inside.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "evaluators/registry.h"
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/lane/lane_health.h"

enum {
    MESSAGES_A_TURN = 512,
    RECOVER_EVERY_MS = 10000, /* looking for successors of unfinished tenures */
    PRUNE_EVERY_MS = 60000,   /* looking for rows that are older than they may be */
    PRUNE_AGAIN_MS = 200,     /* while there are more of them */
    HOURS_EVERY_MS = 60000,   /* looking for cells that are old enough to be hours */
    HOURS_AGAIN_MS = 200,     /* while there are more of them */
    WAIT_MS_MAX = 100,        /* the consumer is polled at least this often */
    DRAIN_MS = 20000,         /* for answers on their way when the lane is to stop */
    PUBLISH_LAST_MS = 20000,  /* for the outbox, after that */
    LEAVE_MS = 10000,         /* for leaving the group */
};

/* ---- chores ---- */

/* Acks what an earlier life of this shard did not live to hear of. */
static void recover(struct lane *lane)
{
    const struct tenure **open = memory_new(lane->partition_count, sizeof *open);
    for (size_t i = 0; i < lane->partition_count; i++)
        open[i] = &lane->partitions[i]->tenure;
    struct error error = {0};
    if (!store_recover(lane->store, open, lane->partition_count, &error))
        lane_store_failed(lane, &error);
    free(open);
    lane->recover_ms = clock_steady_ms() + RECOVER_EVERY_MS;
}

static void prune(struct lane *lane)
{
    bool more = false;
    struct error error = {0};
    if (!store_prune(lane->store, &lane->config->retention, clock_wall_ms(), &more, &error))
        lane_store_failed(lane, &error);
    lane->prune_ms = clock_steady_ms() + (more ? PRUNE_AGAIN_MS : PRUNE_EVERY_MS);
}

/* What reports no longer ask about by 5 minutes. */
static void fold_hours(struct lane *lane)
{
    bool more = false;
    struct error error = {0};
    if (!store_fold_hours(lane->store, clock_wall_ms(), &more, &error))
        lane_store_failed(lane, &error);
    lane->hours_ms = clock_steady_ms() + (more ? HOURS_AGAIN_MS : HOURS_EVERY_MS);
}

static void do_chores(struct lane *lane)
{
    int64_t now = clock_steady_ms();
    if (now < lane->store_retry_ms)
        return;
    lane_ack(lane);
    if (now >= lane->recover_ms)
        recover(lane);
    if (now >= lane->prune_ms)
        prune(lane);
    if (now >= lane->hours_ms)
        fold_hours(lane);
}

/* ---- the loop ---- */

/* With hysteresis: pausing empties what librdkafka fetched ahead. Draining lanes stay paused. */
static void hold_back(struct lane *lane)
{
    bool full = lane_is_full(lane);
    if (full && !lane->paused)
        kafka_pause(lane->source);
    else if (lane->paused && !lane->draining && lane_is_roomy(lane))
        kafka_resume(lane->source);
    else
        return;
    lane->paused = full;
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
    if (kafka_owned(lane->source) < 0 || lane_in_flight(lane) > 0)
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
    shorten(&wait, lane_record_wait_ms(lane));
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
    atomic_store(&lane->counters.value[COUNT_IN_FLIGHT], (int64_t)lane_in_flight(lane));
    atomic_store(&lane->counters.value[COUNT_PARTITIONS], (int64_t)lane->partition_count);
    atomic_store(&lane->counters.ticked_ms, clock_steady_ms());
    atomic_store(&lane->idle, all_read_and_acked(lane));
    store_offer_totals(lane->store);
    lane_health_look(&lane->kafka_trouble, lane->source, lane->config->kafka.topic,
                     &lane->counters);
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
    lane_record_when_due(lane);
    lane_commit(lane);
    do_chores(lane);
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
    lane->paused = lane->draining = true;
    while (lane_in_flight(lane) > 0 && clock_steady_ms() < deadline) {
        wait_for_work(lane, more);
        if (!turn(lane, &more))
            return;
    }
    lane_record(lane);
    lane_commit_now(lane);
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
        atomic_store(&lane->counters.ticked_ms, clock_steady_ms());
    }
}

static void live(struct lane *lane)
{
    bool more = false, fine = true;
    lane->source = kafka_open(&lane->config->kafka, &LANE_EVENTS, lane, &lane->error);
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

static struct str mask_text(void *owner, struct str text, struct arena *arena)
{
    struct lane *lane = owner;
    return redact(lane->config->redactor, text, lane->scratch, arena);
}

static bool open_budget(struct lane *lane, struct error *error)
{
    const struct lane_config *config = lane->config;
    bool limited = config->calls_a_day != BUDGET_UNLIMITED ||
                   config->tokens_a_day != BUDGET_UNLIMITED;
    if (limited && !(lane->ledger = ledger_open(config->store.dir, error)))
        return false;
    lane->budget =
        budget_new(config->calls_a_day, config->tokens_a_day, lane->ledger, &lane->error);
    return true;
}

static bool open_answerer(struct lane *lane, struct error *error)
{
    const struct lane_config *config = lane->config;
    if (!config->answerer)
        return true;
    if (!open_budget(lane, error))
        return false;
    lane->answerer =
        answerer_new(config->answerer, lane->http, config->keyring, lane->budget, error);
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
    store.totals = config->totals_wanted ? &lane->totals : NULL;
    lane->store = store_take(&store, error);
    if (!lane->store || !open_answerer(lane, error) || !open_publisher(lane, error)) {
        lane_free(lane);
        return NULL;
    }
    lane->set_tag = tag_of(lane, set);
    if (config->sampler)
        lane->sampler = sampler_new(config->sampler);
    return lane;
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    answerer_free(lane->answerer);
    if (lane->budget && lane->error.kind == ERROR_NONE)
        budget_give_back(lane->budget);
    http_free(lane->http);
    lane_publish_free(lane->publish);
    budget_free(lane->budget);
    sampler_free(lane->sampler);
    buffer_clear(&lane->stratum);
    ledger_close(lane->ledger);
    store_close(lane->store);
    totals_free(totals_take(&lane->totals));
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

struct totals_box *lane_totals(struct lane *lane)
{
    return &lane->totals;
}
