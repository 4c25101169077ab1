/* alarm_outlet: what assay alarms run tells others with: HTTP, AWS keys, outbox, gauges. */
#ifndef ASSAY_ALARM_OUTLET_H
#define ASSAY_ALARM_OUTLET_H

#include "worker/alarm/alarm_state.h"
#include "worker/options/alarm_options.h"

struct alarm_outlet; /* one thread */

/* Borrows all. NULL and `error` (FATAL): an address, the secret, region or credentials are wrong or
 * missing, or the state cannot be written. */
struct alarm_outlet *alarm_outlet_open(const struct alarm_options *options,
                                       const struct alarm_settings *settings,
                                       struct alarm_state *state, struct error *error);
/* Waits some seconds for what is on its way; what does not end then is sent again after the next
 * start. NULL is fine. */
void alarm_outlet_close(struct alarm_outlet *outlet);

/* The words of --models. */
const char *const *alarm_outlet_models(const struct alarm_outlet *outlet, size_t *out_count);

/* Moves everything that can move. False: FATAL, the state cannot be written. */
bool alarm_outlet_turn(struct alarm_outlet *outlet, struct error *error);
/* Waits until there is something to do, at most so long. True: `signals` became readable. */
bool alarm_outlet_wait(struct alarm_outlet *outlet, int signals, int64_t wait_ms);
/* Turns and waits until nothing is left that could go now, at most so long, or `signals`. */
bool alarm_outlet_flush(struct alarm_outlet *outlet, int signals, int64_t wait_ms,
                        struct error *error);

#endif
