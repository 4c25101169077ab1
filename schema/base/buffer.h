/* buffer: bytes that grow at the end. */
#ifndef ASSAY_BASE_BUFFER_H
#define ASSAY_BASE_BUFFER_H

#include <stddef.h>
#include "schema/base/str.h"

/* Zero-initialise, then use; buffer_clear gives the memory back. `data` is NUL-terminated once
 * anything was appended. */
struct buffer {
    char *data;
    size_t size, room;
};

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_str(struct buffer *buffer, struct str text);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; the text must be valid UTF-8. Control characters are escaped. */
void buffer_append_json(struct buffer *buffer, struct str text);
/* The fewest digits that read back as the same double, with an exponent only where that is shorter;
 * "null" when it is not finite. */
void buffer_append_number(struct buffer *buffer, double value);
/* Empties it and keeps the memory. */
void buffer_reset(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);
static inline struct str buffer_str(const struct buffer *buffer)
{
    return (struct str){buffer->data ? buffer->data : "", buffer->size};
}

#endif
