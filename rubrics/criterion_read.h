/* criterion_read: from a criterion's JSON to a configured criterion. */
#ifndef ASSAY_CRITERION_READ_H
#define ASSAY_CRITERION_READ_H

#include "rubrics/rubric.h"

/* Fills `out` (zeroed) but for when_failed and when_passed, from an object of rubric->document.
 * Everything wrong is a problem below `path`; `out` is then fit for rubric_free only. */
void criterion_read(struct rubric *rubric, json_t *document, struct criterion *out,
                    const char *path, struct problems *problems);

/* A problem at path.key unless packs_name_valid; NULL is fine. */
void criterion_check_name(const char *name, const char *path, const char *key,
                          struct problems *problems);

#endif
