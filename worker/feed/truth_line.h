/* truth_line: a line of a ground-truth file, as SageMaker Model Monitor reads them. */
#ifndef ASSAY_FEED_TRUTH_LINE_H
#define ASSAY_FEED_TRUTH_LINE_H

#include "schema/base/arena.h"
#include "schema/base/str.h"

enum { TRUTH_IDS = 2 };

/* In the line or in the arena. */
struct truth_line {
    struct str ids[TRUTH_IDS]; /* inference id, event id: either names the sample, one is there */
    struct str reference;      /* JSON: a text, or a list of accepted ones */
};

/* NULL, or why the line is none: "invalid_utf8", a code of json_tape_read, "wrong_type",
 * "no_ground_truth", "no_id", "unknown_encoding", "bad_base64". */
const char *truth_line_read(struct truth_line *out, struct str line, struct arena *arena);

#endif
