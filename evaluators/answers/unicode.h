/* unicode: what characters are, and the forms texts are compared in. */
#ifndef ASSAY_UNICODE_H
#define ASSAY_UNICODE_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"

/* UAX 15. All text is valid UTF-8. */
enum unicode_form {
    UNICODE_AS_IS,
    UNICODE_NFC,      /* composed: "e" and its accent are "é" */
    UNICODE_NFKC,     /* and compatible forms are one: "ﬁ" is "fi", "２" is "2" */
    UNICODE_CASEFOLD, /* NFKC_Casefold: and case is one ("ß" is "ss"), invisible characters are gone
                       */
};

/* The words of a rubric, in the order of the enum; NULL-terminated. */
extern const char *const UNICODE_FORM_WORDS[];

enum {
    UNICODE_MARKS_MAX = 30, /* in a row, as UAX 15's stream-safe text: of a longer run each
                             * 30 are ordered and composed apart, so that none is slow */
    UNICODE_CODE_POINTS_MAX = 4 << 20, /* of a decomposed text */
};

/* False when the text is too long. *out is in the arena, or the text itself. */
bool unicode_normalise(enum unicode_form form, struct str text, struct arena *arena,
                       struct str *out);

uint32_t unicode_lower_code_point(uint32_t code_point);
/* As Python's str.lower(): "İ" becomes two code points, and a sigma at the end of a word is "ς". A
 * copy of its own in the arena. */
struct str unicode_lower(struct str text, struct arena *arena);

/* A letter, a digit or "_": as `\w` of Python's re. */
bool unicode_is_word(uint32_t code_point);

/* What a code point is to words of any script. */
enum unicode_part {
    UNICODE_BETWEEN, /* white space, punctuation, controls: between words */
    UNICODE_LETTER,  /* letters and digits: beside each other they are one word */
    UNICODE_MARK,    /* belongs to what stands before it */
    UNICODE_ALONE,   /* a word by itself: emoji and other symbols, and the letters of scripts that
                      * put no space between words (Han, Hiragana, Thai, Lao, Khmer, Myanmar) */
};
enum unicode_part unicode_part_of(uint32_t code_point);

#endif
