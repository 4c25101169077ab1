/* targets: the endpoints that may be asked, and which of them a question goes to.
 *
 * Of the answerer alone. */
#ifndef ASSAY_TARGETS_H
#define ASSAY_TARGETS_H

#include "worker/answer/answerer.h"
#include "worker/answer/target.h"

enum { TARGET_JUDGE }; /* its place among the targets */

struct targets {
    struct target *items; /* the judge, then the sampled endpoints as configured */
    size_t count;
};

/* A sampled endpoint whose name is not valid keeps an empty URL and is never asked. */
struct targets targets_new(const struct answerer_config *config);
/* False and `error` when there is to be a judge and its name or URL is not valid. */
bool targets_check_judge(const struct targets *targets, const struct answerer_config *config,
                         struct error *error);
void targets_clear(struct targets *targets);

/* The place of the one that a question goes to. NULL, or why to none (static): no_judge;
 * no_endpoint (its sample names none), endpoint_not_listed; name_not_valid (of the inference
 * component or the variant). *out is a place in any case. */
const char *targets_choose(const struct targets *targets, const struct answerer_config *config,
                           const struct question *question, size_t *out);

#endif
