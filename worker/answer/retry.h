/* retry: is it worth asking again, and when? Pure: no clock, no randomness of its own. */
#ifndef ASSAY_RETRY_H
#define ASSAY_RETRY_H

#include <stdbool.h>
#include <stdint.h>
#include "worker/net/http.h"

enum retry_kind {
    RETRY_NOT_NEEDED, /* a reply to be read */
    RETRY_SOON,       /* a passing fault */
    RETRY_SLOWER,     /* a passing fault, and it asks for less */
    RETRY_REFRESH,    /* the credentials or the clock were refused: new ones once, then again */
    RETRY_NEVER,      /* the same call would fail the same way */
};

/* What is known of an exchange that ended. */
struct retry_outcome {
    enum http_failure failure;
    long status;          /* HTTP; 0 when no reply came */
    const char *code;     /* the service's name of the error; NULL or "" when it gave none */
    long original_status; /* of the container behind a ModelError; 0: it timed out; -1: not told */
    bool no_capacity;     /* the text says that no instance is ready yet */
};

struct retry_advice {
    enum retry_kind kind;
    const char *reason; /* static: "throttled", "access_denied", ...; "" when not needed */
};

/* SageMaker throttles with status 400: the error's code decides, the status only where there is
 * no code or an unknown one. */
struct retry_advice retry_advise(const struct retry_outcome *outcome);

enum {
    RETRY_QUICK_ATTEMPTS_MAX = 3, /* calls of one question, before it is parked */
    RETRY_DELAY_MS_MAX = 20000,
    RETRY_PARKED_MS_MAX = 300000,
};

/* Quick retries are a tenth of the first calls at most, and a few: more would feed an outage. */
struct retry_budget {
    double tokens; /* a retry spends one */
};
enum { RETRY_TOKENS_START = 10, RETRY_TOKENS_MAX = 50 };
void retry_budget_earn(struct retry_budget *budget); /* a first call goes out */
bool retry_budget_spend(struct retry_budget *budget);

/* Full jitter: uniform * min(20 s, base_ms * 2^retry). `retry` counts from 0, `uniform` is a random
 * number of [0,1). */
int64_t retry_delay_ms(int64_t base_ms, unsigned retry, double uniform);
/* Between the half and the whole of min(5 min, parked_ms * 2^retry): a parked question never comes
 * back at once. */
int64_t retry_parked_ms(int64_t parked_ms, unsigned retry, double uniform);

enum {
    RETRY_ASKED_MS_MAX = 60000,    /* no reply may stop the asking for longer than an outage does */
    RETRY_ASKED_AWS_MS_MAX = 5000, /* as AWS's own clients do */
};
/* How long a reply asks to wait, beside a delay of our own: by x-amz-retry-after (milliseconds), or
 * Retry-After (seconds or an HTTP-date, RFC 9110 10.2.3) where `wall_ms` is now. NULL: no such
 * header. 0 when it asks nothing, or nothing that can be read. */
int64_t retry_asked_ms(const char *retry_after, const char *x_amz_retry_after, int64_t wall_ms);

#endif
