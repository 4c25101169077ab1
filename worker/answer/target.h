/* target: an endpoint that is asked: where it is, and whether it may be sent a call now.
 *
 * Of the answerer alone. Each has its own line, breaker and throttle: one must not hold up
 * another. */
#ifndef ASSAY_TARGET_H
#define ASSAY_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include "worker/answer/breaker.h"
#include "worker/answer/invoke.h"
#include "worker/answer/throttle.h"

enum { TARGET_NAME_BYTES = INVOKE_NAME_BYTES_MAX + 1 };

struct target {
    char url[INVOKE_URL_BYTES_MAX];
    const char *component, *variant, *model; /* NULL: not said */
    struct breaker breaker;
    struct throttle throttle;
};

/* Of an endpoint by name; `base_url` as invoke_url takes it. False, and an empty url, when name or
 * URL is not valid. Zeroed before. */
bool target_init(struct target *target, const char *base_url, const char *region,
                 const char *endpoint, unsigned calls_max);

/* Component or variant that a call asks for: the target's own, else the one that its question
 * names, which is valid, as a string in `room`. NULL: neither says one. */
const char *target_part(const char *own, struct str named, char room[TARGET_NAME_BYTES]);

/* How a call ended, for the next ones. */
struct target_outcome {
    bool answered; /* with a reply to be read */
    bool blamed;   /* by a fault of the endpoint's or a throttle, not a request that is wrong */
    bool throttled;
    int64_t asked_ms; /* it wants to be left alone for so long */
};

/* True also makes the call the breaker's probe: send it, or target_forget. */
bool target_allows(struct target *target, int64_t now_ms);
void target_forget(struct target *target);
/* Milliseconds until target_allows may say so; -1 when a call must end first. */
int64_t target_wait_ms(const struct target *target, int64_t now_ms);
/* The number that target_ended must be told. */
unsigned target_sent(struct target *target);
void target_ended(struct target *target, unsigned round, const struct target_outcome *outcome,
                  int64_t now_ms);

#endif
