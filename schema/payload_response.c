/* payload_response: one whole answer, in the shapes that servers give it. */
#include "schema/payload_parts.h"

/* The graver comes first: an answer may be several of these at once. */
static const char *const REASONS[] = {"error_response",
                                      "content_filtered",
                                      "tool_call_response",
                                      "embedding_response",
                                      "image_response",
                                      "not_inference",
                                      "no_text"};

static size_t gravity(const char *code)
{
    size_t i = 0;
    while (i < sizeof REASONS / sizeof *REASONS && strcmp(REASONS[i], code) != 0)
        i++;
    return i;
}

void payload_reason(struct payload_reading *reading, const char *code)
{
    if (!reading->reason || gravity(code) < gravity(reading->reason))
        reading->reason = code;
}

static bool is_nothing(const struct json_token *value)
{
    return !value || value->kind == TAPE_NULL || value->kind == TAPE_FALSE ||
           (value->kind >= TAPE_STRING && value->size == 0);
}

bool payload_is_error(struct json_token *object, struct arena *arena)
{
    if (!is_nothing(json_tape_get(object, "error")) ||
        str_is(payload_string(object, "type", arena), "error") ||
        str_is(payload_string(object, "status", arena), "failed") ||
        str_is(payload_string(json_tape_get(object, "details"), "finish_reason", arena), "error"))
        return true;
    /* what SageMaker and API Gateway send; a chat's message is an object */
    return json_tape_get(object, "code") &&
           json_tape_is(json_tape_get(object, "message"), TAPE_STRING);
}

/* True when there was text to add. */
static bool add(struct payload_reading *reading, struct str text)
{
    if (text.data)
        texts_add(&reading->out->texts, text, reading->arena);
    return text.data != NULL;
}

/* A message or delta: its text, else why it has none. */
static bool add_message(struct payload_reading *reading, struct json_token *message)
{
    struct json_token *calls = json_tape_get(message, "tool_calls");
    bool has_calls = !is_nothing(calls) || !is_nothing(json_tape_get(message, "function_call")) ||
                     !is_nothing(json_tape_get(message, "toolUse"));
    struct str text =
        payload_content_text(json_tape_get(message, "content"), STR(""), reading->arena);
    if (!text.size) {
        struct str refusal = payload_string(message, "refusal", reading->arena);
        text = refusal.size ? refusal : text;
    }
    if (has_calls)
        payload_reason(reading, "tool_call_response");
    if (has_calls && !text.size)
        return false;
    return add(reading, text);
}

/* Content that holds tool calls beside, or instead of, text. */
static void note_tool_parts(struct payload_reading *reading, struct json_token *parts)
{
    if (!json_tape_is(parts, TAPE_ARRAY))
        return;
    struct json_token *end = json_tape_end(parts);
    for (struct json_token *part = json_tape_first(parts); part < end;
         part = json_tape_next(part)) {
        struct str type = payload_string(part, "type", reading->arena);
        if (str_is(type, "tool_use") || str_is(type, "function_call") ||
            json_tape_get(part, "toolUse") || json_tape_get(part, "functionCall"))
            payload_reason(reading, "tool_call_response");
    }
}

/* Parts of one answer, joined without a gap as they are streamed. */
static void read_content(struct payload_reading *reading, struct json_token *content)
{
    note_tool_parts(reading, content);
    note_tool_parts(reading, json_tape_get(content, "parts"));
    add(reading, payload_content_text(content, STR(""), reading->arena));
}

static void read_choice(struct payload_reading *reading, struct json_token *choice)
{
    struct json_token *message = json_tape_get(choice, "message");
    if (!message)
        message = json_tape_get(choice, "delta");
    struct payload_response noted = {0};
    payload_note(choice, reading->arena, &noted);
    if (reading->out->texts.count == 0 && noted.finish_reason.data)
        reading->out->finish_reason = noted.finish_reason;
    if (str_is(noted.finish_reason, "content_filter"))
        payload_reason(reading, "content_filtered");
    if (message ? add_message(reading, message)
                : add(reading,
                      payload_content_text(json_tape_get(choice, "text"), STR(""), reading->arena)))
        return;
    payload_reason(reading, "no_text");
}

static void read_choices(struct payload_reading *reading, struct json_token *choices)
{
    if (!json_tape_is(choices, TAPE_ARRAY))
        return;
    struct json_token *end = json_tape_end(choices);
    for (struct json_token *at = json_tape_first(choices); at < end; at = json_tape_next(at))
        read_choice(reading, at);
}

/* A text, or answers one by one: texts, objects of another shape, or lists of them. */
static void read_texts(struct payload_reading *reading, struct json_token *value)
{
    if (json_tape_is(value, TAPE_STRING))
        add(reading, json_tape_text(value, reading->arena));
    else if (json_tape_is(value, TAPE_OBJECT))
        payload_read_answer(reading, value);
    else if (json_tape_is(value, TAPE_ARRAY)) {
        struct json_token *end = json_tape_end(value);
        for (struct json_token *at = json_tape_first(value); at < end; at = json_tape_next(at))
            read_texts(reading, at);
    }
}

