/* capture_write: a sample as a capture record, so that it can be read again. */
#ifndef ASSAY_CAPTURE_WRITE_H
#define ASSAY_CAPTURE_WRITE_H

#include "schema/base/buffer.h"
#include "schema/sample.h"

/* Appends one line of JSON in assay's own flat form, without its end: capture_decode makes the same
 * sample of it (unknown_keys and masked aside). */
void capture_write(const struct sample *sample, struct buffer *out);

#endif
