/* resample: asks the endpoint that a sample came from for further responses to its request. */
#ifndef ASSAY_RESAMPLE_H
#define ASSAY_RESAMPLE_H

#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/question.h"
#include "schema/sample.h"

enum {
    RESAMPLE_DRAWS_MAX = 10,
    RESAMPLE_TOKENS = 1024, /* of a response, when neither request nor options say how many */
};

struct resampling {
    int64_t draws;      /* responses a sample is to have beside its own; 0: nothing is asked */
    double temperature; /* NaN: as the request says */
    int64_t max_tokens; /* of a response whose request does not say */
};

/* The request as it is sent again, a JSON object in the form in which it was captured: every
 * parameter kept but those that would stream the answer, give several, or give the same one again
 * (stream, n, seed ...); the temperature replaced where one is given; max_tokens added where the
 * request says none. A conversation or a prompt without a body becomes a chat-completions body.
 * `out_max_tokens` is what the answer may take. NULL, or a code (static): no_request,
 * request_not_json, request_batch. */
const char *resample_body(const struct resampling *resampling, const struct sample *sample,
                          struct arena *arena, struct str *out_body, int64_t *out_max_tokens);

/* The questions, sealed, for as many responses as the sample lacks; draw and `about` count them.
 * NULL when it lacks none, or its request cannot be sent. */
struct question *resample_questions(const struct resampling *resampling,
                                    const struct sample *sample, struct arena *arena);

/* What decides how a request is sent again: enters the criterion's hash. */
void resample_determine(const struct resampling *resampling, struct buffer *into);

#endif
