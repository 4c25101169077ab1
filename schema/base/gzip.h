/* gzip: bytes made smaller for the wire. */
#ifndef ASSAY_BASE_GZIP_H
#define ASSAY_BASE_GZIP_H

#include <stdbool.h>
#include "schema/base/buffer.h"

/* Appends one gzip member (RFC 1952) that holds `data`, without name and time: equal bytes give
 * equal bytes. */
void gzip_pack(struct str data, struct buffer *out);

/* Appends what one gzip member holds. False when `data` is anything else, or holds more than
 * `bytes_max`; `out` may have got a part of it then. */
bool gzip_unpack(struct str data, size_t bytes_max, struct buffer *out);

#endif
