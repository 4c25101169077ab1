/* glob: names matched by patterns with * and ?. */
#ifndef ASSAY_GLOB_H
#define ASSAY_GLOB_H

#include <stdbool.h>
#include "schema/base/str.h"

/* The whole text, case and all: `*` stands for any run of bytes, also an empty one, `?` for one
 * byte, every other byte for itself. Time is at most pattern times text. An absent text matches as
 * an empty one does. */
bool glob_matches(struct str pattern, struct str text);

#endif
