/* rubric_read: from a rubric's JSON to its criteria, with everything that is wrong. */
#ifndef ASSAY_RUBRIC_READ_H
#define ASSAY_RUBRIC_READ_H

#include "rubrics/rubric.h"

/* Fills all but the hash from rubric->document (resolved), packs and judge. False when there are
 * problems; the half-built rubric is then fit for rubric_free only. What rubric_read_keys tells is
 * not told again. */
bool rubric_read(struct rubric *rubric, struct problems *problems);

/* The keys of a rubric as it is written, and their kinds. */
bool rubric_read_keys(const json_t *document, const char *path, struct problems *problems);

#endif
