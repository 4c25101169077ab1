/* invoke: what is sent to a SageMaker endpoint, and what is read from its replies. */
#include "worker/answer/invoke.h"

#include <stdio.h>
#include "schema/base/json_read.h"
#include "schema/payload.h"

bool invoke_name_valid(struct str name)
{
    if (name.size == 0 || name.size > INVOKE_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool inside = i > 0 && i + 1 < name.size;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !(inside && c == '-'))
            return false;
    }
    return true;
}

bool invoke_url(const char *base_url, const char *region, struct str endpoint,
                char out[INVOKE_URL_BYTES_MAX])
{
    char host[INVOKE_URL_BYTES_MAX];
    if (!invoke_name_valid(endpoint))
        return false;
    if (!base_url) {
        if (!region || !invoke_name_valid(str_of(region)))
            return false;
        bool china = strncmp(region, "cn-", 3) == 0;
        snprintf(host, sizeof host, "https://runtime.sagemaker.%s.amazonaws.com%s", region,
                 china ? ".cn" : "");
        base_url = host;
    }
    size_t size = strlen(base_url);
    while (size > 0 && base_url[size - 1] == '/')
        size--;
    int used = snprintf(out, INVOKE_URL_BYTES_MAX, "%.*s/endpoints/%.*s/invocations", (int)size,
                        base_url, STR_ARGS(endpoint));
    return used > 0 && used < INVOKE_URL_BYTES_MAX;
}

/* A message's parts as one text. */
static void join_parts(const struct question_message *message, const char *nonce,
                       struct buffer *out)
{
    buffer_reset(out);
    for (size_t i = 0; i < message->part_count; i++) {
        const struct question_part *part = &message->parts[i];
        buffer_append_str(out, part->kind == PART_NONCE ? str_of(nonce) : part->text);
    }
}

void invoke_body(const struct question *question, const char *nonce, const char *model,
                 struct buffer *out)
{
    struct buffer content = {0};
    if (question->body.data) {
        buffer_append_str(out, question->body);
        return;
    }
    buffer_append_str(out, STR("{"));
    if (model) {
        buffer_append_str(out, STR("\"model\":"));
        buffer_append_json(out, str_of(model));
        buffer_append_str(out, STR(","));
    }
    buffer_append_str(out, STR("\"messages\":["));
    for (size_t i = 0; i < question->message_count; i++) {
        join_parts(&question->messages[i], nonce, &content);
        buffer_append_str(out, i ? STR(",{\"role\":") : STR("{\"role\":"));
        buffer_append_json(out, str_of(question->messages[i].role));
        buffer_append_str(out, STR(",\"content\":"));
        buffer_append_json(out, buffer_str(&content));
        buffer_append_str(out, STR("}"));
    }
    /* max_tokens is always said: LMI's default would cut a verdict off after 30 tokens */
    buffer_printf(out, "],\"max_tokens\":%lld,\"temperature\":", (long long)question->max_tokens);
    buffer_append_number(out, question->temperature);
    buffer_append_str(out, STR(",\"stream\":false}"));
    buffer_clear(&content);
}

static int64_t count_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
                                                                    : -1;
}

static void copy_finish(const json_t *value, struct arena *arena, struct invoke_answer *out)
{
    if (json_is_string(value))
        out->finish_reason =
            arena_copy(arena, (struct str){json_string_value(value), json_string_length(value)});
}

/* A string, or a list of parts of which those of type text count. */
static bool copy_text(const json_t *content, struct arena *arena, struct invoke_answer *out)
{
    struct buffer text = {0};
    size_t index;
    json_t *part;
    if (!json_is_string(content) && !json_is_array(content))
        return false;
    if (json_is_string(content))
        buffer_append(&text, json_string_value(content), json_string_length(content));
    json_array_foreach(content, index, part)
    {
        const json_t *one = json_object_get(part, "text");
        buffer_append(&text, json_is_string(one) ? json_string_value(one) : "",
                      json_string_length(one));
    }
    out->text = (struct str){arena_copy(arena, buffer_str(&text)), text.size};
    buffer_clear(&text);
    return true;
}

