/* retry: is it worth asking again, and when? */
#include "worker/answer/retry.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* By the service's name of the error; throttle codes as in botocore's standard mode. */
static const struct {
    const char *code;
    struct retry_advice advice;
} BY_CODE[] = {
    {"ThrottlingException", {RETRY_SLOWER, "throttled"}},
    {"Throttling", {RETRY_SLOWER, "throttled"}},
    {"ThrottledException", {RETRY_SLOWER, "throttled"}},
    {"RequestThrottledException", {RETRY_SLOWER, "throttled"}},
    {"RequestThrottled", {RETRY_SLOWER, "throttled"}},
    {"TooManyRequestsException", {RETRY_SLOWER, "throttled"}},
    {"ProvisionedThroughputExceededException", {RETRY_SLOWER, "throttled"}},
    {"RequestLimitExceeded", {RETRY_SLOWER, "throttled"}},
    {"BandwidthLimitExceeded", {RETRY_SLOWER, "throttled"}},
    {"LimitExceededException", {RETRY_SLOWER, "throttled"}},
    {"SlowDown", {RETRY_SLOWER, "throttled"}},
    {"EC2ThrottledException", {RETRY_SLOWER, "throttled"}},
    {"TransactionInProgressException", {RETRY_SLOWER, "throttled"}},
    {"PriorRequestNotComplete", {RETRY_SOON, "unavailable"}},
    {"RequestTimeout", {RETRY_SOON, "timeout"}},
    {"RequestTimeoutException", {RETRY_SOON, "timeout"}},
    {"ModelNotReadyException", {RETRY_SOON, "model_not_ready"}},
    {"InternalFailure", {RETRY_SOON, "unavailable"}},
    {"InternalServerException", {RETRY_SOON, "unavailable"}},
    {"ServiceUnavailable", {RETRY_SOON, "unavailable"}},
    {"ServiceUnavailableException", {RETRY_SOON, "unavailable"}},
    {"InternalDependencyException", {RETRY_SOON, "unavailable"}},
    {"ExpiredToken", {RETRY_REFRESH, "credentials_expired"}},
    {"ExpiredTokenException", {RETRY_REFRESH, "credentials_expired"}},
    {"RequestExpired", {RETRY_REFRESH, "clock_skew"}},
    {"RequestTimeTooSkewed", {RETRY_REFRESH, "clock_skew"}},
    {"InvalidSignatureException", {RETRY_REFRESH, "signature_refused"}},
    {"SignatureDoesNotMatch", {RETRY_REFRESH, "signature_refused"}},
    {"UnrecognizedClientException", {RETRY_REFRESH, "credentials_refused"}},
    {"InvalidClientTokenId", {RETRY_REFRESH, "credentials_refused"}},
    {"AccessDeniedException", {RETRY_NEVER, "access_denied"}},
    {"AccessDenied", {RETRY_NEVER, "access_denied"}},
    {"MissingAuthenticationToken", {RETRY_NEVER, "access_denied"}},
    {"MissingAuthenticationTokenException", {RETRY_NEVER, "access_denied"}},
    {"ValidationError", {RETRY_NEVER, "request_invalid"}},
    {"ValidationException", {RETRY_NEVER, "request_invalid"}},
};

/* Where no code says more; the first row that holds the status counts. */
static const struct {
    long first, last;
    struct retry_advice advice;
} BY_STATUS[] = {
    {200, 299, {RETRY_NOT_NEEDED, ""}},         {401, 401, {RETRY_NEVER, "access_denied"}},
    {403, 403, {RETRY_NEVER, "access_denied"}}, {404, 404, {RETRY_NEVER, "not_found"}},
    {408, 408, {RETRY_SOON, "timeout"}},        {413, 413, {RETRY_NEVER, "request_too_long"}},
    {424, 424, {RETRY_SOON, "model_error"}},    {425, 425, {RETRY_SOON, "unavailable"}},
    {429, 429, {RETRY_SLOWER, "throttled"}},    {400, 499, {RETRY_NEVER, "request_invalid"}},
    {500, 599, {RETRY_SOON, "unavailable"}},
};

/* The container's own status decides over an error that SageMaker passes on. */
static struct retry_advice advise_model_error(long original_status)
{
    if (original_status == 429)
        return (struct retry_advice){RETRY_SLOWER, "throttled"};
    if (original_status >= 400 && original_status < 500 && original_status != 408)
        return (struct retry_advice){RETRY_NEVER, "model_refused"};
    if (original_status == 0)
        return (struct retry_advice){RETRY_SOON, "timeout"};
    return (struct retry_advice){RETRY_SOON, "model_error"};
}

