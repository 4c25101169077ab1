/* validators: arithmetic that tells a real number, key or address from one that only looks so. */
#ifndef ASSAY_VALIDATORS_H
#define ASSAY_VALIDATORS_H

#include <stdbool.h>
#include "schema/base/error.h"
#include "schema/base/str.h"

/* "luhn", "iban_mod97", "entropy>=3.5", ...: a check and, for those that compare, its bound. */
struct validator {
    const struct validator_kind *kind; /* of the table in validators.c */
    double bound;
};

/* `text` as a rule spells it. False and `error` (INPUT), which lists the known ones. */
bool validator_read(struct str text, struct validator *out, struct error *error);
/* Whether the found text passes. Separators (blank, '-', '.') inside numbers are ignored. */
bool validator_passes(const struct validator *validator, struct str found);
/* Whether a text that fails may still hold, a character later, one that passes: true of checksums
 * over digits, where a match can start too early. */
bool validator_may_start_later(const struct validator *validator);

#endif
