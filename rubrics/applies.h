/* applies: which samples a rubric or a criterion is meant for. */
#ifndef ASSAY_APPLIES_H
#define ASSAY_APPLIES_H

#include <jansson.h>
#include <stdbool.h>
#include "schema/base/problems.h"
#include "schema/sample.h"

enum { APPLIES_GLOBS_MAX = 64 }; /* in one list */

/* {"model": glob or list of globs, "endpoint": …, "route": …, "tags": {"key": glob or list}}.
 * True when nothing is wrong with it. */
bool applies_check(const json_t *applies_to, const char *path, struct problems *problems);
/* Every key that is named must match, one glob of a list is enough; a field that the sample lacks
 * is matched as empty text, so "*" takes it and "prod-*" does not. NULL means every sample. */
bool applies_to_sample(const json_t *applies_to, const struct sample *sample);

#endif
