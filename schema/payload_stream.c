/* payload_stream: an answer that came in pieces, as server-sent events or JSON lines. */
#include "schema/payload_parts.h"

struct stream {
    struct payload_reading *reading;
    struct json_tape tape; /* of one event, reused */
    struct texts pieces;
    struct str whole; /* when an event carries the text once more, complete */
};

static bool starts_with(struct str text, const char *prefix)
{
    size_t size = strlen(prefix);
    return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

bool payload_looks_like_sse(struct str text)
{
    static const char *const fields[] = {"data:", "event:", "id:", "retry:", ": "};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (starts_with(text, fields[i]))
            return true;
    return false;
}

static void add(struct stream *stream, struct str piece)
{
    if (piece.data)
        texts_add(&stream->pieces, piece, stream->reading->arena);
}

/* An event that carries a delta, or tells of a tool call. */
static bool read_delta(struct stream *stream, struct json_token *event)
{
    struct arena *arena = stream->reading->arena;
    struct json_token *delta = json_tape_get(event, "delta");
    struct json_token *start = json_tape_get(event, "start");
    if (!start)
        start = json_tape_get(event, "content_block");
    if (start && (json_tape_get(start, "toolUse") ||
                  str_is(payload_string(start, "type", arena), "tool_use")))
        payload_reason(stream->reading, "tool_call_response");
    if (!delta)
        return start != NULL;
    if (json_tape_is(delta, TAPE_STRING))
        add(stream, json_tape_text(delta, arena));
    else if (json_tape_get(delta, "message")) /* Cohere v2 */
        add(stream, payload_content_text(json_tape_get(json_tape_get(delta, "message"), "content"),
                                         STR(""), arena));
    else
        add(stream, payload_content_text(delta, STR(""), arena));
    payload_note(delta, arena, stream->reading->out);
    return true;
}

/* TGI and LMI: a token an event, and the whole text in the last. */
static bool read_token(struct stream *stream, struct json_token *event)
{
    struct json_token *token = json_tape_get(event, "token");
    if (!token)
        return false;
    struct arena *arena = stream->reading->arena;
    if (!json_tape_is(json_tape_get(token, "special"), TAPE_TRUE))
        add(stream, payload_string(token, "text", arena));
    struct str whole = payload_string(event, "generated_text", arena);
    if (whole.data)
        stream->whole = whole;
    return true;
}

/* Events of the Responses API and of assistants: only deltas carry new text. */
static bool read_typed(struct stream *stream, struct json_token *event)
{
    struct arena *arena = stream->reading->arena;
    struct str type = payload_string(event, "type", arena);
    if (starts_with(type, "response.")) {
        struct json_token *item = json_tape_get(event, "item");
        if (str_is(payload_string(item, "type", arena), "function_call"))
            payload_reason(stream->reading, "tool_call_response");
        if (str_is(type, "response.failed"))
            payload_reason(stream->reading, "error_response");
        if (str_is(type, "response.output_text.delta") || str_is(type, "response.refusal.delta"))
            add(stream, payload_string(event, "delta", arena));
        return true;
    }
    struct str object = payload_string(event, "object", arena);
    if (starts_with(object, "thread.")) {
        if (str_is(object, "thread.message.delta"))
            read_delta(stream, event);
        if (str_is(payload_string(event, "status", arena), "failed"))
            payload_reason(stream->reading, "error_response");
        return true;
    }
    struct str kind = payload_string(event, "event_type", arena); /* Cohere v1 */
    return kind.data && !str_is(kind, "text-generation");
}

/* Of several choices the first is followed. */
static bool is_other_choice(struct json_token *event)
{
    struct json_token *choices = json_tape_get(event, "choices");
    if (!json_tape_head(choices))
        return choices != NULL;
    int64_t index = 0;
    json_tape_int(json_tape_get(json_tape_head(choices), "index"), &index);
    return index > 0;
}

/* An event in the shape of a whole answer: its text is the next piece. */
static void read_piece(struct stream *stream, struct json_token *event)
{
    struct payload_reading *reading = stream->reading;
    payload_read_answer(reading, event);
    if (reading->out->texts.count)
        add(stream, reading->out->texts.items[0]);
    reading->out->texts.count = 0;
}

static void read_event(struct stream *stream, struct json_token *event)
{
    struct payload_reading *reading = stream->reading;
    static const char *const holders[] = {"message", "response"};
    payload_note(event, reading->arena, reading->out);
    for (size_t i = 0; i < sizeof holders / sizeof *holders; i++)
        payload_note(json_tape_get(event, holders[i]), reading->arena, reading->out);
    if (payload_is_error(event, reading->arena))
        payload_reason(reading, "error_response");
    else if (!read_typed(stream, event) && !read_token(stream, event) &&
             !read_delta(stream, event) && !is_other_choice(event))
        read_piece(stream, event);
}

/* The data of a line, absent for comments and other fields. */
static struct str line_data(struct str line, bool sse)
{
    while (line.size && (line.data[line.size - 1] == '\r' || line.data[line.size - 1] == ' '))
        line.size--;
    if (!sse)
        return line;
    if (!starts_with(line, "data:"))
        return (struct str){0};
    line = (struct str){line.data + 5, line.size - 5};
    if (line.size && *line.data == ' ')
        line = (struct str){line.data + 1, line.size - 1};
    return line;
}

static bool read_lines(struct stream *stream, struct str text, struct json_fault *fault)
{
    bool sse = payload_looks_like_sse(text);
    for (size_t at = 0; at < text.size;) {
        const char *start = text.data + at;
        const char *end = memchr(start, '\n', text.size - at);
        size_t size = end ? (size_t)(end - start) : text.size - at;
        struct str data = line_data((struct str){start, size}, sse);
        at += size + 1;
        if (data.size == 0)
            continue;
        if (str_is(data, "[DONE]"))
            return true;
        if (!json_tape_read(&stream->tape, data, stream->reading->arena, fault))
            return false;
        read_event(stream, stream->tape.tokens);
    }
    return true;
}

bool payload_read_stream(struct payload_reading *reading, struct str text, struct json_fault *fault)
{
    struct stream stream = {.reading = reading};
    if (!read_lines(&stream, text, fault))
        return false;
    struct str joined =
        stream.whole.data ? stream.whole : texts_join(&stream.pieces, STR(""), reading->arena);
    bool only_calls = reading->reason && strcmp(reading->reason, "tool_call_response") == 0;
    if (joined.data && !(joined.size == 0 && only_calls))
        texts_add(&reading->out->texts, joined, reading->arena);
    else
        payload_reason(reading, "no_text");
    return true;
}
