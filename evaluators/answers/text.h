/* text: white space, words, and the tokenisers of the published metrics.
 * Text is valid UTF-8, and no function splits a code point. */
#ifndef ASSAY_TEXT_H
#define ASSAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"

enum { TEXT_TOKENS_MAX = 1 << 20 }; /* of one text; longer ones are not compared */

/* White space as Python's str.strip() and str.split() have it. */
bool text_is_space(uint32_t code_point);
/* A letter, a digit or "_": as `\w` of Python's re. */
bool text_is_word(uint32_t code_point);

/* Without white space at both ends. */
struct str text_trim(struct str text);
/* A lower-case copy of the same size, so that offsets in one are offsets in the other: a capital
 * whose small letter has more or fewer bytes ("İ", "ẞ") stays. */
struct str text_lower(struct str text, struct arena *arena);
/* Where `needle` first stands in `text`, or text.size + 1 when it does not. */
size_t text_find(struct str text, struct str needle);

enum text_style {
    TEXT_SQUAD,  /* SQuAD v1.1: lower, punctuation deleted, \b(a|an|the)\b dropped, split */
    TEXT_FMEVAL, /* the same, but articles go only where single spaces (or an end) bound them */
    TEXT_ROUGE,  /* runs of [a-z0-9] after lower-casing: other scripts have no tokens at all */
    TEXT_WORDS,  /* no published metric's: the words of any script (words.h) */
};

struct text_tokens {
    const struct str *items; /* in the arena */
    size_t count;
};

/* At white space. False when there are more than TEXT_TOKENS_MAX. */
bool text_split(struct str text, struct arena *arena, struct text_tokens *out);
/* False when there are more than TEXT_TOKENS_MAX. */
bool text_tokenise(enum text_style style, struct str text, struct arena *arena,
                   struct text_tokens *out);

/* Has letters, but none that the ROUGE tokeniser sees: a score from it would be a false 0. */
bool text_is_beyond_ascii(struct str text);

#endif