/* {"choices":[{"message":{"content":…},"finish_reason":…}],"usage":{…}}, or with "text". */
static const char *read_choices(const json_t *reply, struct arena *arena, struct invoke_answer *out)
{
    const json_t *choice = json_array_get(json_object_get(reply, "choices"), 0);
    const json_t *message = json_object_get(choice, "message");
    const json_t *content =
        message ? json_object_get(message, "content") : json_object_get(choice, "text");
    const json_t *usage = json_object_get(reply, "usage");
    if (!choice || (!content && !message))
        return "reply_shape";
    copy_finish(json_object_get(choice, "finish_reason"), arena, out);
    out->input_tokens = count_of(usage, "prompt_tokens");
    out->output_tokens = count_of(usage, "completion_tokens");
    if (!content || json_is_null(content))
        return "reply_empty";
    return copy_text(content, arena, out) ? NULL : "reply_shape";
}

/* {"generated_text":…,"details":{"finish_reason":…,"generated_tokens":…}}. */
static const char *read_generated(const json_t *reply, struct arena *arena,
                                  struct invoke_answer *out)
{
    const json_t *details = json_object_get(reply, "details");
    copy_finish(json_object_get(details, "finish_reason"), arena, out);
    out->output_tokens = count_of(details, "generated_tokens");
    if (out->finish_reason && strcmp(out->finish_reason, "error") == 0)
        return "model_error";
    return copy_text(json_object_get(reply, "generated_text"), arena, out) ? NULL : "reply_shape";
}

static const char *read_reply(const json_t *reply, struct arena *arena, struct invoke_answer *out)
{
    if (json_is_array(reply) && json_array_size(reply) == 1)
        reply = json_array_get(reply, 0);
    if (json_object_get(reply, "choices"))
        return read_choices(reply, arena, out);
    if (json_object_get(reply, "generated_text"))
        return read_generated(reply, arena, out);
    return json_object_get(reply, "error") ? "model_error" : "reply_shape";
}

const char *invoke_read(struct str body, struct arena *arena, struct invoke_answer *out)
{
    struct invoke_answer read = {.input_tokens = -1, .output_tokens = -1};
    json_t *reply = json_read(body, &JSON_LIMITS_REPLY, NULL);
    if (!reply)
        return "reply_not_json";
    const char *failure = read_reply(reply, arena, &read);
    json_decref(reply);
    if (failure)
        return failure;
    if (read.text.size == 0)
        return "reply_empty";
    *out = read;
    return NULL;
}

const char *invoke_read_resample(struct str body, struct str content_type, struct arena *arena,
                                 struct invoke_answer *out)
{
    struct payload_response read;
    struct json_fault fault;
    const struct payload_body captured = {
        .bytes = {arena_copy(arena, body), body.size},
        .content_type = {arena_copy(arena, content_type), content_type.size},
    };
    if (!payload_read_response(&captured, arena, &read, &fault))
        return strcmp(fault.code, "error_response") == 0 ? "model_error" : fault.code;
    *out = (struct invoke_answer){
        .text = read.texts.items[0],
        .finish_reason = read.finish_reason.data ? arena_copy(arena, read.finish_reason) : NULL,
        .input_tokens = read.input_tokens,
        .output_tokens = read.output_tokens,
    };
    return NULL;
}

bool invoke_cut_off(const struct invoke_answer *answer)
{
    const char *reason = answer->finish_reason;
    return reason && (strcmp(reason, "length") == 0 || strcmp(reason, "max_tokens") == 0);
}

/* The exact words of an inference component that is scaled to zero are not documented. */
static bool says_no_capacity(const char *message)
{
    static const char *const words[] = {"no capacity", "insufficient capacity",
                                        "not have any capacity", "no available instance"};
    for (size_t i = 0; message && i < sizeof words / sizeof *words; i++)
        if (strcasestr(message, words[i]))
            return true;
    return false;
}

static const char *string_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

void invoke_read_error(const struct http_reply *reply, struct invoke_error *out)
{
    *out = (struct invoke_error){.original_status = -1};
    aws_error_code(reply, out->code);
    json_t *body = json_read(reply->body, &JSON_LIMITS_REPLY, NULL);
    const json_t *original = json_object_get(body, "OriginalStatusCode");
    if (json_is_integer(original))
        out->original_status = (long)json_integer_value(original);
    const char *message = string_of(body, "message");
    out->no_capacity = says_no_capacity(message ? message : string_of(body, "Message"));
    json_decref(body);
}
