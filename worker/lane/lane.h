/* lane: one thread that owns a consumer, an HTTP client and a shard, and everything in flight. */
#ifndef ASSAY_LANE_H
#define ASSAY_LANE_H

#include "evaluators/rules/redact.h"
#include "worker/answer/answerer.h"
#include "worker/intake/sampler.h"
#include "worker/intake/source_kafka.h"
#include "schema/counters.h"
#include "worker/lane/evaluation.h"
#include "worker/publish/publisher.h"
#include "worker/store/store.h"
#include "worker/store/totals.h"

/* Borrowed for the lane's life. */
struct lane_config {
    struct kafka_config kafka;
    struct store_config store;
    struct retention retention;
    const struct redactor *redactor; /* shared, for store.text TEXT_REDACTED */
    const struct answerer_config *answerer; /* NULL: the judge's questions are skipped: no_judge */
    int64_t answer_deadline_ms;             /* of one question */
    const struct sampler_config *sampler;   /* of strata by store.segment_keys;
                                             * NULL: all samples are evaluated */
    struct keyring *keyring;                /* shared, NULL without AWS */
    int64_t calls_a_day, tokens_a_day;      /* of all lanes on the store; or BUDGET_UNLIMITED */
    const struct publisher *publisher;      /* NULL: the outbox waits */
    struct publisher_config publish;        /* its http is the lane's own */
    int64_t publish_every_ms;
    bool totals_wanted; /* somebody asks for lane_totals */
};

struct lane;

/* Takes a shard; connects to nothing yet. Holds the set. NULL and `error`. */
struct lane *lane_new(const struct lane_config *config, struct rubric_set *set,
                      struct error *error);
/* Only after its thread ended. */
void lane_free(struct lane *lane);
/* The thread: pthread_create(&thread, NULL, lane_run, lane). Ends after lane_stop, drained, or when
 * it cannot go on (lane_error). */
void *lane_run(void *lane);

/* From any thread: */
void lane_stop(struct lane *lane);
/* The next delivery is scored by this set; the lane holds it. */
void lane_swap(struct lane *lane, struct rubric_set *set);
/* All that the topic held for this lane is read, recorded and acked; or it owns no partition. */
bool lane_idle(const struct lane *lane);
const struct counters *lane_counters(const struct lane *lane);
/* What its acked rows add up to; empty unless totals_wanted. */
struct totals_box *lane_totals(struct lane *lane);
/* Its loop ended by itself: why. NULL while it runs, or when it ended as asked. */
const struct error *lane_error(const struct lane *lane);
const char *lane_store_path(const struct lane *lane);

#endif
