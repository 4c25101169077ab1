/* rubric_explain: why a sample got its composite, criterion by criterion. */
#ifndef ASSAY_RUBRIC_EXPLAIN_H
#define ASSAY_RUBRIC_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>
#include "rubrics/evaluated.h"
#include "schema/base/buffer.h"
#include "schema/sample.h"

/* For people: a table of criteria, the arithmetic of the composite, the gates. No text of the
 * sample. */
void rubric_explain_text(const struct sample *sample, const struct evaluated *one, FILE *out);
/* The same for programs (schema/rubric-explain.schema.json). A new reference. */
json_t *rubric_explain_json(const struct sample *sample, const struct evaluated *one);

/* "(3 x 0.5 + 1 x 1) / 4": how the number before gates is made of what was scored. Empty where
 * nothing was. */
void rubric_explain_arithmetic(const struct evaluated *one, struct buffer *into);

#endif
