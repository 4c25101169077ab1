/* judge: a judge that is asked about texts, and how its replies are read; for the evaluators that
 * ask one. */
#ifndef ASSAY_JUDGE_H
#define ASSAY_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/problems.h"
#include "schema/question.h"
#include "schema/sample.h"
#include "schema/score.h"
#include "evaluators/judging/verdict.h"

/* What a judge may be shown of a sample, in the order it is shown. */
enum judge_input {
    JUDGE_CONTEXT = 1,
    JUDGE_REFERENCE = 2,
    JUDGE_PROMPT = 4,
    JUDGE_RESPONSE = 8,
};

enum {
    JUDGE_EXAMPLES_MAX = 8,
    JUDGE_SHOWN_BYTES_MAX = 256 << 10, /* of a sample's texts together, when not said otherwise */
};

/* A way of judging that ships: what is asked, on which scale, with what in sight. */
struct judge_template {
    const char *name;
    const char *instructions;
    unsigned inputs; /* enum judge_input */
    struct verdict_scale scale;
    double empty_value; /* of a blank response, without asking; NaN: not_applicable */
};

/* NULL when none ships under that name. */
const struct judge_template *judge_template_find(const char *name);
/* "accuracy_with_reference, faithfulness, ...", for the message about an unknown one. */
const char *judge_template_names(void);

/* Configured; read-only. Strings and examples are borrowed from the rubric's document. */
struct judge {
    const char *instructions;
    const char *model; /* NULL: the configuration's */
    const struct judge_identity *asked; /* of the configuration; NULL: nobody will be asked */
    unsigned inputs;
    struct verdict_scale scale; /* its labels are `labels` or a template's */
    struct verdict_label *labels;
    const json_t *examples; /* list, checked; NULL when there are none */
    int64_t max_tokens, max_shown_bytes;
    double empty_value;
};

/* Fills `judge` (zeroed) from the options of a rubric; problems are listed below `path`. */
bool judge_configure(struct judge *judge, const json_t *options, const char *path,
                     struct problems *problems);
void judge_free(void *judge);

/* The text of one input (of the references, the first); data NULL when the sample has none. */
struct str judge_shown(const struct sample *sample, enum judge_input input);
const char *judge_input_name(enum judge_input input);
/* The question, sealed, in the arena. */
struct question *judge_question(const struct judge *judge, const struct sample *sample,
                                struct arena *arena);
/* What the answer to such a question about `sample` says; `question` NULL: judge_not_asked. */
struct score judge_read(const struct judge *judge, const struct question *question,
                        const struct sample *sample, struct arena *arena);
/* What every question of this judge has in common, whom it goes to, and what its verdicts are
 * worth: other lines, another trend. */
void judge_determine(const struct judge *judge, struct buffer *into);
/* Does a text look as if it were written for a judge: a template's tokens, a ready verdict? */
bool judge_suspects(struct str text);

#endif
