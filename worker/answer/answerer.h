/* answerer: gets the questions of evaluators answered by SageMaker endpoints, many at a time.
 *
 * One per lane, on the lane's thread, without locks. A question waits in line until one of
 * max_in_flight places is free, is sent with a nonce of its own, and is sent again after passing
 * faults: up to three quick attempts with full jitter, after that it is parked and tried again at
 * growing intervals until its deadline. So an outage of the judge costs a judge's criteria their
 * answers (ANSWER_SKIPPED, judge_unavailable) and stops nothing else. Every attempt is a call of
 * the budget. Each endpoint has a breaker (breaker.h) and is given as many calls at a time as it
 * copes with (throttle.h); when it asks to wait (Retry-After) it is left alone so long. */
#ifndef ASSAY_ANSWERER_H
#define ASSAY_ANSWERER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/error.h"
#include "schema/question.h"
#include "worker/answer/budget.h"
#include "worker/aws/keyring.h"
#include "worker/net/http.h"

struct answerer;

/* Strings are borrowed for the answerer's life. Start from ANSWERER_DEFAULTS. */
struct answerer_config {
    const char *region;              /* "eu-central-1" */
    const char *endpoint_url;        /* "http://127.0.0.1:8080"; NULL: the region's runtime host */
    const char *judge_endpoint;      /* name of the endpoint; NULL: there is no judge */
    const char *judge_model;         /* said in the body; NULL: left out */
    const char *inference_component; /* of the judge's endpoint; NULL: none */
    const char *target_variant;      /* of the judge's endpoint; NULL: by its weights */
    /* Endpoints that may be asked for resamples: a name that comes with the traffic is not enough.
     */
    const char *const *sampled_endpoints;
    size_t sampled_endpoint_count;
    unsigned max_in_flight;   /* >= 1; fewer while an endpoint throttles */
    int64_t timeout_ms;       /* of one attempt; a container may take 60 s */
    int64_t retry_ms;         /* base of the quick retries' jitter */
    int64_t parked_ms;        /* the first pause after them */
    size_t request_bytes_max; /* a longer body fails without being sent */
};
extern const struct answerer_config ANSWERER_DEFAULTS;

/* What happened since answerer_new. */
struct answerer_counts {
    uint64_t asked, received, failed, skipped, cancelled; /* questions */
    uint64_t sent, retried, throttled;                    /* calls; retried ones are sent ones */
    uint64_t input_tokens, output_tokens;                 /* as far as endpoints tell */
};

/* `http`, `keyring` and `budget` are borrowed; the `http` may be freed before or after the
 * answerer. Without a keyring (NULL) questions are skipped at their deadline. NULL and `error`
 * (FATAL) when a name or a URL is not valid. */
struct answerer *answerer_new(const struct answerer_config *config, struct http *http,
                              struct keyring *keyring, struct budget *budget,
                              struct error *error);
/* Questions not yet answered are dropped without a callback. NULL is fine. */
void answerer_free(struct answerer *answerer);

/* Takes the question; its second half is filled when `answered` is called, once, from answerer_turn
 * or http_turn, never from here. The answer's text is put in the arena. `question` and `arena` must
 * live until `answered`, or until answerer_cancel_owner(owner). `answered` may ask again, and may
 * cancel owners. Failure codes (static):
 *   SKIPPED  budget; judge_unavailable, endpoint_unavailable (until the deadline); no_judge,
 *            no_endpoint, endpoint_not_listed, ... (targets.h); no_credentials (until the
 *            deadline); cancelled (the http was freed)
 *   FAILED   truncated; access_denied, request_invalid, not_found, ... (retry.c);
 *            reply_not_json, reply_shape, reply_empty, reply_too_long; question_too_long; of a
 *            sampled endpoint's answer what capture records are refused for (schema/README.md) */
void answerer_ask(struct answerer *answerer, struct question *question, struct arena *arena,
                  int64_t deadline_steady_ms,
                  void (*answered)(void *owner, struct question *question), void *owner);
/* Sends what may be sent, gives up what is overdue. Call it after http_turn and when
 * answerer_wait_ms is over. */
void answerer_turn(struct answerer *answerer);
/* answerer_turn must be called again after so many ms at the latest; -1: nothing to wait for but
 * replies. */
int64_t answerer_wait_ms(const struct answerer *answerer);
/* Calls out, cancelled ones included. */
size_t answerer_in_flight(const struct answerer *answerer);
/* Questions neither answered nor cancelled: in flight, in line or parked. */
size_t answerer_unanswered(const struct answerer *answerer);
/* Forgets the questions of an owner: `answered` is not called for them, their replies are thrown
 * away. */
void answerer_cancel_owner(struct answerer *answerer, const void *owner);
const struct answerer_counts *answerer_counts(const struct answerer *answerer);

#endif
