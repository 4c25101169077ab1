/* mark: what happened to a model from outside, in shards of their own: folder marks of a store. */
#ifndef ASSAY_MARK_H
#define ASSAY_MARK_H

#include <stdint.h>
#include "schema/base/error.h"
#include "schema/base/problems.h"
#include "schema/base/str.h"

enum { MARK_TEXT_BYTES_MAX = 400 };

struct mark {
    struct str model; /* "": of all models */
    int64_t at_ms;
    struct str text; /* "deployed v7"; 1 to MARK_TEXT_BYTES_MAX bytes, UTF-8 */
};

/* Adds a mark to the store in `dir`, durably; one that is there already stays as it is. FATAL. */
bool mark_add(const char *dir, const struct mark *mark, struct error *error);

/* Calls back for all marks of a store; texts are borrowed for the call. As side_shards_each. */
void marks_each(const char *dir, void (*take)(void *owner, const struct mark *mark), void *owner,
                struct problems *partial);

#endif
