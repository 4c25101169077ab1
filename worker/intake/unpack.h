/* unpack: the bytes of a file, plain or packed, whichever they turn out to be. */
#ifndef ASSAY_UNPACK_H
#define ASSAY_UNPACK_H

#include <stddef.h>
#include <stdint.h>

struct unpack; /* one thread */

/* Plain bytes, gzip or Zstandard, one member or frame or several. Takes ownership of the
 * descriptor, which must stand at its start. */
struct unpack *unpack_open(int descriptor);
/* Up to `size` bytes; 0 at the end; -1 and *out_why when there is an end too early, or something
 * else than was begun with. */
ptrdiff_t unpack_read(struct unpack *unpack, char *into, size_t size, const char **out_why);
/* Bytes of the file that were consumed so far. */
int64_t unpack_bytes(const struct unpack *unpack);
void unpack_close(struct unpack *unpack);

#endif
