/* pattern_parts: the parts of a pattern's text, as far as texts are to be made that it matches. */
#ifndef ASSAY_PATTERN_PARTS_H
#define ASSAY_PATTERN_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"

enum part_kind {
    PART_ITEM,     /* one character: a literal, a class, an escape */
    PART_SEQUENCE, /* its children one after another */
    PART_CHOICE,   /* one of its children, which are sequences */
    PART_REPEAT,   /* its child min to max times */
    PART_LOOK,     /* a lookahead: its child, without going on */
};

enum { PART_REPEAT_ENDLESS = UINT32_MAX };

struct part {
    enum part_kind kind;
    struct str text;   /* in the pattern's source; of a repeat with its quantifier */
    uint32_t min, max; /* of a repeat; PART_REPEAT_ENDLESS: no bound */
    struct part *child, *next;
};

/* The root, a choice, for a source that PCRE2 compiles. Lookbehinds, back-references, verbs and
 * comments are left out: what is made of the parts is tried with the real pattern, so a part that
 * is missed makes a trial weaker, never wrong. `extended` as PATTERN_EXTENDED. */
const struct part *pattern_parts(struct str source, bool extended, struct arena *arena);

#endif
