/* unpack_gzip: gzip, and whatever is not packed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "worker/intake/unpack_inside.h"

enum { CHUNK_BYTES = 256 << 10 };

static void *gzip_open(int descriptor)
{
    gzFile file = gzdopen(descriptor, "rb");
    if (!file)
        abort(); /* only when memory is gone */
    gzbuffer(file, CHUNK_BYTES);
    return file;
}

static ptrdiff_t gzip_read(void *state, char *into, size_t size, const char **out_why)
{
    int got = gzread(state, into, (unsigned)size);
    if (got > 0)
        return got;
    int code = Z_OK;
    *out_why = gzerror(state, &code);
    if (code == Z_BUF_ERROR)
        *out_why = "the gzip data ends too early";
    else if (code == Z_ERRNO)
        *out_why = strerror(errno);
    return code == Z_OK || code == Z_STREAM_END ? 0 : -1;
}

static int64_t gzip_bytes(const void *state)
{
    gzFile file;
    memcpy(&file, &state, sizeof file);
    return gzoffset(file);
}

static void gzip_close(void *state)
{
    gzclose(state);
}

const struct unpacker UNPACK_GZIP = {gzip_open, gzip_read, gzip_bytes, gzip_close};
