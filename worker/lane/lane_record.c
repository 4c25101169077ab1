/* lane_record: what is finished becomes rows; then the broker is asked to store how far. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/lane/groups.h"
#include "worker/lane/lane_inside.h"

enum {
    RECORD_COUNT = 500,    /* deliveries that make a transaction due */
    RECORD_AFTER_MS = 150, /* or this long after the first of them was ready */
    STORE_RETRY_MS = 1000, /* after a transaction that may work later */
};

static enum counter counter_of(const struct evaluation *evaluation)
{
    static const enum counter counters[] = {
        [TERMINAL_SCORED] = COUNT_SCORED,         [TERMINAL_DUPLICATE] = COUNT_DUPLICATE,
        [TERMINAL_UNMATCHED] = COUNT_UNMATCHED,   [TERMINAL_INVALID] = COUNT_INVALID,
        [TERMINAL_DEAD_LETTERED] = COUNT_INVALID,
    };
    if (evaluation->reason && strcmp(evaluation->reason, TERMINAL_NOT_SAMPLED) == 0)
        return COUNT_NOT_SAMPLED;
    return counters[evaluation->state];
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
                                .captured = job->captured,
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
        count(&lane->counters, counter_of(&job->evaluation), 1);
        job_end(job);
    }
    lane->finished = (struct jobs){0};
    count(&lane->counters, COUNT_TRANSACTIONS, 1);
}

void lane_store_failed(struct lane *lane, const struct error *error)
{
    if (error->kind == ERROR_TRANSIENT)
        fprintf(stderr, "{\"level\":\"error\",\"event\":\"store_waits\",\"text\":\"%.300s\"}\n",
                error->text);
    else if (lane->error.kind == ERROR_NONE)
        lane->error = *error;
    lane->store_retry_ms = clock_steady_ms() + STORE_RETRY_MS;
}

void lane_ack(struct lane *lane)
{
    struct error error = {0};
    for (size_t i = 0; i < lane->partition_count; i++) {
        struct partition *one = lane->partitions[i];
        if (one->accepted > one->tenure.acked_to &&
            !store_ack(lane->store, &one->tenure, one->accepted, &error)) {
            lane_store_failed(lane, &error);
            return;
        }
    }
}

bool lane_record(struct lane *lane)
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
    lane_store_failed(lane, &error);
    return false;
}

int64_t lane_record_wait_ms(const struct lane *lane)
{
    if (lane->finished.count == 0)
        return -1;
    int64_t now = clock_steady_ms();
    bool many = lane->finished.count >= RECORD_COUNT;
    int64_t due = many ? now : lane->finished_since_ms + RECORD_AFTER_MS;
    if (due < lane->store_retry_ms)
        due = lane->store_retry_ms;
    return due > now ? due - now : 0;
}

void lane_record_when_due(struct lane *lane)
{
    if (lane_record_wait_ms(lane) == 0)
        lane_record(lane);
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

void lane_commit(struct lane *lane)
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

void lane_commit_now(struct lane *lane)
{
    size_t due = 0;
    struct kafka_commit *commits = commits_due(lane, true, &due);
    kafka_commit_now(lane->source, commits, due);
    free(commits);
}
