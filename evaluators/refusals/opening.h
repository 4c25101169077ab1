/* opening: how a response begins, without what it only quotes. */
#ifndef ASSAY_OPENING_H
#define ASSAY_OPENING_H

#include <stddef.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"

enum {
    OPENING_BYTES_MAX = 2048,
    OPENING_SENTENCES_MAX = 24,
};

struct opening {
    struct str text; /* in the arena: quotations, code and block quotes are blank in it */
    size_t ends[OPENING_SENTENCES_MAX]; /* byte behind each sentence of `text` */
    size_t sentences;
};

/* The first sentences of `text` (valid UTF-8; answers/sentences.h), white space before them left
 * out. A quotation that opens the text stays: then all of the response may stand in quotation
 * marks. */
struct opening opening_of(struct str text, struct arena *arena);

/* Which sentence, from 0, holds the byte. */
size_t opening_sentence_at(const struct opening *opening, size_t byte);

#endif
