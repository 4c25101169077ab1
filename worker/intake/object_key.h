/* object_key: what the name of a capture object tells: endpoint, variant, hour. */
#ifndef ASSAY_OBJECT_KEY_H
#define ASSAY_OBJECT_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/str.h"

struct object_key {
    struct str endpoint, variant; /* absent where the name tells none; borrowed from it */
    int64_t hour_ms;              /* begin of the hour in UTC since 1970; 0 where it tells none */
};

/* SageMaker's layout, [prefix/]endpoint/variant/yyyy/mm/dd/hh/file, at the end of the name. False:
 * it is another one, and `out` is empty. */
bool object_key_read(struct str name, struct object_key *out);

/* Whether an object of this name is one of JSON lines: *.jsonl, *.json, *.ndjson, also with .gz or
 * .zst, its last part not beginning with a dot. Others are foreign. */
bool object_key_is_lines(struct str name);

#endif
