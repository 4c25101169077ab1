/* rubric_when: which criteria wait for which. */
#ifndef ASSAY_RUBRIC_WHEN_H
#define ASSAY_RUBRIC_WHEN_H

#include "rubrics/rubric.h"

/* Sets when_failed and when_passed of all criteria, and rubric->awaited, from what is written in
 * `when`. Problems: unknown names, circles, chains of criteria that ask longer than an evaluation
 * has rounds. */
void rubric_when_read(struct rubric *rubric, struct problems *problems);

#endif
