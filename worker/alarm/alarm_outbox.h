/* alarm_outbox: events on their way out. */
#ifndef ASSAY_ALARM_OUTBOX_H
#define ASSAY_ALARM_OUTBOX_H

#include "worker/alarm/alarm_state.h"

/* Events reach each target at least once: a row is `sending`, durably, before it leaves, and what
 * is found `sending` after a crash goes out again; a page told twice is better than one lost, and
 * its id is the same both times. A target is told one event at a time. The end of an alarm waits
 * for its beginning, and is not told to a target that was not told the beginning. */

/* Older ones are kept and listed, not told: nobody is woken for last week. */
enum { ALARM_TELL_MS = 24 * 60 * 60 * 1000 };

/* For each target, inside a transaction. `over`: only where the beginning was told or waits. */
void alarm_outbox_add(struct alarm_state *state, int64_t event, const char *alarm, bool over,
                      const char *const *targets, size_t target_count, int64_t now_ms);
/* At start: what was on its way waits again; what waits for other targets than these expires. */
bool alarm_outbox_start(struct alarm_state *state, const char *const *targets, size_t target_count,
                        struct error *error);

/* Something to be sent. Texts are malloc'ed: alarm_delivery_clear. */
struct alarm_delivery {
    int64_t id;
    char *target, *event_id, *alarm, *json;
    int64_t at_ms;     /* of the event */
    int64_t made_ms;   /* when it was put into the outbox */
    unsigned attempts; /* with this one */
};

/* Marks the next one that is due `sending`, durably. False: none, or `error` is set. */
bool alarm_outbox_claim(struct alarm_state *state, int64_t now_ms, struct alarm_delivery *out,
                        struct error *error);
void alarm_delivery_clear(struct alarm_delivery *delivery);

enum alarm_outcome {
    ALARM_SENT,
    ALARM_AGAIN,   /* later, at due_ms; expired when it has waited for ALARM_TELL_MS */
    ALARM_REFUSED, /* the target will never take it */
};
bool alarm_outbox_settle(struct alarm_state *state, const struct alarm_delivery *delivery,
                         enum alarm_outcome outcome, int64_t now_ms, int64_t due_ms,
                         struct error *error);
/* When the next one that may go is due; INT64_MAX: none waits, or for one that is on its way. */
int64_t alarm_outbox_due_ms(struct alarm_state *state);

#endif
