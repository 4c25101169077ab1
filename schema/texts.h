/* texts: pieces of text that are joined in the end, without copying a lone piece. */
#ifndef ASSAY_TEXTS_H
#define ASSAY_TEXTS_H

#include <stddef.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"

/* Zero-initialise, then use. The list lives in the arena, the pieces where they came from. */
struct texts {
    struct str *items;
    size_t count, room;
};

void texts_add(struct texts *texts, struct str piece, struct arena *arena);
/* All pieces with `between` between them; absent when there are none. A lone piece is borrowed. */
struct str texts_join(const struct texts *texts, struct str between, struct arena *arena);

#endif
