/* utf8: validity, code points, offsets. */
#ifndef ASSAY_BASE_UTF8_H
#define ASSAY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/str.h"

/* Well-formed as Unicode 15, table 3-7: no overlong forms, surrogates, nor above U+10FFFF. */
bool utf8_valid(struct str text);
/* The code point at *at of valid text; *at moves behind it. *at must be below text.size. */
uint32_t utf8_next(struct str text, size_t *at);
/* Code points of valid text. */
size_t utf8_count(struct str text);
/* Writes 1 to 4 bytes, returns how many. */
size_t utf8_put(uint32_t code_point, char out[4]);

#endif
