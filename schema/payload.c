/* payload: text out of the bodies of model calls. */
#include "schema/payload.h"

#include <strings.h>
#include "schema/base/utf8.h"
#include "schema/payload_parts.h"

static bool fail(struct json_fault *fault, const char *code, size_t at)
{
    *fault = (struct json_fault){code, at};
    return false;
}

static bool type_is(struct str content_type, const char *type)
{
    size_t size = strlen(type);
    return content_type.size >= size && strncasecmp(content_type.data, type, size) == 0;
}

/* Bodies that are the text: what a model of another kind, or a plain server, answers. */
static bool is_plain(const struct payload_body *body)
{
    return body->plain || type_is(body->content_type, "text/csv") ||
           type_is(body->content_type, "text/plain");
}

static bool check_text(struct str text, struct json_fault *fault)
{
    if (!utf8_valid(text))
        return fail(fault, "invalid_utf8", 0);
    const char *nul = text.size ? memchr(text.data, '\0', text.size) : NULL;
    return nul ? fail(fault, "nul_byte", (size_t)(nul - text.data)) : true;
}

/* The bytes as text: event-stream frames are taken off. */
static bool body_text(const struct payload_body *body, struct arena *arena, struct str *out,
                      struct json_fault *fault)
{
    *out = body->bytes;
    if (payload_is_event_stream(body->bytes) && !payload_unframe(body->bytes, arena, out, fault))
        return false;
    return check_text(*out, fault);
}

bool payload_read_request(const struct payload_body *body, struct arena *arena,
                          struct payload_request *out, struct json_fault *fault)
{
    *out = (struct payload_request){.prompts = 1};
    struct json_token *request = body->json;
    struct json_tape tape = {0};
    if (!request) {
        if (!body->bytes.size)
            return true;
        if (!check_text(body->bytes, fault))
            return false;
        struct json_fault ignored;
        if (is_plain(body))
            out->prompt = out->last_user = body->bytes;
        else if (json_tape_read(&tape, body->bytes, arena, &ignored))
            request = tape.tokens;
    }
    if (request)
        payload_read_question(request, arena, out);
    return true;
}

/* Two or more lines of which the first is a JSON object. */
static bool looks_like_lines(struct str text)
{
    return text.size && text.data[0] == '{' && memchr(text.data, '\n', text.size);
}

static bool read_text(struct payload_reading *reading, struct str text, struct json_fault *fault)
{
    struct json_tape tape = {0};
    if (payload_looks_like_sse(text))
        return payload_read_stream(reading, text, fault);
    if (json_tape_read(&tape, text, reading->arena, fault)) {
        payload_read_answer(reading, tape.tokens);
        return true;
    }
    struct json_fault line_fault;
    return looks_like_lines(text) && payload_read_stream(reading, text, &line_fault);
}

bool payload_read_response(const struct payload_body *body, struct arena *arena,
                           struct payload_response *out, struct json_fault *fault)
{
    *out = (struct payload_response){.input_tokens = -1, .output_tokens = -1, .latency_ms = -1};
    struct payload_reading reading = {.arena = arena, .out = out};
    struct str text;
    if (body->json) {
        payload_read_answer(&reading, body->json);
    } else if (!body->bytes.size) {
        return fail(fault, "no_response", 0);
    } else if (!body_text(body, arena, &text, fault)) {
        return false;
    } else if (is_plain(body)) {
        texts_add(&out->texts, text, arena);
    } else if (!read_text(&reading, text, fault)) {
        return false;
    }
    if (reading.reason && strcmp(reading.reason, "error_response") == 0)
        return fail(fault, reading.reason, 0);
    if (out->texts.count == 0)
        return fail(fault, reading.reason ? reading.reason : "unknown_payload", 0);
    return true;
}
