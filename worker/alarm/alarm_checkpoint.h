/* alarm_checkpoint: the engine as it was at a time, so that a replay need not begin before. */
#ifndef ASSAY_ALARM_CHECKPOINT_H
#define ASSAY_ALARM_CHECKPOINT_H

#include "worker/alarm/alarm_engine.h"
#include "worker/alarm/alarm_state.h"

/* Written in the transaction that closes its bucket. It is trusted only as far as it can be
 * checked: a digest covers its bytes, the form they have, where the history begins, and every rule
 * that was in force before. One that does not hold is as if it were not there: the replay begins at
 * another, or at the first bucket while all are kept.
 *
 * Three are kept: the latest, and the first of this and of the last time of length `keep_ms`. What
 * was before the earliest of them, and is older than keep_ms, is forgotten: so buckets of keep_ms
 * to twice that are there to replay, and to prove what was told. */
enum { ALARM_CHECKPOINT_MS = 24 * ALARM_HOUR_MS }; /* at multiples of this */

/* Of the bucket that ends at at_ms, the last one closed; forgets what is not needed any more. */
void alarm_checkpoint_write(struct alarm_state *state, struct alarm_engine *engine, int64_t at_ms,
                            int64_t keep_ms);

/* The times of the checkpoints, ascending. */
enum { ALARM_CHECKPOINTS_MAX = 8 };
size_t alarm_checkpoint_times(struct alarm_state *state, int64_t out[ALARM_CHECKPOINTS_MAX]);
/* Into a new engine with the state's streams. False: it does not hold, the engine is of no use. */
bool alarm_checkpoint_read(struct alarm_state *state, int64_t at_ms, struct alarm_engine *engine);

/* The whole engine as bytes, for comparing: equal engines, which go on alike, give equal bytes. */
void alarm_checkpoint_bytes(struct alarm_engine *engine, struct buffer *out);

#endif
