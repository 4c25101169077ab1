/* rubric_read: from a rubric's JSON to its criteria, with everything that is wrong. */
#ifndef ASSAY_RUBRIC_READ_H
#define ASSAY_RUBRIC_READ_H

#include "rubrics/rubric.h"

/* Fills all but the hash from rubric->document, packs and judge. False when there are problems;
 * the half-built rubric is then fit for rubric_free only. */
bool rubric_read(struct rubric *rubric, struct problems *problems);

#endif
