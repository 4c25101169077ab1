/* target: an endpoint that is asked: where it is, and whether it may be sent a call now. */
#include "worker/answer/target.h"

#include <stdio.h>

bool target_init(struct target *target, const char *base_url, const char *region,
                 const char *endpoint, unsigned calls_max)
{
    throttle_init(&target->throttle, calls_max);
    bool valid = invoke_url(base_url, region, str_of(endpoint), target->url);
    if (!valid)
        target->url[0] = '\0';
    return valid;
}

const char *target_part(const char *own, struct str named, char room[TARGET_NAME_BYTES])
{
    if (own || !named.size)
        return own;
    snprintf(room, TARGET_NAME_BYTES, "%.*s", STR_ARGS(named));
    return room;
}

bool target_allows(struct target *target, int64_t now_ms)
{
    return throttle_allows(&target->throttle, now_ms) && breaker_allows(&target->breaker, now_ms);
}

void target_forget(struct target *target)
{
    breaker_forget(&target->breaker);
}

int64_t target_wait_ms(const struct target *target, int64_t now_ms)
{
    int64_t throttle = throttle_wait_ms(&target->throttle, now_ms);
    int64_t breaker = breaker_wait_ms(&target->breaker, now_ms);
    if (throttle < 0 || breaker < 0)
        return -1;
    return throttle > breaker ? throttle : breaker;
}

unsigned target_sent(struct target *target)
{
    return throttle_sent(&target->throttle);
}

void target_ended(struct target *target, unsigned round, const struct target_outcome *outcome,
                  int64_t now_ms)
{
    throttle_ended(&target->throttle, round,
                   outcome->throttled  ? THROTTLE_REFUSED
                   : outcome->answered ? THROTTLE_COPED
                                       : THROTTLE_UNKNOWN);
    if (outcome->asked_ms > 0)
        throttle_hold(&target->throttle, now_ms + outcome->asked_ms);
    breaker_ended(&target->breaker, now_ms, outcome->blamed);
}
