/* payload_parts: what the readers of payload shapes share. Nobody else includes this. */
#ifndef ASSAY_PAYLOAD_PARTS_H
#define ASSAY_PAYLOAD_PARTS_H

#include "schema/payload.h"

/* Collects the text of a content: a string, a list of parts, or a part. Images, tool calls and
 * thoughts have none. */
void payload_content(struct json_token *content, struct arena *arena, struct texts *out);
/* The same joined; absent when there is none. */
struct str payload_content_text(struct json_token *content, struct str between,
                                struct arena *arena);
/* The text of a string that is a member; absent when it is none. */
struct str payload_string(struct json_token *object, const char *key, struct arena *arena);
/* Model, finish reason, tokens and latency, as far as this object says them. */
void payload_note(struct json_token *object, struct arena *arena, struct payload_response *out);

/* What a whole request asks. */
void payload_read_question(struct json_token *request, struct arena *arena,
                           struct payload_request *out);

/* What reading an answer found. */
struct payload_reading {
    struct arena *arena;
    struct payload_response *out;
    const char *reason; /* why there is no text; NULL: nothing known was found */
};

/* Why there is no text: the graver reason stays. */
void payload_reason(struct payload_reading *reading, const char *code);
/* Adds the texts of one whole answer, or notes why it has none. */
void payload_read_answer(struct payload_reading *reading, struct json_token *answer);
bool payload_is_error(struct json_token *object, struct arena *arena);

/* A stream of events in text: SSE or JSON lines. */
bool payload_looks_like_sse(struct str text);
bool payload_read_stream(struct payload_reading *reading, struct str text,
                         struct json_fault *fault);
/* AWS event-stream frames (application/vnd.amazon.eventstream). */
bool payload_is_event_stream(struct str bytes);
/* As the JSON lines, or the body, that the frames carry. */
bool payload_unframe(struct str bytes, struct arena *arena, struct str *out,
                     struct json_fault *fault);

#endif
