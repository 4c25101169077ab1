/* alarm_cycle: closes what can be closed, tells what follows from it. */
#ifndef ASSAY_ALARM_CYCLE_H
#define ASSAY_ALARM_CYCLE_H

#include "worker/alarm/alarm_engine.h"
#include "worker/alarm/alarm_state.h"

/* All borrowed. */
struct alarm_cycle_config {
    const char *const *stores;
    size_t store_count;
    const char *const *targets; /* of events: alarm_target.h */
    size_t target_count;
    bool gauges;               /* drift_log_evidence and drift_alarm, of each cycle's last bucket */
    const char *const *models; /* that get gauges of their own; others share "other" */
    size_t model_count;
    int64_t from_ms;  /* where the history begins when the state is new; 0: a baseline before now */
    int64_t grace_ms; /* a bucket closes so long after its end */
    int64_t late_ms;  /* rows whose time is longer ago are not counted any more */
    int64_t keep_ms;  /* buckets are kept for so long at least: alarm_checkpoint.h */
    struct alarm_rules rules;
    void (*told)(void *owner,
                 struct str event_json); /* each event, once it is durable; may be NULL */
    void *owner;
};

struct alarm_cycle; /* one thread */

/* Replays what the state holds. NULL and `error`: the state cannot be read. Borrows the state. */
struct alarm_cycle *alarm_cycle_new(const struct alarm_cycle_config *config,
                                    struct alarm_state *state, struct error *error);
void alarm_cycle_free(struct alarm_cycle *cycle);

/* Closes every bucket that ended by now_ms - grace_ms; none while no shard was ever read, so that a
 * wrong name of a store costs no history. False: FATAL, nothing can be kept; begin anew from the
 * state. `partial` names what could not be read; *out_shards: how many shards were, when buckets
 * were due. */
bool alarm_cycle_run(struct alarm_cycle *cycle, int64_t now_ms, struct problems *partial,
                     size_t *out_shards, struct error *error);
/* When the next bucket closes. */
int64_t alarm_cycle_due_ms(const struct alarm_cycle *cycle);
const struct alarm_engine *alarm_cycle_engine(const struct alarm_cycle *cycle);

#endif
