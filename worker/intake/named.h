/* named: values that people give for names: ENDPOINT=MODEL, STRATUM=PROBABILITY. */
#ifndef ASSAY_NAMED_H
#define ASSAY_NAMED_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/base/problems.h"
#include "schema/base/str.h"

/* "NAME=VALUE" each, borrowed. */
struct named {
    const char *const *pairs;
    size_t count;
};

/* False: one is no pair; each is listed. `option` is how the command calls them: "--model". */
bool named_check(const struct named *named, const char *option, struct problems *problems);

/* What the last pair of this name says; absent when there is none. */
struct str named_find(const struct named *named, struct str name);
/* The same for "endpoint/variant", then for the endpoint alone. */
struct str named_of_endpoint(const struct named *named, struct str endpoint, struct str variant);

#endif
