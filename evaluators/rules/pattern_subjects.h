/* pattern_subjects: texts made to cost a pattern as much as they can. */
#ifndef ASSAY_PATTERN_SUBJECTS_H
#define ASSAY_PATTERN_SUBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"
#include "evaluators/rules/pattern.h"

enum { PATTERN_SUBJECTS_MAX = 96 };

/* A text of any length: `prefix` once, `pump` as often as there is room for it, `end` once. */
struct subject {
    struct str prefix, pump, end; /* in the arena; the pump is not empty */
    struct str repetition;        /* in the pattern's source: what it aims at; empty: the whole */
    bool is_endless;              /* the repetition has no bound */
    size_t settled_bytes;         /* from this length on the cost grows as it will go on growing */
};

/* For a source that compiles with these flags. From its parts, for every repetition that leaves
 * room: a text that leads to it and then repeats what it repeats; one that begins again and again;
 * and either with characters that as many items as possible share, or as few. Returns how many. */
size_t pattern_subjects(struct str source, unsigned flags, struct pattern_scratch *scratch,
                        struct arena *arena, struct subject out[PATTERN_SUBJECTS_MAX]);

/* The subject's text of about `size` bytes, at least one pump. */
struct str subject_text(const struct subject *subject, size_t size, struct arena *arena);

#endif
