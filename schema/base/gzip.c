/* gzip: bytes made smaller for the wire. */
#include "schema/base/gzip.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8, CHUNK_BYTES = 16384 };

void gzip_pack(struct str data, struct buffer *out)
{
    assert(data.size <= UINT_MAX);
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data.data, .avail_in = (uInt)data.size};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    unsigned char chunk[CHUNK_BYTES];
    int state;
    do {
        stream.next_out = chunk;
        stream.avail_out = sizeof chunk;
        state = deflate(&stream, Z_FINISH);
        buffer_append(out, chunk, sizeof chunk - stream.avail_out);
    } while (state == Z_OK);
    assert(state == Z_STREAM_END);
    deflateEnd(&stream);
}

bool gzip_unpack(struct str data, size_t bytes_max, struct buffer *out)
{
    if (data.size > UINT_MAX)
        return false;
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data.data, .avail_in = (uInt)data.size};
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        abort();
    unsigned char chunk[CHUNK_BYTES];
    size_t size = 0;
    int state;
    do {
        stream.next_out = chunk;
        stream.avail_out = sizeof chunk;
        state = inflate(&stream, Z_NO_FLUSH);
        size += sizeof chunk - stream.avail_out;
        if (size <= bytes_max)
            buffer_append(out, chunk, sizeof chunk - stream.avail_out);
    } while (state == Z_OK && size <= bytes_max);
    bool whole = state == Z_STREAM_END && stream.avail_in == 0 && size <= bytes_max;
    inflateEnd(&stream);
    return whole;
}
