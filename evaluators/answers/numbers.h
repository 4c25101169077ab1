/* numbers: the numbers that stand in a text, compared as decimals. */
#ifndef ASSAY_NUMBERS_H
#define ASSAY_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"

/* Read as numbers: 42, -3.5, .5, 1e-3, 1,234,567.80, 1,45,000, 1{,}000, 1\,000 (the last two as
 * LaTeX writes them), 3/4, 1 3/4 and \frac{3}{4}. A minus sign (also U+2212) counts unless a
 * letter, a digit or ")" stands before it; "$" may stand between sign and digits. ASCII digits
 * only. */
struct number {
    bool negative;     /* never for zero */
    bool whole;        /* written as, or equal to, an integer, exactly */
    struct str digits; /* significant ones, no zeros at either end; empty for zero; in the arena */
    int64_t exponent;  /* of ten, of the last digit; 0 for zero */
    bool exact;        /* false for a fraction, whose digits are rounded to 18 */
    size_t start, end; /* bytes of the text it was read from, end exclusive */
};

/* False when there is no number in the text. */
bool number_first(struct str text, struct arena *arena, struct number *out);
bool number_last(struct str text, struct arena *arena, struct number *out);
/* The text is a number and nothing else but currency or percent signs and a full stop. */
bool number_whole_text(struct str text, struct arena *arena, struct number *out);

/* "-125e-1": equal texts for equal decimals. */
struct str number_canonical(const struct number *number, struct arena *arena);

/* NUMBER_TOLERANCE_DEFAULT: whole numbers must be equal; others may differ by 1e-9 of the larger.
 */
#define NUMBER_TOLERANCE_DEFAULT (-1.0)
/* Equal as decimals, or apart by at most `relative` times the larger magnitude. 0: exactly equal.
 */
bool number_equal(const struct number *a, const struct number *b, double relative);
/* Apart by at most `difference`. */
bool number_near(const struct number *a, const struct number *b, double difference);

#endif
