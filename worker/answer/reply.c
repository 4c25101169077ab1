/* reply: what a call's reply says: an answer, or what to do now. */
#include "worker/answer/reply.h"

#include <string.h>
#include "schema/base/clock.h"
#include "worker/aws/aws_error.h"

/* What a chat template may add to the messages: marks of turns, a date, a system text. */
enum { TEMPLATE_TOKENS = 256 };

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

/* A container that answered, or may have, has worked; a door that was shut has not. */
static bool is_unspent(const struct http_reply *from)
{
    if (from->failure != HTTP_OK)
        return from->failure == HTTP_CONNECT || from->failure == HTTP_INVALID;
    bool of_container = from->status == 424 || from->status == 408;
    return from->status == 503 || (from->status >= 400 && from->status <= 499 && !of_container);
}

static const char *read_answer(const struct http_reply *from, enum question_target target,
                               struct arena *arena, struct invoke_answer *out)
{
    const char *type = http_reply_header(from, "content-type");
    return target == ASK_JUDGE ? invoke_read(from->body, arena, out)
                               : invoke_read_resample(from->body, str_of(type), arena, out);
}

void reply_read(const struct http_reply *from, const struct question *question,
                struct arena *arena, struct reply *out)
{
    *out = (struct reply){.advice = advice_of(from),
                          .asked_ms = asked_ms(from),
                          .answer = {.input_tokens = -1, .output_tokens = -1},
                          .unspent = is_unspent(from)};
    if (out->advice.kind != RETRY_NOT_NEEDED || !question)
        return;
    const char *failure = read_answer(from, question->target, arena, &out->answer);
    if (!failure)
        return;
    bool passing = strcmp(failure, "model_error") == 0;
    out->advice = (struct retry_advice){passing ? RETRY_SOON : RETRY_NEVER, failure};
}

/* A token is one byte of text at least, and the body is longer than the texts in it. */
int64_t reply_tokens_most(size_t body_bytes, int64_t max_tokens)
{
    return (int64_t)body_bytes + TEMPLATE_TOKENS + max_tokens;
}

int64_t reply_tokens(const struct reply *reply, int64_t max_tokens, int64_t most)
{
    if (reply->unspent)
        return 0;
    int64_t input = reply->answer.input_tokens, output = reply->answer.output_tokens;
    return (input >= 0 ? input : most - max_tokens) + (output >= 0 ? output : max_tokens);
}
