/* json_span: where a JSON object or list stands in a text. */
#ifndef ASSAY_JSON_SPAN_H
#define ASSAY_JSON_SPAN_H

#include <stdbool.h>
#include "schema/base/str.h"

/* The first object or list that is sound JSON, bare, in prose or in a code fence; of the first
 * JSON_SPAN_TRIES brackets that open one. False when there is none. */
enum { JSON_SPAN_TRIES = 16 };
bool json_span_find(struct str text, struct str *out);

#endif
