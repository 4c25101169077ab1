/* script: which writing systems the letters of a text belong to. */
#ifndef ASSAY_SCRIPT_H
#define ASSAY_SCRIPT_H

#include <stddef.h>
#include <stdint.h>
#include "schema/base/str.h"

enum script {
    SCRIPT_LATIN,
    SCRIPT_GREEK,
    SCRIPT_CYRILLIC,
    SCRIPT_ARMENIAN,
    SCRIPT_HEBREW,
    SCRIPT_ARABIC,
    SCRIPT_DEVANAGARI,
    SCRIPT_BENGALI,
    SCRIPT_TAMIL,
    SCRIPT_THAI,
    SCRIPT_GEORGIAN,
    SCRIPT_HANGUL,
    SCRIPT_HAN,
    SCRIPT_JAPANESE, /* kana; where a text has some, its Han letters are Japanese */
    SCRIPT_OTHER,
    SCRIPT_COUNT,
    SCRIPT_NONE = SCRIPT_COUNT,
};

/* As a rubric spells them, in the order of the enum, "same" last; NULL-terminated. */
extern const char *const SCRIPT_WORDS[];
enum script script_of_word(const char *word); /* one of SCRIPT_WORDS; "same": SCRIPT_NONE */

struct script_counts {
    size_t letters[SCRIPT_COUNT], all;
};

/* Letters of a text (valid UTF-8): digits, marks, punctuation and symbols are of no script. */
struct script_counts script_count(struct str text);
/* 0 without letters. Chinese in a Japanese text, or kana in none, count as above. */
double script_share(const struct script_counts *counts, enum script script);

#endif
