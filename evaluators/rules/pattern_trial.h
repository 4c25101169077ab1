/* pattern_trial: refuses a pattern that a hostile text can make slow. */
#ifndef ASSAY_PATTERN_TRIAL_H
#define ASSAY_PATTERN_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/base/error.h"
#include "schema/base/str.h"
#include "evaluators/rules/pattern.h"

enum {
    TRIAL_STEPS_MAX = 32 << 20, /* for all matches in a text as long as one search ever sees: some
                                 * 0.1 to 0.3 s of machine code */
};
/* What the trials of one set of rules may take together: a few minutes at most. */
#define TRIAL_STEPS_OF_SET ((size_t)4 << 30)

/* Tries the pattern against texts made against it (pattern_subjects.h). The cost is counted in
 * steps (pattern_count_steps), never in time: short texts first, then longer ones until the growth
 * tells what the longest, PATTERN_SUBJECT_BYTES_MAX, takes, or it was tried. False and `error`
 * (INPUT): which repetition costs how much, and how to mend it. `source` compiles with the flags.
 * *steps_left goes down by what was counted; nothing is left: refused, too. */
bool pattern_trial(struct str source, unsigned flags, struct pattern_scratch *scratch,
                   size_t *steps_left, struct error *error);

#endif
