/* alarm_pack: numbers as bytes and back, by one walk over what holds them. */
#ifndef ASSAY_ALARM_PACK_H
#define ASSAY_ALARM_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/buffer.h"

/* Whoever walks a structure calls pack_* for each number: with `out` it is appended, else it is
 * taken from `in` and set. So what is written and what is read cannot differ. Equal numbers give
 * equal bytes on every machine; doubles keep every bit. */
struct pack {
    struct buffer *out; /* NULL: reads */
    struct str in;      /* what is left to read */
    bool bad;           /* `in` ended, or held what cannot be: numbers are 0 from there on */
};

void pack_int(struct pack *pack, int64_t *value);
void pack_uint(struct pack *pack, uint64_t *value);
/* Whole numbers from 0 on take few bytes, others nine. */
void pack_real(struct pack *pack, double *value);
void pack_bool(struct pack *pack, bool *value);
/* A number of things, at most `max`: read, a larger one is bad and 0. */
void pack_count(struct pack *pack, size_t *count, size_t max);
/* A text without NUL bytes; read, it is malloc'ed. */
void pack_text(struct pack *pack, char **text);

#endif
