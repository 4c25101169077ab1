/* evaluation: one sample's way through a worker: ask, answers, score, composite. */
#ifndef ASSAY_EVALUATION_H
#define ASSAY_EVALUATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rubrics/composite.h"
#include "rubrics/evaluated.h"
#include "schema/base/arena.h"
#include "schema/capture.h"
#include "schema/question.h"
#include "schema/terminal.h"

/* The rubrics a worker runs with, loaded together and swapped together. Read-only. */
struct rubric_set {
    struct rubric *rubrics[RUBRICS_MAX];
    size_t count;
    int users; /* evaluations and lanes that hold it; changed by atomics only */
};

struct evaluation {
    struct arena arena;          /* owns all below */
    struct rubric_set *set;
    struct sample sample;        /* zero when invalid */
    enum terminal_state state;
    const char *reason;          /* of invalid and dead_lettered */
    struct evaluated *evaluated; /* the rubrics that apply */
    size_t evaluated_count;
    unsigned round;              /* of questions asked so far */
    size_t unanswered;           /* questions out; all the state there is */
    int64_t started_us;          /* steady clock */
    double evaluation_ms;        /* from start to finish, waits for the judge included */
};

/* Decodes and finds the rubrics. The record's bytes must live until evaluation_clear. */
void evaluation_start(struct evaluation *evaluation, struct rubric_set *set, struct str record,
                      struct str default_id);
/* The next questions to ask, in the arena; NULL when it is ready to be scored. Call again
 * when `unanswered` has come to 0. Each returned question is counted in `unanswered`. What other
 * criteria wait for is scored here, as soon as it asks nothing more. */
struct question **evaluation_ask(struct evaluation *evaluation, struct scratch *scratch,
                                 size_t *out_count);
/* Scores everything else; call once, when evaluation_ask returned none. */
void evaluation_finish(struct evaluation *evaluation, struct scratch *scratch);
/* Keeps the arena's first block, for reuse. */
void evaluation_clear(struct evaluation *evaluation);

/* `part` and `judge` as rubric_load_part takes them. NULL with problems of the rubric
 * `*out_bad_name`. */
struct rubric_set *rubric_set_load(const char *const *names, size_t count,
                                   const struct rubric_part *part,
                                   const struct judge_identity *judge, struct problems *problems,
                                   const char **out_bad_name);
struct rubric_set *rubric_set_hold(struct rubric_set *set);
void rubric_set_release(struct rubric_set *set);

#endif
