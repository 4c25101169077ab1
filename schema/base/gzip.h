/* gzip: bytes made smaller for the wire. */
#ifndef ASSAY_BASE_GZIP_H
#define ASSAY_BASE_GZIP_H

#include "schema/base/buffer.h"

/* Appends one gzip member (RFC 1952) that holds `data`, without name and time: equal bytes give
 * equal bytes. */
void gzip_pack(struct str data, struct buffer *out);

#endif
