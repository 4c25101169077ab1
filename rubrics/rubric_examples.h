/* rubric_examples: samples kept in a rubric, with what must come out. */
#ifndef ASSAY_RUBRIC_EXAMPLES_H
#define ASSAY_RUBRIC_EXAMPLES_H

#include <jansson.h>
#include "rubrics/rubric.h"
#include "schema/base/problems.h"

enum { RUBRIC_EXAMPLES_MAX = 1000 };

/* One example: {"name": ..., "sample": capture record, "expect": {criterion: {...}}}. */
struct rubric_example {
    const char *name;
    const json_t *sample, *expect; /* objects */
};

/* What is expected of one score; what is not said counts for nothing. */
struct rubric_expectation {
    const char *status, *reason; /* NULL: not said */
    double value;                /* within 1e-6; NaN: not said */
    const json_t *passed;        /* true or false; NULL: not said */
};

/* Lists what is wrong with the examples of a rubric whose criteria are read. */
void rubric_examples_check(const struct rubric *rubric, const json_t *examples,
                           struct problems *problems);

/* Of examples that were checked. */
size_t rubric_examples_count(const struct rubric *rubric);
struct rubric_example rubric_examples_at(const struct rubric *rubric, size_t index);
/* A problem at `path` for everything of `score` that is not as expected. `criterion` is NULL for
 * the composite, which passes when it is scored at all. */
bool rubric_examples_compare(const struct rubric_example *example, const char *key,
                             const struct criterion *criterion, const struct score *score,
                             const char *path, struct problems *problems);

#endif
