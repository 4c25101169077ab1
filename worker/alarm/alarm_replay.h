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

/* Where a replay begins. Wherever it does, the engine is the same to the byte. */
enum alarm_replay_start {
    ALARM_REPLAY_SHORTEST, /* the latest checkpoint that holds: to go on */
    ALARM_REPLAY_LONGEST,  /* the first bucket that is kept: to prove what was told since */
};

/* Whom the engine tells. */
struct alarm_listener {
    alarm_words *words;
    alarm_tell *tell;
    void *owner;
};

/* An engine that has seen every bucket, under the rules that were in force when each closed; tells
 * every event again of buckets that ended after *out_from_ms, where it began. NULL and `error` when
 * the state cannot be read, is damaged, or has neither a checkpoint that holds nor all buckets. */
struct alarm_engine *alarm_replay(struct alarm_state *state, enum alarm_replay_start start,
                                  const struct alarm_listener *listener, int64_t *out_from_ms,
                                  struct error *error);

#endif
