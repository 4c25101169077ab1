/* alarm_kept: closed buckets, and what was taken from stores for them. */
#ifndef ASSAY_ALARM_KEPT_H
#define ASSAY_ALARM_KEPT_H

#include "worker/alarm/alarm_state.h"

/* A cell of the stores, or of a closed bucket, with its scores as bins_write writes them. */
struct alarm_kept {
    int64_t series, segment;
    uint64_t threshold;
    int64_t at_ms; /* start of the time in the stores; end of a closed bucket */
    struct status_counts statuses;
    uint64_t passed;
    struct str histogram;
};

/* Calls back for all that was taken of the stores and is not forgotten; no order. */
void alarm_kept_each_taken(struct alarm_state *state,
                           void (*each)(void *owner, const struct alarm_kept *taken), void *owner);
/* In place of what was taken in that time. */
void alarm_kept_take(struct alarm_state *state, const struct alarm_kept *cell, int64_t length_ms);
/* Forgets what was taken of five minutes before this time. */
void alarm_kept_forget_taken(struct alarm_state *state, int64_t before_ms);

void alarm_kept_add(struct alarm_state *state, const struct alarm_kept *bucket);
/* Calls back for each kept cell of buckets that ended after `after_ms`, by time, series, segment,
 * threshold. */
bool alarm_kept_each_bucket(struct alarm_state *state, int64_t after_ms,
                            void (*each)(void *owner, const struct alarm_kept *bucket), void *owner,
                            struct error *error);
/* Forgets the buckets that ended by then: no replay can begin before. */
void alarm_kept_forget(struct alarm_state *state, int64_t to_ms);

#endif
