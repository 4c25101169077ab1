/* offset_ranges: a set of offsets, as ranges that do not touch. */
#ifndef ASSAY_OFFSET_RANGES_H
#define ASSAY_OFFSET_RANGES_H

#include <stddef.h>
#include <stdint.h>

/* [from, to) */
struct offset_range {
    int64_t from, to;
};

/* Ascending. Zero-initialise; offset_ranges_clear gives the memory back. */
struct offset_ranges {
    struct offset_range *items;
    size_t count;
};

/* An empty range adds nothing. */
void offset_ranges_add(struct offset_ranges *ranges, int64_t from, int64_t to);
/* The first part of [from, to) that is not in the set; empty when all of it is. */
struct offset_range offset_ranges_free(const struct offset_ranges *ranges, int64_t from,
                                       int64_t to);
void offset_ranges_clear(struct offset_ranges *ranges);

#endif
