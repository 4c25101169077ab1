/* alarm_replay: an engine fed with closed buckets. */
#ifndef ASSAY_ALARM_REPLAY_H
#define ASSAY_ALARM_REPLAY_H

#include "worker/alarm/alarm_engine.h"
#include "worker/alarm/alarm_kept.h"

enum alarm_fed {
    ALARM_FED,
    ALARM_LEFT_OUT, /* more thresholds of sampling than a stream may have: in a replay, too */
    ALARM_DAMAGED,
};
/* Adds one kept cell to the engine's open bucket. */
enum alarm_fed alarm_feed(struct alarm_engine *engine, const struct alarm_kept *bucket);

/* An engine that has seen every kept bucket, under the rules that were in force when each closed;
 * tells every event again. NULL and `error` when the state cannot be read, or is
 * damaged. */
struct alarm_engine *alarm_replay(struct alarm_state *state, alarm_words *words, alarm_tell *tell,
                                  void *owner, struct error *error);

#endif
