/* aws_error: what an error reply of an AWS service means for the caller. */
#ifndef ASSAY_AWS_ERROR_H
#define ASSAY_AWS_ERROR_H

#include <stdint.h>
#include "worker/net/http.h"

enum { AWS_ERROR_CODE_BYTES = 96 };

/* Never by status alone: throttling comes as 400, too. */
enum aws_error {
    AWS_OK,          /* a 2xx status */
    AWS_THROTTLED,   /* not carried out: later, with backoff */
    AWS_UNAVAILABLE, /* 503, or a code that says: not carried out, later */
    AWS_BROKEN,      /* 500, 502, 504 and the like: may have been carried out */
    AWS_EXPIRED,     /* the keys: not carried out, with fresh ones again */
    AWS_SKEWED,      /* our clock: not carried out, with the service's time again */
    AWS_DENIED,      /* 403 and unknown keys: not carried out until a person changes something */
    AWS_INVALID,     /* the request itself: not carried out, never will be */
};

/* The code of the reply: header x-amzn-errortype, x-amzn-query-error, then the body's __type or
 * code (JSON) or Code (XML), without namespace and URL; "" when there is none. */
void aws_error_code(const struct http_reply *reply, char out[AWS_ERROR_CODE_BYTES]);
/* Of a whole reply (failure HTTP_OK). */
enum aws_error aws_error_of(const struct http_reply *reply, const char *code);

/* What to add to our clock so that it says what the reply's Date says; 0 without one. */
int64_t aws_clock_offset_ms(const struct http_reply *reply);

/* Full jitter (botocore's standard mode): uniform between 0 and min(2^(attempt-1), 20) seconds;
 * `attempt` counts from 1, the one that failed. */
int64_t aws_backoff_ms(unsigned attempt);
/* The same with another limit than 20 seconds. */
int64_t aws_backoff_up_to_ms(unsigned attempt, int64_t most_ms);

#endif