static struct retry_advice advise_without_reply(enum http_failure failure)
{
    switch (failure) {
    case HTTP_TIMEOUT:
        return (struct retry_advice){RETRY_SOON, "timeout"};
    case HTTP_TOO_LONG:
        return (struct retry_advice){RETRY_NEVER, "reply_too_long"};
    case HTTP_INVALID:
        return (struct retry_advice){RETRY_NEVER, "request_invalid"};
    case HTTP_CANCELLED:
        return (struct retry_advice){RETRY_NEVER, "cancelled"};
    default:
        return (struct retry_advice){RETRY_SOON, "unreachable"};
    }
}

struct retry_advice retry_advise(const struct retry_outcome *outcome)
{
    if (outcome->failure != HTTP_OK)
        return advise_without_reply(outcome->failure);
    const char *code = outcome->code ? outcome->code : "";
    bool failed = outcome->status < 200 || outcome->status > 299;
    if (outcome->status == 424 || (failed && strcmp(code, "ModelError") == 0))
        return advise_model_error(outcome->original_status);
    if (outcome->status == 400 && outcome->no_capacity)
        return (struct retry_advice){RETRY_SOON, "no_capacity"};
    for (size_t i = 0; failed && i < COUNT(BY_CODE); i++)
        if (strcmp(code, BY_CODE[i].code) == 0)
            return BY_CODE[i].advice;
    for (size_t i = 0; i < COUNT(BY_STATUS); i++)
        if (outcome->status >= BY_STATUS[i].first && outcome->status <= BY_STATUS[i].last)
            return BY_STATUS[i].advice;
    return (struct retry_advice){RETRY_NEVER, "redirected"}; /* never followed: it may leak */
}

static int64_t doubled(int64_t base_ms, unsigned retry, int64_t max_ms)
{
    int64_t delay = base_ms < max_ms ? base_ms : max_ms;
    while (retry-- > 0 && delay < max_ms)
        delay = delay * 2 < max_ms ? delay * 2 : max_ms;
    return delay;
}

int64_t retry_delay_ms(int64_t base_ms, unsigned retry, double uniform)
{
    return (int64_t)(uniform * (double)doubled(base_ms, retry, RETRY_DELAY_MS_MAX));
}

int64_t retry_parked_ms(int64_t parked_ms, unsigned retry, double uniform)
{
    int64_t whole = doubled(parked_ms, retry, RETRY_PARKED_MS_MAX);
    return whole / 2 + (int64_t)(uniform * (double)(whole - whole / 2));
}

/* --- the budget of retries --- */

static const double TOKENS_EARNED = .1;

void retry_budget_earn(struct retry_budget *budget)
{
    double tokens = budget->tokens + TOKENS_EARNED;
    budget->tokens = tokens < RETRY_TOKENS_MAX ? tokens : RETRY_TOKENS_MAX;
}

bool retry_budget_spend(struct retry_budget *budget)
{
    bool enough = budget->tokens >= 1;
    budget->tokens -= enough;
    return enough;
}

/* --- what a reply asks for --- */

/* Digits alone, in units of `unit_ms`; false for anything else. */
static bool read_number(const char *text, int64_t unit_ms, int64_t max_ms, int64_t *out_ms)
{
    int64_t number = 0;
    if (!*text)
        return false;
    for (; isdigit((unsigned char)*text); text++)
        number = number < max_ms ? number * 10 + (*text - '0') : max_ms;
    if (*text)
        return false;
    *out_ms = number < max_ms / unit_ms ? number * unit_ms : max_ms;
    return true;
}

/* The form in use, and the two old ones that a recipient must accept (RFC 9110 5.6.7). */
static bool read_date(const char *text, int64_t *out_wall_ms)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %d %H:%M:%S %Y"};
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct tm utc = {0};
        const char *end = strptime(text, forms[i], &utc);
        if (end && !*end) {
            *out_wall_ms = (int64_t)timegm(&utc) * 1000;
            return true;
        }
    }
    return false;
}

static int64_t within(int64_t ms, int64_t max_ms)
{
    return ms < 0 ? 0 : ms < max_ms ? ms : max_ms;
}

int64_t retry_asked_ms(const char *retry_after, const char *x_amz_retry_after, int64_t wall_ms)
{
    int64_t ms = 0;
    if (x_amz_retry_after && read_number(x_amz_retry_after, 1, RETRY_ASKED_AWS_MS_MAX, &ms))
        return ms;
    if (!retry_after || read_number(retry_after, 1000, RETRY_ASKED_MS_MAX, &ms))
        return ms;
    return read_date(retry_after, &ms) ? within(ms - wall_ms, RETRY_ASKED_MS_MAX) : 0;
}
