/* memory: heap allocation that cannot fail: when memory is gone the process ends, here. */
#ifndef ASSAY_BASE_MEMORY_H
#define ASSAY_BASE_MEMORY_H

#include "schema/base/str.h"

/* Zeroed; free with free(). Abort when out of memory or when count * size overflows. */
void *memory_new(size_t count, size_t size);
/* As realloc; new bytes are not zeroed. */
void *memory_resize(void *old, size_t count, size_t size);
char *memory_copy_string(const char *string);
/* NUL-terminated. */
char *memory_copy_str(struct str text);

#endif
