/* payload_parts: what the readers of payload shapes share. */
#include "schema/payload_parts.h"

/* Where a part keeps its text, in the order of trying. */
static const char *const TEXT_KEYS[] = {"text",         "content",    "parts",   "value",
                                        "guardContent", "toolResult", "refusal", "output"};
/* Parts whose text is not meant for the reader. */
static const char *const SILENT_TYPES[] = {"thinking", "redacted_thinking", "reasoning", "tool_use",
                                           "function_call"};

static bool is_silent(struct json_token *part, struct arena *arena)
{
    struct str type = payload_string(part, "type", arena);
    for (size_t i = 0; i < sizeof SILENT_TYPES / sizeof *SILENT_TYPES; i++)
        if (str_is(type, SILENT_TYPES[i]))
            return true;
    return json_tape_is(json_tape_get(part, "thought"), TAPE_TRUE);
}

void payload_content(struct json_token *content, struct arena *arena, struct texts *out)
{
    if (json_tape_is(content, TAPE_STRING)) {
        texts_add(out, json_tape_text(content, arena), arena);
    } else if (json_tape_is(content, TAPE_ARRAY)) {
        struct json_token *end = json_tape_end(content);
        for (struct json_token *part = json_tape_first(content); part < end;
             part = json_tape_next(part))
            payload_content(part, arena, out);
    } else if (json_tape_is(content, TAPE_OBJECT) && !is_silent(content, arena)) {
        size_t before = out->count;
        for (size_t i = 0; i < sizeof TEXT_KEYS / sizeof *TEXT_KEYS && out->count == before; i++)
            payload_content(json_tape_get(content, TEXT_KEYS[i]), arena, out);
    }
}

struct str payload_content_text(struct json_token *content, struct str between, struct arena *arena)
{
    if (json_tape_is(content, TAPE_STRING))
        return json_tape_text(content, arena);
    struct texts texts = {0};
    payload_content(content, arena, &texts);
    return texts_join(&texts, between, arena);
}

struct str payload_string(struct json_token *object, const char *key, struct arena *arena)
{
    struct json_token *value = json_tape_get(object, key);
    return json_tape_is(value, TAPE_STRING) ? json_tape_text(value, arena) : (struct str){0};
}

static const char *const MODEL_KEYS[] = {"model", "modelVersion", "modelId", "model_name"};
static const char *const FINISH_KEYS[] = {"finish_reason", "stop_reason",      "stopReason",
                                          "finishReason",  "completionReason", "done_reason"};

/* Where token counts stand: inside `around`, or in the object itself where that is NULL. */
static const struct {
    const char *around, *input, *output;
} USAGES[] = {
    {"usage", "prompt_tokens", "completion_tokens"},
    {"usage", "input_tokens", "output_tokens"},
    {"usage", "inputTokens", "outputTokens"},
    {"usageMetadata", "promptTokenCount", "candidatesTokenCount"},
    {"amazon-bedrock-invocationMetrics", "inputTokenCount", "outputTokenCount"},
    {"details", "prompt_tokens", "generated_tokens"},
    {NULL, "inputTextTokenCount", "totalOutputTextTokenCount"},
    {NULL, "prompt_token_count", "generation_token_count"},
    {NULL, "prompt_eval_count", "eval_count"},
    {NULL, NULL, "tokenCount"},
};

static void note_count(struct json_token *object, const char *key, int64_t *out)
{
    int64_t value;
    if (key && json_tape_int(json_tape_get(object, key), &value) && value >= 0)
        *out = value;
}

static void note_string(struct json_token *object, const char *const *keys, size_t count,
                        struct arena *arena, struct str *out)
{
    for (size_t i = 0; i < count; i++) {
        struct str text = payload_string(object, keys[i], arena);
        if (text.size) {
            *out = text;
            return;
        }
    }
}

void payload_note(struct json_token *object, struct arena *arena, struct payload_response *out)
{
    if (!json_tape_is(object, TAPE_OBJECT))
        return;
    note_string(object, MODEL_KEYS, sizeof MODEL_KEYS / sizeof *MODEL_KEYS, arena, &out->model);
    note_string(object, FINISH_KEYS, sizeof FINISH_KEYS / sizeof *FINISH_KEYS, arena,
                &out->finish_reason);
    static const char *const reason_keys[] = {"reason"}; /* Responses: cut short, and why */
    note_string(json_tape_get(object, "incomplete_details"), reason_keys, 1, arena,
                &out->finish_reason);
    note_string(json_tape_get(object, "details"), FINISH_KEYS, 1, arena, &out->finish_reason);
    for (size_t i = 0; i < sizeof USAGES / sizeof *USAGES; i++) {
        struct json_token *usage =
            USAGES[i].around ? json_tape_get(object, USAGES[i].around) : object;
        note_count(usage, USAGES[i].input, &out->input_tokens);
        note_count(usage, USAGES[i].output, &out->output_tokens);
    }
    double latency;
    if (json_tape_number(json_tape_get(json_tape_get(object, "metrics"), "latencyMs"), &latency) &&
        latency >= 0)
        out->latency_ms = latency;
}
