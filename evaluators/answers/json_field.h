/* json_field: one field of a JSON object as models write them, however broken. */
#ifndef ASSAY_JSON_FIELD_H
#define ASSAY_JSON_FIELD_H

#include <stdbool.h>
#include "schema/base/arena.h"
#include "schema/base/str.h"

/* The value of "name": text of a string, or the raw token of anything else. Prose or a code fence
 * may stand around the object; it may be cut off, hold raw newlines, wrong escapes (kept as they
 * are, so that "\boxed" survives) and rubbish behind it. Where the field occurs several times, that
 * of the object itself counts if it is sound JSON, else the last one. */
bool json_field_find(struct str text, const char *name, struct arena *arena, struct str *out);

/* Does the text set out as a JSON object, bare or in a code fence? */
bool json_field_expected(struct str text);

#endif
