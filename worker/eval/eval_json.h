/* eval_json: the lines `assay eval --scores` writes (schema/scores.schema.json). */
#ifndef ASSAY_EVAL_JSON_H
#define ASSAY_EVAL_JSON_H

#include "schema/base/buffer.h"
#include "worker/eval/eval_tally.h"

/* Appends a line for every rubric that is meant for the sample, or one for an unreadable line.
 * `name_files`: unreadable lines say which file they are of (when there are several). */
void eval_json_line(struct buffer *into, const struct batch_line *line, bool name_files);
/* The last line: {"summary": ...}. */
void eval_json_summary(struct buffer *into, const struct tally *tally);

#endif
