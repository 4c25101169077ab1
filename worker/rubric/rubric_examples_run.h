/* rubric_examples_run: a rubric's own examples, scored and held against what they expect. */
#ifndef ASSAY_RUBRIC_EXAMPLES_RUN_H
#define ASSAY_RUBRIC_EXAMPLES_RUN_H

#include <stdbool.h>
#include "schema/base/problems.h"

/* Loads the rubric at `path` and runs its examples, without a judge and as if every share were 1.
 * False: `problems` lists what is wrong with the rubric (then *out_loaded is false), or what came
 * out otherwise, each at "examples[2] (NAME): CRITERION". */
bool rubric_examples_run(const char *path, bool *out_loaded, struct problems *problems);

#endif
