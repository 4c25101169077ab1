/* registry: the evaluators there are, and the checks they share. What the program asks of them. */
#ifndef ASSAY_REGISTRY_H
#define ASSAY_REGISTRY_H

#include <stdbool.h>
#include "evaluators/evaluator.h"

enum { EVALUATORS_MAX = 64 };

/* NULL when no evaluator has that name. */
const struct evaluator *evaluator_find(const char *name);
/* All, in the order they are listed to people; NULL-terminated. */
const struct evaluator *const *evaluator_all(void);

/* ---- from shared objects ---- */

/* Where an evaluator came from that is not the program's own. */
struct evaluator_origin {
    const char *file;
    char hash[SHA256_HEX_BYTES]; /* of the file's content */
};

/* Adds one behind those there are, for as long as the process lives: it is borrowed, the origin
 * copied. Before any other thread runs. False and `error` (INPUT) when it lacks what every
 * evaluator has, or its name is taken or is none. */
bool evaluator_add(const struct evaluator *evaluator, const struct evaluator_origin *origin,
                   struct error *error);
/* NULL: the program's own. */
const struct evaluator_origin *evaluator_origin_of(const struct evaluator *evaluator);

/* Whether more than name, options and packs determines its scores. */
bool evaluator_determines(const struct evaluator *evaluator);
/* Appends that: the content of the shared object it came from, and what determine() tells. */
void evaluator_determine(const struct evaluator *evaluator, const void *state, struct buffer *into);

/* ---- scores ---- */

/* score() behind the checks every evaluator shares: needs, value in [0,1] and finite, an error
 * instead of a score. What lanes and `assay eval` call. */
struct score evaluator_score(const struct evaluator *evaluator, const void *state,
                             const struct sample *sample, const struct question *answered,
                             struct scratch *scratch, struct arena *arena);

/* Rounds of questions that a criterion may take: 0 for one that asks nobody. */
unsigned evaluator_rounds(const struct evaluator *evaluator, const void *state);

/* compare() behind the same checks. */
struct score evaluator_compare(const struct evaluator *evaluator, const void *state,
                               const struct fingerprint *responses, size_t count,
                               struct arena *arena);

/* One per lane; not shared between threads. */
struct scratch *scratch_new(void);
void scratch_free(struct scratch *scratch);

#endif
