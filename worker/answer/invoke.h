/* invoke: what is sent to a SageMaker endpoint, and what is read from its replies. Pure. */
#ifndef ASSAY_INVOKE_H
#define ASSAY_INVOKE_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/str.h"
#include "schema/question.h"
#include "worker/aws/aws_error.h"
#include "worker/net/http.h"

enum { INVOKE_URL_BYTES_MAX = 512, INVOKE_NAME_BYTES_MAX = 63 };

/* Letters, digits and single hyphens inside, 1 to 63 bytes: an endpoint's name, which never needs
 * escaping in a path. */
bool invoke_name_valid(struct str name);

/* {base}/endpoints/{endpoint}/invocations; `base_url` NULL: the region's runtime host. False when
 * it is too long or a name is not valid. */
bool invoke_url(const char *base_url, const char *region, struct str endpoint,
                char out[INVOKE_URL_BYTES_MAX]);

/* The question's own body; else one of chat completions, with the nonce in its places and `model`,
 * if it is not NULL. */
void invoke_body(const struct question *question, const char *nonce, const char *model,
                 struct buffer *out);

struct invoke_answer {
    struct str text;                     /* the model's last turn, in the arena */
    const char *finish_reason;           /* in the arena; NULL when not told */
    int64_t input_tokens, output_tokens; /* -1 when not told */
};

/* Reads chat completions, completions, generated_text (TGI, LMI) alone or in a list. NULL and *out,
 * or a code (static): "reply_not_json" (HTML, too deep, too large ...), "reply_shape" (JSON of no
 * known form), "reply_empty" (no text), "model_error" (a container's error behind a 200). */
const char *invoke_read(struct str body, struct arena *arena, struct invoke_answer *out);

/* The same for an answer that stands for one of the traffic: read just as a captured one is, in
 * every shape of schema/README.md, and it may be empty. Codes are those of capture records;
 * "model_error" for an error behind a 200. */
const char *invoke_read_resample(struct str body, struct str content_type, struct arena *arena,
                                 struct invoke_answer *out);

/* Did it end because max_tokens were reached? */
bool invoke_cut_off(const struct invoke_answer *answer);

struct invoke_error {
    char code[AWS_ERROR_CODE_BYTES]; /* "" when the reply names none */
    long original_status;            /* of the container; -1 when not told */
    bool no_capacity;
};

/* The service's error and what SageMaker says of the container behind it. */
void invoke_read_error(const struct http_reply *reply, struct invoke_error *out);

#endif
