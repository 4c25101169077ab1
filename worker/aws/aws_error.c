/* aws_error: what an error reply of an AWS service means for the caller. */
#include "worker/aws/aws_error.h"

#include <stdio.h>
#include <time.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/hash.h"
#include "schema/base/json_read.h"
#include "worker/aws/xml_read.h"

enum { BACKOFF_MS_MAX = 20000 };

/* "aws.protocols#Throttling:http://..." and "Throttling;Sender" are both Throttling. */
static void set_code(char out[AWS_ERROR_CODE_BYTES], struct str text)
{
    const char *hash = text.size ? memrchr(text.data, '#', text.size) : NULL;
    if (hash)
        text = (struct str){hash + 1, text.size - (size_t)(hash + 1 - text.data)};
    size_t size = 0;
    while (size < text.size && size < AWS_ERROR_CODE_BYTES - 1 && text.data[size] != ':' &&
           text.data[size] != ';' && text.data[size] > ' ' && text.data[size] <= '~')
        size++;
    memcpy(out, text.size ? text.data : "", size);
    out[size] = '\0';
}

static void code_from_json(struct str body, char out[AWS_ERROR_CODE_BYTES])
{
    static const char *const keys[] = {"__type", "code", "Code"};
    json_t *object = json_read(body, &JSON_LIMITS_REPLY, NULL);
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !*out; i++) {
        const char *code = json_string_value(json_object_get(object, keys[i]));
        if (code)
            set_code(out, str_of(code));
    }
    json_decref(object);
}

void aws_error_code(const struct http_reply *reply, char out[AWS_ERROR_CODE_BYTES])
{
    static const char *const headers[] = {"x-amzn-errortype", "x-amzn-query-error"};
    out[0] = '\0';
    for (size_t i = 0; i < sizeof headers / sizeof *headers && !*out; i++) {
        const char *value = http_reply_header(reply, headers[i]);
        if (value)
            set_code(out, str_of(value));
    }
    if (!*out && reply->body.size && reply->body.data[0] == '{')
        code_from_json(reply->body, out);
    struct buffer code = {0};
    if (!*out && reply->body.size && reply->body.data[0] == '<' &&
        xml_text(reply->body, "Error/Code", &code))
        set_code(out, buffer_str(&code));
    buffer_clear(&code);
}

enum aws_error aws_error_of(const struct http_reply *reply, const char *code)
{
    static const struct {
        const char *code;
        enum aws_error meaning;
    } codes[] = {
        {"Throttling", AWS_THROTTLED},
        {"ThrottlingException", AWS_THROTTLED},
        {"ThrottledException", AWS_THROTTLED},
        {"RequestThrottled", AWS_THROTTLED},
        {"RequestThrottledException", AWS_THROTTLED},
        {"TooManyRequestsException", AWS_THROTTLED},
        {"ProvisionedThroughputExceededException", AWS_THROTTLED},
        {"RequestLimitExceeded", AWS_THROTTLED},
        {"BandwidthLimitExceeded", AWS_THROTTLED},
        {"LimitExceededException", AWS_THROTTLED},
        {"SlowDown", AWS_THROTTLED},
        {"EC2ThrottledException", AWS_THROTTLED},
        {"TransactionInProgressException", AWS_THROTTLED},
        {"PriorRequestNotComplete", AWS_UNAVAILABLE},
        {"ServiceUnavailable", AWS_UNAVAILABLE},
        {"ServiceUnavailableException", AWS_UNAVAILABLE},
        {"RequestTimeout", AWS_BROKEN}, /* the service gave up reading: how far is not said */
        {"RequestTimeoutException", AWS_BROKEN},
        {"InternalServiceError", AWS_BROKEN},
        {"InternalFailure", AWS_BROKEN},
        {"ExpiredToken", AWS_EXPIRED},
        {"ExpiredTokenException", AWS_EXPIRED},
        {"RequestExpired", AWS_SKEWED},
        {"RequestTimeTooSkewed", AWS_SKEWED},
        {"RequestInTheFuture", AWS_SKEWED},
        {"AccessDenied", AWS_DENIED},
        {"AccessDeniedException", AWS_DENIED},
        {"AuthFailure", AWS_DENIED},
        {"IncompleteSignature", AWS_DENIED},
        {"InvalidClientTokenId", AWS_DENIED},
        {"InvalidSignatureException", AWS_DENIED},
        {"MissingAuthenticationToken", AWS_DENIED},
        {"NotAuthorized", AWS_DENIED},
        {"OptInRequired", AWS_DENIED},
        {"SignatureDoesNotMatch", AWS_DENIED},
        {"UnrecognizedClientException", AWS_DENIED},
    };
    if (reply->status >= 200 && reply->status <= 299)
        return AWS_OK;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(code, codes[i].code) == 0) {
            /* InvalidSignatureException also says: "Signature expired", "not yet current". */
            bool late = codes[i].meaning == AWS_DENIED && reply->body.size &&
                        (memmem(reply->body.data, reply->body.size, "Signature expired", 17) ||
                         memmem(reply->body.data, reply->body.size, "not yet current", 15));
            return late ? AWS_SKEWED : codes[i].meaning;
        }
    if (reply->status == 429)
        return AWS_THROTTLED;
    if (reply->status == 503)
        return AWS_UNAVAILABLE;
    if (reply->status == 401 || reply->status == 403)
        return AWS_DENIED;
    return reply->status >= 500 ? AWS_BROKEN : AWS_INVALID;
}

int64_t aws_clock_offset_ms(const struct http_reply *reply)
{
    const char *date = http_reply_header(reply, "date");
    struct tm utc = {0};
    const char *end = date ? strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &utc) : NULL;
    return end && !*end ? (int64_t)timegm(&utc) * 1000 - clock_wall_ms() : 0;
}

int64_t aws_backoff_up_to_ms(unsigned attempt, int64_t most_ms)
{
    int64_t grown = attempt > 20 ? most_ms : (int64_t)1000 << (attempt ? attempt - 1 : 0);
    int64_t most = grown < most_ms ? grown : most_ms;
    uint32_t random;
    hash_random((uint8_t *)&random, sizeof random);
    return (int64_t)((double)random / 4294967296.0 * (double)most);
}

int64_t aws_backoff_ms(unsigned attempt)
{
    return aws_backoff_up_to_ms(attempt, BACKOFF_MS_MAX);
}
