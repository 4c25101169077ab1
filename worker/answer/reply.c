/* reply: what a call's reply says: an answer, or what to do now. */
#include "worker/answer/reply.h"

#include <string.h>
#include "schema/base/clock.h"
#include "worker/aws/aws_error.h"

static struct retry_advice advice_of(const struct http_reply *from)
{
    struct invoke_error error = {.original_status = -1};
    if (from->failure == HTTP_OK && (from->status < 200 || from->status > 299))
        invoke_read_error(from, &error);
    return retry_advise(&(struct retry_outcome){
        .failure = from->failure,
        .status = from->status,
        .code = error.code,
        .original_status = error.original_status,
        .no_capacity = error.no_capacity,
    });
}

/* A date in it is of the service's clock, not of ours. */
static int64_t asked_ms(const struct http_reply *from)
{
    if (from->failure != HTTP_OK)
        return 0;
    return retry_asked_ms(http_reply_header(from, "retry-after"),
                          http_reply_header(from, "x-amz-retry-after"),
                          clock_wall_ms() + aws_clock_offset_ms(from));
}

void reply_read(const struct http_reply *from, struct arena *arena, struct reply *out)
{
    *out = (struct reply){.advice = advice_of(from), .asked_ms = asked_ms(from)};
    if (out->advice.kind != RETRY_NOT_NEEDED || !arena)
        return;
    const char *failure = invoke_read(from->body, arena, &out->answer);
    if (!failure)
        return;
    bool passing = strcmp(failure, "model_error") == 0;
    out->advice = (struct retry_advice){passing ? RETRY_SOON : RETRY_NEVER, failure};
}
