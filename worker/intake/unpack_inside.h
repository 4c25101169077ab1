/* unpack_inside: one way of packing, for unpack.c. */
#ifndef ASSAY_UNPACK_INSIDE_H
#define ASSAY_UNPACK_INSIDE_H

#include "worker/intake/unpack.h"

/* What unpack.h says of each function; `state` is what open returned. */
struct unpacker {
    void *(*open)(int descriptor);
    ptrdiff_t (*read)(void *state, char *into, size_t size, const char **out_why);
    int64_t (*bytes)(const void *state);
    void (*close)(void *state);
};

extern const struct unpacker UNPACK_GZIP; /* plain bytes too, and pipes */
extern const struct unpacker UNPACK_ZSTD;

#endif
