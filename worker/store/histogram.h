/* histogram: values and how often each occurred; exact, merged by adding. */
#ifndef ASSAY_HISTOGRAM_H
#define ASSAY_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/buffer.h"

/* Distinct values, ascending. Zero-initialise; histogram_clear gives the memory back. */
struct histogram {
    double *values;
    uint32_t *counts;
    size_t count, room;
};

/* `value` must be finite. */
void histogram_add(struct histogram *histogram, double value, uint32_t times);
/* As JSON: [[0.5,3],[1,2]]. */
void histogram_write(const struct histogram *histogram, struct buffer *out);
/* Adds what histogram_write wrote; false when the text is something else. */
bool histogram_read(struct histogram *histogram, struct str json);
void histogram_clear(struct histogram *histogram);

enum { BINS = 1001 }; /* of score x 1000, rounded to nearest */

/* `size` bins as sparse varints (bin - previous bin, count), ascending; the first difference is the
 * bin itself. */
void bins_write(const uint32_t *bins, uint32_t size, struct buffer *out);
/* The same bin by bin, ascending; *previous is 0 at first. */
void bins_append(struct buffer *out, uint32_t *previous, uint32_t bin, uint32_t times);
/* Calls back for each bin of what bins_write wrote, ascending; false when the bytes are something
 * else: then some may have been told. */
bool bins_each(uint32_t size, struct str bytes,
               void (*each)(void *owner, uint32_t bin, uint32_t times), void *owner);
/* Adds what bins_write wrote; false when the bytes are something else. */
bool bins_read(uint32_t *bins, uint32_t size, struct str bytes);

/* Appends the sum of two that bins_write wrote, written alike; false when either is something else:
 * then some of it may be there. */
bool bins_merge(struct str a, struct str b, struct buffer *out);

#endif
