/* score: what one criterion says of one sample. */
#ifndef ASSAY_SCORE_H
#define ASSAY_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A failure is data, never a score (worker/README.md, promise 2). */
enum score_status {
    SCORE_SCORED,         /* value is in [0,1], 1 is best */
    SCORE_NOT_APPLICABLE, /* the criterion does not speak of such a sample: no reference, say */
    SCORE_SKIPPED,        /* a rule left it out: not sampled, judge budget gone, judge down */
    SCORE_ERROR,          /* we, or the judge, could not tell */
};

/* "scored", "not_applicable", "skipped", "error": as JSON, SQL and metrics spell it. */
const char *score_status_name(enum score_status status);

/* One hit of a rule. Never the matched text itself. */
struct finding {
    const char *rule;   /* id of the rule */
    const char *entity; /* what kind of thing it is: "email", "aws_access_key" */
    const char *where;  /* "request" or "response" */
    size_t start, end;             /* code points, end exclusive */
    size_t start_byte, end_byte;   /* bytes, end exclusive */
};

enum { SCORE_REASON_BYTES_MAX = 240, SCORE_FINDINGS_MAX = 100 };

struct score {
    enum score_status status;
    double value;       /* [0,1] and finite iff scored, else NaN */
    const char *label;  /* a category such as "refusal" or "yes"; NULL when there is none */
    const char *reason; /* a code such as "no_answer", or a short sentence; never a sample's text */
    const struct finding *findings; /* in the evaluation's arena */
    size_t finding_count;
};

static inline struct score score_value(double value, const char *reason)
{
    return (struct score){.status = SCORE_SCORED, .value = value, .reason = reason};
}

static inline struct score score_without_value(enum score_status status, const char *reason)
{
    return (struct score){.status = status, .value = __builtin_nan(""), .reason = reason};
}

#endif
