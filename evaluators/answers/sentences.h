/* sentences: a text, sentence by sentence. */
#ifndef ASSAY_SENTENCES_H
#define ASSAY_SENTENCES_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/base/str.h"

/* The sentence that begins at *at of valid UTF-8, with the white space before it; *at moves behind
 * it. It has a letter or digit and ends at a line feed, at . ! ? before white space, at a full stop
 * of Chinese or Japanese, or with the text. False when no such sentence follows. */
bool sentence_next(struct str text, size_t *at, struct str *out);

#endif
