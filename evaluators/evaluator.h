/* evaluator: the interface that every way of judging implements. How to change what shared objects
 * rely on: plugin.h. */
#ifndef ASSAY_EVALUATOR_H
#define ASSAY_EVALUATOR_H

#include <stdbool.h>
#include <jansson.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "schema/fingerprint.h"
#include "schema/question.h"
#include "schema/sample.h"
#include "schema/score.h"

enum evaluator_needs {
    NEEDS_REFERENCE = 1, /* without a reference the result is not_applicable: no_reference */
    NEEDS_RESAMPLES = 2, /* or asks for them: score() says no_resamples where there are none */
    NEEDS_REFERENCE_MOSTLY = 4, /* some options need none: score() says no_reference for others */
    NEEDS_UNMASKED = 8, /* of texts with masks in them it cannot tell: not_applicable: redacted */
};

/* What configure may use of the world. */
struct evaluator_context {
    const char *path; /* of the options in the rubric: "criteria[2].options" */
    /* A rule pack by name, parsed; borrowed until the rubric is freed. NULL after adding a problem
     * at `path` when there is none of that name. */
    const json_t *(*pack)(void *packs, const char *name, const char *path, struct problems *);
    void *packs;
    /* Who answers ASK_JUDGE; borrowed until the rubric is freed. NULL: nobody will be asked. */
    const struct judge_identity *judge;
};

/* Memory of one lane that outlives an evaluation: match data, token tables. Each evaluator's file
 * that needs some says so in scratch.h; one of a shared object passes it by. */
struct scratch;

struct evaluator {
    const char *name;    /* as a rubric spells it */
    const char *summary; /* one line, for `assay evaluators` */
    unsigned needs;      /* enum evaluator_needs; checked by evaluator_score, in one place */

    /* Once per criterion, at load. Reads `options` (an object, maybe empty, borrowed until the
     * rubric is freed), lists everything wrong as problems below context->path. *out_state is
     * read-only from then on and shared by all lanes without locks. False when there was a problem.
     */
    bool (*configure)(const json_t *options, const struct evaluator_context *context,
                      void **out_state, struct problems *problems);

    /* Optional. Once, after a configure that went well: appends what determines the scores beside
     * the evaluator's name, the options and the packs, which count already: texts that ship with
     * the program, whom it asks. The same on every machine. It becomes part of the criterion's
     * hash, so scores of before and after a change are never one trend. */
    void (*determine)(const void *state, struct buffer *into);

    /* Optional. Called in rounds, at most QUESTION_ROUNDS_MAX: `answered` is the list of this
     * criterion's questions so far (NULL in the first round); returns new, sealed questions in
     * the arena, or NULL when nothing more is to be asked. No I/O, never blocks. */
    struct question *(*ask)(const void *state, const struct sample *sample,
                            const struct question *answered, struct arena *arena);

    /* Optional, beside ask: how many rounds it asks at most; without it one. */
    unsigned (*rounds)(const void *state);

    /* Once per sample, after all questions have a status. Fills *out (its texts are static or in
     * the arena). False and `error` when it cannot tell: that becomes status error with the
     * error's text as reason. */
    bool (*score)(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error);

    /* The next three are there together or not at all: with them the criterion compares responses
     * to one request, whether one record holds them all or each is a sample of its own in a group.
     */

    /* What of the sample's response is compared. NULL, or a code for why there is nothing. */
    const char *(*fingerprint)(const void *state, const struct sample *sample, struct arena *arena,
                               struct fingerprint *out);
    /* The score of two or more, the same in any order. False and `error` when it cannot tell. */
    bool (*compare)(const void *state, const struct fingerprint *responses, size_t count,
                    struct arena *arena, struct score *out, struct error *error);
    /* How many responses a group has when its records do not say; 0 unknown. */
    size_t (*group_size)(const void *state);

    /* Gives the state back; NULL and half-built states are fine. May be NULL without a state. */
    void (*release)(void *state);
};

#endif