/* A generated text, or the whole conversation of which the last turn was generated. */
static void read_generated(struct payload_reading *reading, struct json_token *value)
{
    struct json_token *last = NULL;
    if (json_tape_is(value, TAPE_ARRAY)) {
        struct json_token *end = json_tape_end(value);
        for (struct json_token *at = json_tape_first(value); at < end; at = json_tape_next(at))
            last = json_tape_get(at, "role") ? at : last;
    }
    if (last)
        add_message(reading, last);
    else
        read_texts(reading, value);
}

/* Converse: {message: {content}}. The Responses API: a list of items, of which messages speak. */
static void read_output(struct payload_reading *reading, struct json_token *output)
{
    struct json_token *message = json_tape_get(output, "message");
    if (message) {
        read_content(reading, json_tape_get(message, "content"));
        return;
    }
    if (!json_tape_get(json_tape_head(output), "type")) {
        read_texts(reading, output);
        return;
    }
    read_content(reading, output);
}

/* The message of a chat; a bare string there is an error's. */
static void read_message(struct payload_reading *reading, struct json_token *message)
{
    if (json_tape_is(message, TAPE_STRING)) {
        payload_reason(reading, "error_response");
        return;
    }
    note_tool_parts(reading, json_tape_get(message, "content"));
    if (!add_message(reading, message))
        payload_reason(reading, "no_text");
}

static void read_data(struct payload_reading *reading, struct json_token *data)
{
    struct json_token *first = json_tape_head(data);
    if (json_tape_get(first, "embedding"))
        payload_reason(reading, "embedding_response");
    else if (json_tape_get(first, "url") || json_tape_get(first, "b64_json"))
        payload_reason(reading, "image_response");
    else
        read_texts(reading, data);
}

static void read_embedding(struct payload_reading *reading, struct json_token *value)
{
    (void)value;
    payload_reason(reading, "embedding_response");
}

static void read_image(struct payload_reading *reading, struct json_token *value)
{
    (void)value;
    payload_reason(reading, "image_response");
}

static void read_error(struct payload_reading *reading, struct json_token *value)
{
    (void)value;
    payload_reason(reading, "error_response");
}

/* The first of these whose reader finds text or a reason says what the answer is. To add a shape:
 * a line here (before a more general one), a row in schema/README.md, a case in test_capture. */
static const struct {
    const char *key;
    void (*read)(struct payload_reading *reading, struct json_token *value);
} SHAPES[] = {
    {"choices", read_choices},          /* OpenAI, vLLM, SGLang, LMI chat and completions */
    {"generated_text", read_generated}, /* TGI, LMI, Hugging Face */
    {"output_text", read_texts},
    {"outputText", read_texts},  /* Titan, one event of a stream */
    {"outputs", read_texts},     /* Mistral on Bedrock, LMI */
    {"output", read_output},     /* Converse, Responses */
    {"candidates", read_texts},  /* Gemini: each has content */
    {"completion", read_texts},  /* Claude 2 */
    {"completions", read_texts}, /* AI21: each has data.text */
    {"results", read_texts},     /* Titan */
    {"generation", read_texts},  /* Llama on Bedrock */
    {"generations", read_texts}, /* Cohere */
    {"predictions", read_texts},
    {"content", read_content}, /* Anthropic, llama.cpp */
    {"parts", read_content},
    {"message", read_message}, /* Ollama, Cohere v2 */
    {"response", read_texts},  /* Ollama */
    {"text", read_texts},      /* Cohere, vLLM's own */
    {"answer", read_texts},
    {"data", read_data},
    {"embedding", read_embedding},
    {"embeddings", read_embedding},
    {"images", read_image},
    {"artifacts", read_image},
    {"detail", read_error}, /* FastAPI */
    {"errors", read_error},
    {"__type", read_error},
    {"error_type", read_error},
    {"ErrorCode", read_error},
    {"OriginalStatusCode", read_error},
    {"errorMessage", read_error},
};

/* Objects of the Assistants API that answer nothing: they set up, or wait. */
static bool is_housekeeping(struct json_token *object, struct arena *arena)
{
    static const char *const kinds[] = {"thread",         "thread.run", "thread.run.step",
                                        "thread.deleted", "assistant",  "assistant.deleted"};
    struct str kind = payload_string(object, "object", arena);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_is(kind, kinds[i]))
            return true;
    struct str status = payload_string(object, "status", arena);
    return str_is(payload_string(object, "role", arena), "user") || str_is(status, "queued") ||
           str_is(status, "in_progress");
}

static void read_object(struct payload_reading *reading, struct json_token *object)
{
    size_t before = reading->out->texts.count;
    if (before == 0)
        payload_note(object, reading->arena, reading->out);
    if (payload_is_error(object, reading->arena)) {
        payload_reason(reading, "error_response");
        return;
    }
    if (is_housekeeping(object, reading->arena)) {
        payload_reason(reading, "not_inference");
        return;
    }
    const char *reason_before = reading->reason;
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        struct json_token *value = json_tape_get(object, SHAPES[i].key);
        if (!value)
            continue;
        SHAPES[i].read(reading, value);
        if (reading->out->texts.count > before || reading->reason != reason_before)
            return;
        payload_reason(reading, "no_text");
        reason_before = reading->reason;
    }
}

void payload_read_answer(struct payload_reading *reading, struct json_token *answer)
{
    if (json_tape_is(answer, TAPE_OBJECT))
        read_object(reading, answer);
    else
        read_texts(reading, answer);
}
