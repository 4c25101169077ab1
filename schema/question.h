/* question: what an evaluator asks of a model, and the answer that came. */
#ifndef ASSAY_QUESTION_H
#define ASSAY_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/hash.h"
#include "schema/base/str.h"

enum {
    QUESTION_ROUNDS_MAX = 4,   /* an evaluator may ask again after answers, this often */
    QUESTIONS_PER_SAMPLE_MAX = 64,
    QUESTION_NONCE_BYTES = 33, /* 128 random bits as hex, and a NUL */
};

/* How the inference ids of assay's own calls begin. Data capture of an endpoint records them like
 * any other: what carries one is no traffic and is never judged, else questions would breed. */
#define QUESTION_ID_PREFIX "assay-question-"

enum question_target {
    ASK_JUDGE,    /* the judge endpoint of the configuration */
    ASK_ENDPOINT, /* the endpoint that the sample came from: another response */
};

/* Which model answers ASK_JUDGE, as far as the configuration says and answers depend on it. NULL:
 * not said; without an endpoint nobody answers. */
struct judge_identity {
    const char *endpoint;  /* its name */
    const char *component; /* inference component of the endpoint */
    const char *model;     /* asked for by name, unless the question names one */
};

enum answer_status {
    ANSWER_NONE,        /* not answered yet */
    ANSWER_RECEIVED,    /* `answer` holds the model's text */
    ANSWER_FAILED,      /* gave up: `failure` says why */
    ANSWER_SKIPPED,     /* a rule left it out (no budget, judge down): `failure` says which */
};

/* A message is a list of parts; a NONCE part is replaced by the call's nonce when it is sent, so
 * that text of a sample can neither contain nor cause it. */
struct question_part {
    enum { PART_TEXT, PART_NONCE } kind;
    struct str text; /* PART_TEXT */
};

struct question_message {
    const char *role; /* "system", "user", "assistant" */
    const struct question_part *parts;
    size_t part_count;
};

/* Whom an ASK_ENDPOINT question goes to, as the sample names it; absent: not said. */
struct question_place {
    struct str endpoint, component, variant;
};

/* Lives in the evaluation's arena. The evaluator fills the first half, the answerer the second. */
struct question {
    struct question *next; /* of the same criterion, newest first */
    enum question_target target;
    const char *purpose;   /* which question of the evaluator this is: "verdict", "resample" */
    const char *model;     /* asked for by name, or NULL for what the configuration says */
    const struct question_message *messages;
    size_t message_count;
    struct question_place place; /* of ASK_ENDPOINT */
    struct str body;       /* of ASK_ENDPOINT: sent as it stands, instead of messages */
    int64_t max_tokens;    /* of the answer; where there is a body, it says so too */
    double temperature;
    unsigned draw;         /* which of several equal questions this is, from 0 */
    uint8_t hash[SHA256_BYTES]; /* of all above; nonces and delimiters are outside it */
    unsigned about;        /* the evaluator's own mark: what the question is about */

    enum answer_status status;
    struct str answer;     /* text of the model's last turn */
    const char *failure;   /* a code: "judge_unavailable", "budget", "throttled", "truncated" */
    char nonce[QUESTION_NONCE_BYTES]; /* of the call that was answered */
    int64_t latency_ms;    /* of the answered call */
    int64_t input_tokens, output_tokens; /* -1 unknown */
    const char *finish_reason;           /* NULL unknown */
    bool remembered; /* the answer was given to an earlier call of the same question */
};

/* Fills `hash` from the fields the evaluator set. Call it last in ask(). */
void question_seal(struct question *question);

/* Where nobody can be asked at all: skipped, no_judge or endpoint_not_listed. */
void question_refuse(struct question *question);

/* What an answer is remembered by: the sealed question, and the judge that answers ASK_JUDGE. */
void question_answer_key(const struct question *question, const struct judge_identity *judge,
                         uint8_t out[SHA256_BYTES]);

#endif
