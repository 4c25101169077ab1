/* selection: which samples of a source are to be scored again. */
#ifndef ASSAY_SELECTION_H
#define ASSAY_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/error.h"
#include "schema/base/str.h"

enum { SELECTION_WHERE_MAX = 16, CRITERION_NAME_BYTES = 128 };

/* A condition on an earlier result: "safety<1", "tone=failed", "relevance=skipped". */
struct earlier_result {
    char criterion[CRITERION_NAME_BYTES];
    enum {
        RESULT_BELOW,
        RESULT_AT_MOST,
        RESULT_ABOVE,
        RESULT_AT_LEAST,
        RESULT_EQUAL,
        RESULT_IS
    } test;
    double value;     /* not of RESULT_IS */
    const char *word; /* RESULT_IS: a status, "passed" or "failed"; static */
};
/* CRITERION, one of < <= > >= =, and a number or a word. INPUT when it is anything else. */
bool earlier_result_parse(const char *text, struct earlier_result *out, struct error *error);
/* `passed`: -1 unknown; `value` NaN when there is none. */
bool earlier_result_holds(const struct earlier_result *wanted, struct str status, double value,
                          int64_t passed);

/* Everything of it must hold; an empty list holds. Borrowed texts. */
struct selection {
    const char *const *models, *const *endpoints, *const *strata;
    size_t model_count, endpoint_count, stratum_count;
    int64_t from_ms, to_ms; /* of the event, half-open; from_ms < 0: at any time */
    const struct earlier_result *results;
    size_t result_count;
};

/* Time: -1 unknown, which is in no window. */
bool selection_takes(const struct selection *selection, struct str model, struct str endpoint,
                     int64_t observed_at_ms);
bool selection_takes_endpoint(const struct selection *selection, struct str endpoint);
bool selection_takes_stratum(const struct selection *selection, struct str stratum);

#endif
