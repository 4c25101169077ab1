/* keywords: which of many literals a text contains, in one pass. */
#ifndef ASSAY_KEYWORDS_H
#define ASSAY_KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/str.h"

enum { KEYWORDS_BYTES_MAX = 60000 }; /* of all keywords together */

struct keyword {
    const char *text; /* printable ASCII, not empty */
    uint32_t owner;   /* what it speaks for; several keywords may have one owner */
};

/* Read-only after keywords_new, shared by threads. */
struct keywords;

/* The texts need not outlive the call. At most KEYWORDS_BYTES_MAX bytes in all. */
struct keywords *keywords_new(const struct keyword *list, size_t count);
void keywords_free(struct keywords *keywords);

/* Sets the bit of every owner with a keyword in the text, letters compared without case as PCRE2
 * does it: the long s and the Kelvin sign are letters s and k too. `out_owners` has room for the
 * highest owner; other bits are left as they were. NULL keywords find nothing. */
void keywords_find(const struct keywords *keywords, struct str text, uint64_t *out_owners);

static inline bool owner_is_set(const uint64_t *owners, size_t owner)
{
    return owners[owner / 64] >> (owner % 64) & 1;
}

#endif
