/* memory: heap allocation that cannot fail. */
#include "schema/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *pointer)
{
    if (pointer)
        return pointer;
    fputs("assay: out of memory\n", stderr);
    abort();
}

void *memory_new(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *memory_resize(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return checked(NULL);
    return checked(realloc(old, bytes ? bytes : 1));
}

char *memory_copy_str(struct str text)
{
    char *copy = memory_new(text.size + 1, 1);
    return text.size ? memcpy(copy, text.data, text.size) : copy;
}

char *memory_copy_string(const char *string)
{
    return memory_copy_str(str_of(string));
}
