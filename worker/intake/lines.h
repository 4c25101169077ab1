/* lines: the lines of a file, plain, gzip or Zstandard, in bounded memory. */
#ifndef ASSAY_INTAKE_LINES_H
#define ASSAY_INTAKE_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/buffer.h"
#include "schema/base/error.h"

struct lines; /* one thread */

enum lines_status {
    LINES_READ,     /* a line that is not blank */
    LINES_TOO_LONG, /* it was passed over */
    LINES_END,
    LINES_FAILED, /* `error` says why: unreadable, or packed data that ends too early */
};

/* "-" is standard input. A longer line than line_bytes_max is LINES_TOO_LONG. NULL and `error`
 * (INPUT) when the file cannot be opened. */
struct lines *lines_open(const char *path, size_t line_bytes_max, struct error *error);
/* The same of a file that is open, where it stands; takes the descriptor. `name` is for messages.
 * When the descriptor is negative, errno says why. */
struct lines *lines_of(int descriptor, const char *name, size_t line_bytes_max,
                       struct error *error);
/* The next line that is not blank replaces what `into` held, without its end (LF or CRLF) and,
 * in the first line, without a byte-order mark. A last line may lack its end. */
enum lines_status lines_next(struct lines *lines, struct buffer *into, struct error *error);
/* Of the line lines_next gave last, from 1; blank ones are counted. */
int64_t lines_number(const struct lines *lines);
/* Whether that line had its end: a last one without may be half-written. */
bool lines_ended(const struct lines *lines);
/* Bytes of the file consumed so far, and its size, 0 when it is not known (a pipe). */
int64_t lines_bytes(const struct lines *lines);
int64_t lines_bytes_total(const struct lines *lines);
void lines_close(struct lines *lines);

#endif
