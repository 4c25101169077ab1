/* breaker: stops asking an endpoint that mostly fails, and lets one call through to see. */
#ifndef ASSAY_BREAKER_H
#define ASSAY_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BREAKER_WINDOW_MS = 30000,
    BREAKER_SLOTS = 10,     /* the window moves in tenths */
    BREAKER_CALLS_MIN = 20, /* fewer ended calls say nothing */
    BREAKER_OPEN_MS = 5000, /* after the first opening; doubles with each failed probe */
    BREAKER_OPEN_MS_MAX = 60000,
};

/* Zero-initialise: closed. Times are of the steady clock, milliseconds, never going back. */
struct breaker {
    struct {
        int64_t slot; /* which tenth of a window this counts */
        uint32_t ended, failed;
    } slots[BREAKER_SLOTS];
    int64_t open_until_ms, open_ms; /* open_ms 0: closed */
    bool probing;                   /* one call is out to see whether it is over */
};

/* May a call be made now? When it was open for long enough, true once: that call is the probe. */
bool breaker_allows(struct breaker *breaker, int64_t now_ms);
/* An allowed call ended; failed when the endpoint was to blame (faults and throttles, not requests
 * that are wrong). Opens at half or more of 20 or more calls in 30 s. */
void breaker_ended(struct breaker *breaker, int64_t now_ms, bool failed);
/* An allowed call was not made after all, or is nobody's any more. */
void breaker_forget(struct breaker *breaker);
/* Milliseconds until the next probe may go; 0 when calls are allowed, -1 while a probe is out. */
int64_t breaker_wait_ms(const struct breaker *breaker, int64_t now_ms);

#endif
