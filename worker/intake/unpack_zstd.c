/* unpack_zstd: Zstandard (RFC 8878). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include "schema/base/memory.h"
#include "worker/intake/unpack_inside.h"

enum {
    CHUNK_BYTES = 256 << 10,
    WINDOW_LOG_MAX = 27, /* 128 MiB of memory for what a frame looks back at; zstd's own limit */
};

struct zstd {
    int descriptor;
    ZSTD_DStream *stream;
    ZSTD_inBuffer in;
    int64_t bytes;
    bool inside; /* a frame was begun and is not at its end */
    char chunk[CHUNK_BYTES];
};

static void *zstd_open(int descriptor)
{
    struct zstd *zstd = memory_new(1, sizeof *zstd);
    zstd->descriptor = descriptor;
    zstd->stream = ZSTD_createDStream();
    if (!zstd->stream)
        abort(); /* only when memory is gone */
    ZSTD_DCtx_setParameter(zstd->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    zstd->in.src = zstd->chunk;
    return zstd;
}

/* False at the end of the file, with *out_why when that is no good end. */
static bool refill(struct zstd *zstd, const char **out_why)
{
    ssize_t got = read(zstd->descriptor, zstd->chunk, CHUNK_BYTES);
    zstd->in = (ZSTD_inBuffer){zstd->chunk, got > 0 ? (size_t)got : 0, 0};
    zstd->bytes += got > 0 ? got : 0;
    if (got < 0)
        *out_why = strerror(errno);
    else if (got == 0 && zstd->inside)
        *out_why = "the zstd data ends too early";
    return got > 0;
}

static ptrdiff_t zstd_read(void *state, char *into, size_t size, const char **out_why)
{
    struct zstd *zstd = state;
    ZSTD_outBuffer out = {into, size, 0};
    *out_why = NULL;
    while (out.pos == 0) {
        if (zstd->in.pos == zstd->in.size && !refill(zstd, out_why))
            return *out_why ? -1 : 0;
        size_t left = ZSTD_decompressStream(zstd->stream, &out, &zstd->in);
        if (ZSTD_isError(left)) {
            *out_why = ZSTD_getErrorName(left);
            return -1;
        }
        zstd->inside = left > 0;
    }
    return (ptrdiff_t)out.pos;
}

static int64_t zstd_bytes(const void *state)
{
    return ((const struct zstd *)state)->bytes;
}

static void zstd_close(void *state)
{
    struct zstd *zstd = state;
    ZSTD_freeDStream(zstd->stream);
    close(zstd->descriptor);
    free(zstd);
}

const struct unpacker UNPACK_ZSTD = {zstd_open, zstd_read, zstd_bytes, zstd_close};
