/* unpack: the bytes of a file, plain or packed, whichever they turn out to be. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "schema/base/memory.h"
#include "worker/intake/unpack_inside.h"

struct unpack {
    const struct unpacker *how;
    void *state;
};

/* A file that can be read at a place is looked into; a pipe is plain or gzip. */
static const struct unpacker *find_unpacker(int descriptor)
{
    static const char zstd[] = "\x28\xb5\x2f\xfd"; /* RFC 8878 3.1.1 */
    char start[sizeof zstd - 1];
    bool is_zstd = pread(descriptor, start, sizeof start, 0) == (ssize_t)sizeof start &&
                   memcmp(start, zstd, sizeof start) == 0;
    return is_zstd ? &UNPACK_ZSTD : &UNPACK_GZIP;
}

struct unpack *unpack_open(int descriptor)
{
    struct unpack *unpack = memory_new(1, sizeof *unpack);
    unpack->how = find_unpacker(descriptor);
    unpack->state = unpack->how->open(descriptor);
    return unpack;
}

ptrdiff_t unpack_read(struct unpack *unpack, char *into, size_t size, const char **out_why)
{
    return unpack->how->read(unpack->state, into, size, out_why);
}

int64_t unpack_bytes(const struct unpack *unpack)
{
    return unpack->how->bytes(unpack->state);
}

void unpack_close(struct unpack *unpack)
{
    if (!unpack)
        return;
    unpack->how->close(unpack->state);
    free(unpack);
}
