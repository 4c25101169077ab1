/* comparing: what the files of the `consistency` evaluator share; nobody else includes this. */
#ifndef ASSAY_COMPARING_H
#define ASSAY_COMPARING_H

#include <jansson.h>
#include "schema/fingerprint.h"
#include "schema/score.h"
#include "evaluators/consistency.h"
#include "evaluators/answers/extract.h"
#include "evaluators/comparing/resample.h"
#include "evaluators/evaluator.h"
#include "evaluators/judging/judge.h"

enum {
    RESPONSES_MAX = CONSISTENCY_CLASSES_MAX,
    COMPARING_QUESTIONS = 32, /* to the judge about one sample, when not said otherwise */
};

/* Configured; read-only. Strings are borrowed from the rubric's document. */
struct consistency {
    enum consistency_metric metric;
    enum extract extract;
    const char *field;
    bool by_meaning, lax; /* classes of answers that entail each other, as the judge says */
    const char *perturbed_tag;
    int64_t group_size;    /* 0: only records can say */
    int64_t questions_max; /* to the judge about one sample */
    struct resampling resampling;
    struct judge judge; /* of metrics that ask one: instructions NULL where none does */
};

/* Fills `consistency` (zeroed); problems are listed below context->path. */
bool comparing_configure(struct consistency *consistency, const json_t *options,
                         const struct evaluator_context *context, struct problems *problems);

/* The responses to one request, its own first, as the evaluator compares them. */
struct responses {
    struct str items[RESPONSES_MAX];
    size_t count;
};

/* A number as its decimal, anything else trimmed and in lower case: equal answers are equal texts.
 */
struct str comparing_canonical(struct str answer, struct arena *arena);

/* ---- classes of equal answers (classes.c) ---- */

/* One unit: the canonical answer's SHA-256, cut to 64 bits. NOTHING for a blank answer. */
void comparing_class_unit(struct str answer, struct arena *arena, uint64_t *out);
struct score comparing_classes(const struct consistency *consistency,
                               const struct fingerprint *responses, size_t count);

/* ---- likeness of texts (likeness.c) ---- */

/* One unit a token, behind FINGERPRINT_NOTHING where the response answers a changed request. NULL,
 * or a code for why there are none. */
const char *comparing_tokens(struct str answer, bool perturbed, struct arena *arena,
                             struct fingerprint *out);
struct score comparing_lexical(const struct fingerprint *responses, size_t count,
                               struct arena *arena);
/* fmeval's: 1 - max(0, d - d_base). */
struct score comparing_robustness(const struct fingerprint *responses, size_t count,
                                  struct arena *arena);

/* The mean of values that are summed the same in any order. */
double comparing_mean(double *values, size_t count);
double comparing_sum(double *values, size_t count);

/* ---- what a judge says (meanings.c, contradiction.c) ----
 *
 * Each pair asks as long as it has to, and scores when all that it asked was answered. Only
 * questions to the judge are looked at in `answered`. */

extern const struct judge MEANINGS_JUDGE, CONTRADICTION_JUDGE;

/* What became of the judge's questions about one sample. Zero-initialise. */
struct readings {
    struct score failure; /* the gravest: an error, else one left out, else one it cannot tell */
    bool failed;
    bool suspect; /* a text looks as if it were written for the judge */
};

/* Reads one more answer, of a question about what `shown` holds. True and *out when it is a
 * verdict. */
bool readings_add(struct readings *readings, const struct judge *judge,
                  const struct question *question, const struct sample *shown,
                  struct arena *arena, struct score *out);
/* One more question to the judge, in front of the list. */
struct question *comparing_question(const struct judge *judge, const struct sample *shown,
                                    unsigned about, struct question *list, struct arena *arena);

struct question *meanings_ask(const struct consistency *consistency, const struct sample *sample,
                              const struct responses *responses, const struct question *answered,
                              struct arena *arena);
struct score meanings_score(const struct consistency *consistency, const struct sample *sample,
                            const struct responses *responses, const struct question *answered,
                            struct arena *arena);

struct question *contradiction_ask(const struct consistency *consistency,
                                   const struct responses *responses,
                                   const struct question *answered, struct arena *arena);
struct score contradiction_score(const struct consistency *consistency,
                                 const struct responses *responses,
                                 const struct question *answered, struct arena *arena);

#endif
