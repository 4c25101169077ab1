/* arena: memory of one evaluation, given back all at once. */
#ifndef ASSAY_BASE_ARENA_H
#define ASSAY_BASE_ARENA_H

#include <stddef.h>
#include "schema/base/str.h"

/* Plain data: zero-initialise, then use. One owner, one thread. */
struct arena {
    struct arena_block *block;
    size_t used; /* bytes handed out since the last reset */
};

/* Aligned for any type, not zeroed. Lives until arena_reset or arena_clear. */
void *arena_alloc(struct arena *arena, size_t size);
/* Zeroed. */
void *arena_new(struct arena *arena, size_t count, size_t size);
/* A NUL-terminated copy. */
char *arena_copy(struct arena *arena, struct str text);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forgets everything, keeps one block for the next evaluation. */
void arena_reset(struct arena *arena);
/* Gives all memory back. */
void arena_clear(struct arena *arena);

#endif
