/* alarm_gauges: how far each stream is from its alarm, as metrics. */
#ifndef ASSAY_ALARM_GAUGES_H
#define ASSAY_ALARM_GAUGES_H

#include "worker/alarm/alarm_state.h"
#include "worker/publish/publisher.h"

/* Gauges go at most once: a metrics service adds up what it is given. What surely did not arrive is
 * sent again, for a day. */

/* Inside a transaction. `kind`: the criterion. */
void alarm_gauge_add(struct alarm_state *state, int64_t minute_ms, const char *model,
                     const char *name, const char *kind, double value);

struct alarm_gauges; /* one thread */

/* Borrows all. NULL and `error`: the publisher cannot be opened. */
struct alarm_gauges *alarm_gauges_new(const struct publisher *publisher,
                                      const struct publisher_config *config,
                                      struct alarm_state *state, struct error *error);
/* Requests in flight must have ended: http_free or http_cancel_all first. NULL is fine. */
void alarm_gauges_free(struct alarm_gauges *gauges);

/* Publishes what waits. Complains once on stderr of a row of failures, and once when it works
 * again. False: FATAL, the state cannot be written. */
bool alarm_gauges_turn(struct alarm_gauges *gauges, int64_t now_ms, struct error *error);
/* In how many ms to call alarm_gauges_turn again; INT64_MAX: when there is something new. */
int64_t alarm_gauges_wait_ms(const struct alarm_gauges *gauges, int64_t now_ms);
/* Nothing is on its way. */
bool alarm_gauges_idle(const struct alarm_gauges *gauges);

#endif
