/* promptfoo_assertion: one assertion of promptfoo's, as a criterion. */
#ifndef ASSAY_PROMPTFOO_ASSERTION_H
#define ASSAY_PROMPTFOO_ASSERTION_H

#include <jansson.h>
#include <stdbool.h>
#include "schema/base/problems.h"

/* One assertion on its way. */
struct assertion {
    const char *type, *written; /* without not-, and with it */
    bool negated;
    const json_t *value;
    const char *text;         /* of the value, where it is one */
    double weight, threshold; /* threshold: negative where not said */
    const char *metric;
    const char *path;
    struct problems *left_out;
};

/* Appends its criterion to the list. False: it is left out, and a problem at its path says why. */
bool promptfoo_assertion_add(const struct assertion *one, json_t *criteria);

#endif
