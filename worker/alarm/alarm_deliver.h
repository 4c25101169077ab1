/* alarm_deliver: sends what waits in the outbox of alarms. */
#ifndef ASSAY_ALARM_DELIVER_H
#define ASSAY_ALARM_DELIVER_H

#include "worker/alarm/alarm_outbox.h"
#include "worker/aws/keyring.h"
#include "worker/net/http.h"

/* All borrowed until alarm_deliver_free. */
struct alarm_deliver_config {
    struct http *http;
    const char *const *targets; /* names that alarm_target_find knows */
    size_t target_count;
    struct str secret;   /* webhooks are signed with it; empty: they are not */
    const char *region;  /* of AWS targets that do not say it in an ARN */
    const char *aws_url; /* instead of AWS's own addresses; NULL */
    struct keyring *keyring;
    int64_t timeout_ms; /* of one request */
};

struct alarm_deliver; /* one thread */

/* NULL and `error`: an address is wrong, or the state cannot be written. */
struct alarm_deliver *alarm_deliver_new(const struct alarm_deliver_config *config,
                                        struct alarm_state *state, struct error *error);
/* Requests in flight must have ended: http_free or http_cancel_all first; what was on its way then
 * waits again. NULL is fine. */
void alarm_deliver_free(struct alarm_deliver *deliver);

/* Sends what is due; http_turn calls back. Tries again with full jitter, up to five minutes apart,
 * for ALARM_TELL_MS. Complains on stderr of a target that fails (alarm_complaint.h). False: FATAL,
 * the state cannot be written. */
bool alarm_deliver_turn(struct alarm_deliver *deliver, int64_t now_ms, struct error *error);
/* In how many ms to call alarm_deliver_turn again; INT64_MAX: when there is something new. */
int64_t alarm_deliver_wait_ms(struct alarm_deliver *deliver, int64_t now_ms);
/* Nothing is on its way and nothing is due now. */
bool alarm_deliver_idle(struct alarm_deliver *deliver, int64_t now_ms);

#endif
