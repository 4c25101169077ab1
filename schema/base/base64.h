/* base64: bytes out of base64 text, and the other way. */
#ifndef ASSAY_BASE_BASE64_H
#define ASSAY_BASE_BASE64_H

#include <stdbool.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/str.h"

/* RFC 4648, standard or URL-safe letters; line breaks are skipped, padding may be missing, bits
 * left over must be 0. False when the text is anything else; `out` lives in the arena. */
bool base64_decode(struct str text, struct arena *arena, struct str *out);
/* Appends standard letters with padding. */
void base64_encode(struct str bytes, struct buffer *out);

#endif
