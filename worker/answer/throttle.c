/* throttle: how many calls an endpoint is given at a time: one more while it copes, half when not.
 */
#include "worker/answer/throttle.h"

void throttle_init(struct throttle *throttle, unsigned limit_max)
{
    *throttle = (struct throttle){
        .limit = limit_max < THROTTLE_START ? limit_max : THROTTLE_START, .limit_max = limit_max};
}

bool throttle_allows(const struct throttle *throttle, int64_t now_ms)
{
    return throttle_wait_ms(throttle, now_ms) == 0;
}

int64_t throttle_wait_ms(const struct throttle *throttle, int64_t now_ms)
{
    if (throttle->in_flight >= throttle->limit)
        return -1;
    return now_ms < throttle->held_until_ms ? throttle->held_until_ms - now_ms : 0;
}

unsigned throttle_sent(struct throttle *throttle)
{
    throttle->in_flight++;
    return throttle->round;
}

static void count_success(struct throttle *throttle)
{
    bool slow_start = throttle->round == 0;
    if (!slow_start && ++throttle->successes < throttle->limit)
        return;
    throttle->successes = 0;
    if (throttle->limit < throttle->limit_max)
        throttle->limit++;
}

static void halve_limit(struct throttle *throttle)
{
    throttle->successes = 0;
    throttle->round++;
    throttle->limit = throttle->limit > 1 ? throttle->limit / 2 : 1;
}

void throttle_ended(struct throttle *throttle, unsigned round, enum throttle_outcome outcome)
{
    throttle->in_flight--;
    if (outcome == THROTTLE_REFUSED && round == throttle->round)
        halve_limit(throttle);
    else if (outcome == THROTTLE_COPED)
        count_success(throttle);
}

void throttle_hold(struct throttle *throttle, int64_t until_ms)
{
    if (until_ms > throttle->held_until_ms)
        throttle->held_until_ms = until_ms;
}
