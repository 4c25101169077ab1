/* lane_publish: a lane's outbox, emptied through a publisher. */
#include "worker/lane/lane_publish.h"

#include <stdio.h>
#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"

enum { METRICS_A_TURN = 1000 };

struct lane_publish {
    const struct publisher *publisher;
    void *state;
    struct store *store;
    struct counters *counters;
    int64_t every_ms, next_ms; /* steady clock */
    bool on_its_way, more, complained;
};

struct lane_publish *lane_publish_new(const struct publisher *publisher,
                                      const struct publisher_config *config, struct store *store,
                                      struct counters *counters, int64_t every_ms,
                                      struct error *error)
{
    struct lane_publish *publish = memory_new(1, sizeof *publish);
    publish->publisher = publisher;
    publish->store = store;
    publish->counters = counters;
    publish->every_ms = every_ms;
    publish->next_ms = clock_steady_ms() + every_ms;
    publish->state = publisher->open(config, error);
    if (publish->state)
        return publish;
    free(publish);
    return NULL;
}

void lane_publish_free(struct lane_publish *publish)
{
    if (!publish)
        return;
    publish->publisher->close(publish->state);
    free(publish);
}

static enum outbox_outcome outcome_of(enum publish_outcome outcome)
{
    static const enum outbox_outcome after[PUBLISH_OUTCOMES] = {
        [PUBLISH_SENT] = OUTBOX_SENT,           [PUBLISH_FAILED] = OUTBOX_RETRY,
        [PUBLISH_AMBIGUOUS] = OUTBOX_AMBIGUOUS, [PUBLISH_REFUSED] = OUTBOX_REFUSED,
        [PUBLISH_TOO_OLD] = OUTBOX_EXPIRED,     [PUBLISH_TOO_NEW] = OUTBOX_EXPIRED,
        [PUBLISH_LEFT_OUT] = OUTBOX_REFUSED,
    };
    return after[outcome];
}

/* The first failure of a row of failures is told, and its end. */
static void complain(struct lane_publish *publish, const struct error *error)
{
    if (error->kind != ERROR_NONE && !publish->complained)
        fprintf(stderr,
                "{\"level\":\"warning\",\"event\":\"publish_failed\",\"publisher\":\"%s\","
                "\"text\":\"%.300s\"}\n",
                publish->publisher->name, error->text);
    else if (error->kind == ERROR_NONE && publish->complained)
        fprintf(stderr,
                "{\"level\":\"info\",\"event\":\"publish_works_again\",\"publisher\":\"%s\"}\n",
                publish->publisher->name);
    publish->complained = error->kind != ERROR_NONE;
}

static void published(void *owner, const struct publish_result *results, size_t result_count,
                      const struct error *error)
{
    struct lane_publish *publish = owner;
    int64_t *ids = memory_new(result_count, sizeof *ids);
    enum outbox_outcome *outcomes = memory_new(result_count, sizeof *outcomes);
    for (size_t i = 0; i < result_count; i++) {
        ids[i] = results[i].id;
        outcomes[i] = outcome_of(results[i].outcome);
        count(publish->counters, COUNT_METRICS_SENT, outcomes[i] == OUTBOX_SENT);
        count(publish->counters, COUNT_METRICS_AMBIGUOUS, outcomes[i] == OUTBOX_AMBIGUOUS);
        count(publish->counters, COUNT_METRICS_REFUSED,
              results[i].outcome == PUBLISH_REFUSED || outcomes[i] == OUTBOX_EXPIRED);
    }
    struct error failed = {0};
    /* What cannot be settled stays `sending`: it is never sent again. */
    outbox_settle(publish->store, ids, outcomes, result_count, &failed);
    complain(publish, error);
    free(ids);
    free(outcomes);
    publish->on_its_way = false;
}

static void send(struct lane_publish *publish)
{
    struct metric *metrics = NULL;
    size_t metric_count = 0;
    struct error error = {0};
    if (!outbox_claim(publish->store, METRICS_A_TURN, &metrics, &metric_count, &error)) {
        complain(publish, &error);
        return;
    }
    publish->more = metric_count == METRICS_A_TURN;
    if (metric_count > 0) {
        publish->on_its_way = true;
        publish->publisher->publish(publish->state, metrics, metric_count, published, publish);
    }
    outbox_free(metrics, metric_count);
}

int64_t lane_publish_turn(struct lane_publish *publish, bool now)
{
    int wait = publish->publisher->turn(publish->state);
    int64_t left = publish->next_ms - clock_steady_ms();
    if (!publish->on_its_way && (now || publish->more || left <= 0)) {
        publish->next_ms = clock_steady_ms() + publish->every_ms;
        send(publish);
        left = publish->every_ms;
        wait = publish->publisher->turn(publish->state);
    }
    return wait >= 0 && wait < left ? wait : left > 0 ? left : 0;
}

bool lane_publish_empty(struct lane_publish *publish)
{
    return !publish->on_its_way && outbox_count(publish->store, "ready") == 0;
}
