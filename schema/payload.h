/* payload: text out of the bodies of model calls, in all the shapes that servers speak. */
#ifndef ASSAY_PAYLOAD_H
#define ASSAY_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/json_tape.h"
#include "schema/base/str.h"
#include "schema/texts.h"

/* A body as it was captured: already read as JSON, or its bytes. */
struct payload_body {
    struct json_token *json; /* NULL: `bytes` holds it */
    struct str bytes;        /* absent: nothing was captured */
    struct str content_type; /* absent: not known */
    bool plain;              /* the bytes are the text itself: CSV */
};

/* What was asked. Texts are absent where the body has none; all live in the body or the arena. */
struct payload_request {
    struct str prompt;    /* messages joined "role: text" by lines; a lone user message alone */
    struct str last_user; /* the last user message; the text where there is one part */
    struct str model;
    size_t prompts; /* how many requests the body batches; 1 for a conversation */
};

/* What was answered. Numbers are -1 where the body does not say. */
struct payload_response {
    struct texts texts; /* at least one on success: one per choice, or per request of a batch */
    struct str model, finish_reason;
    int64_t input_tokens, output_tokens;
    double latency_ms;
};

/* A request that cannot be understood has no prompt; false only when its bytes are not text. */
bool payload_read_request(const struct payload_body *body, struct arena *arena,
                          struct payload_request *out, struct json_fault *fault);
/* The messages of a flat record: false when they are no list of messages. */
bool payload_read_messages(struct json_token *messages, struct arena *arena,
                           struct payload_request *out);
/* False and a code of schema/README.md when the body holds no answer in words. */
bool payload_read_response(const struct payload_body *body, struct arena *arena,
                           struct payload_response *out, struct json_fault *fault);

#endif
