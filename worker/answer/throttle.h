/* throttle: how many calls an endpoint is given at a time: one more while it copes, half when not.
 *
 * Additive increase, multiplicative decrease, as TCP does it: each lane of each worker finds its
 * share of an endpoint's capacity without asking anybody. Until the first refusal every success
 * raises the limit by one (slow start), afterwards a whole window of them. */
#ifndef ASSAY_THROTTLE_H
#define ASSAY_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum { THROTTLE_START = 8 }; /* calls at a time, of an endpoint that is not known yet */

struct throttle {
    unsigned limit, limit_max; /* calls at a time; from 1 */
    unsigned in_flight;
    unsigned successes;    /* since the limit last changed */
    unsigned round;        /* counts the decreases */
    int64_t held_until_ms; /* steady clock: the endpoint asked to be left alone */
};

enum throttle_outcome { THROTTLE_COPED, THROTTLE_REFUSED, THROTTLE_UNKNOWN };

void throttle_init(struct throttle *throttle, unsigned limit_max);
bool throttle_allows(const struct throttle *throttle, int64_t now_ms);
/* Milliseconds until calls are allowed; -1 when an ending call must make room. */
int64_t throttle_wait_ms(const struct throttle *throttle, int64_t now_ms);
/* A call goes out; returns the round that throttle_ended must be told. */
unsigned throttle_sent(struct throttle *throttle);
/* Calls of one burst are refused together: only those sent after the last decrease count. */
void throttle_ended(struct throttle *throttle, unsigned round, enum throttle_outcome outcome);
/* No call before that time; an earlier one changes nothing. */
void throttle_hold(struct throttle *throttle, int64_t until_ms);

#endif
