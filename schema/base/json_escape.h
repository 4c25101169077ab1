/* json_escape: what the escapes of JSON strings stand for. */
#ifndef ASSAY_BASE_JSON_ESCAPE_H
#define ASSAY_BASE_JSON_ESCAPE_H

#include <stddef.h>
#include <stdint.h>
#include "schema/base/str.h"

/* The code point of the \u escape whose backslash stands at *at, a pair of surrogates taken as
 * one; *at moves behind it. -1 when it is none, or is half a pair. */
int32_t json_escape_unicode(const char **at, const char *end);
/* What the character after a backslash stands for, 0 when it stands for nothing. */
char json_escape_short(char c);
/* Undoes the escapes of a string that was checked. Returns the bytes written; `to` has room for
 * text.size: an escape is never shorter than what it stands for. */
size_t json_unescape(struct str text, char *to);

#endif
