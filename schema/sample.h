/* sample: one observed request/response pair, as evaluators see it. */
#ifndef ASSAY_SAMPLE_H
#define ASSAY_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/str.h"

enum {
    SAMPLE_BYTES_MAX = 16 << 20,  /* of a record in Kafka; files: see CAPTURE_RECORD_BYTES_MAX */
    SAMPLE_RESAMPLES_MAX = 64,    /* responses to one request */
    SAMPLE_REFERENCES_MAX = 64,   /* accepted answers */
    SAMPLE_TAGS_MAX = 32,
    SAMPLE_ID_BYTES_MAX = 512,
};

/* What a record is evaluated for. */
enum sample_run {
    SAMPLE_LIVE,
    SAMPLE_REFERENCES, /* a sample of live again, with a reference that came after it */
};
/* As JSON and SQL spell it. */
const char *sample_run_name(enum sample_run run);

struct tag {
    struct str key, value;
};

/* The request as it was captured, for who sends it again: the first of these that is there. */
struct json_token;
struct sample_request {
    struct json_token *json;     /* its body, an object of the record */
    struct str body;             /* its body as bytes: JSON, or anything else */
    struct json_token *messages; /* the conversation alone */
    bool batch;                  /* the body holds several requests */
};

/* Every text is valid UTF-8 without NUL, borrowed from the evaluation's arena (or from the record's
 * bytes, which live as long). An absent text has data NULL; an absent number is negative, or NaN
 * where it may be negative. To add a field: here, schema/capture_fields.c's table of keys,
 * schema/capture_write.c, schema/capture-record.schema.json, and a case in tests/capture. */
struct sample {
    struct str id;              /* the producer's; else made of the delivery, never absent */
    int64_t observed_at_ms;     /* since 1970 UTC; -1 unknown */
    struct str model;           /* "unknown" when nothing names it */
    struct str model_version, endpoint, variant, inference_component, route;
    struct str prompt;          /* the request as text; messages are joined "role: text" by lines */
    struct str last_user;       /* the last user message, or the prompt where there is one part */
    struct str response;        /* what the model answered; may be empty, never absent */
    struct str context;         /* material the answer must stand on */
    const struct str *references;
    size_t reference_count;
    const struct str *resamples; /* other responses to the same request */
    size_t resample_count;
    struct str group;            /* names the request that the resamples share */
    int64_t resample_index;      /* of this response in its group; -1 unknown */
    int64_t resample_expected;   /* how many responses the group will have; -1 unknown */
    const struct tag *tags;
    size_t tag_count;
    struct str stratum;
    double probability;          /* of inclusion, (0,1]; 1 when not said */
    double latency_ms;           /* of the inference; -1 unknown */
    int64_t input_tokens, output_tokens; /* -1 unknown */
    struct str finish_reason;    /* "stop", "length", ... as the container said it */
    struct str session;
    enum sample_run run;
    struct sample_request request;
    bool own;                    /* an invocation that assay made: QUESTION_ID_PREFIX */
    unsigned unknown_keys;       /* keys of the flat record that were kept out */
    bool masked;                 /* a text holds masks of ours in place of what was found in it */
};

#endif
