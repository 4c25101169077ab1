/* offset_ranges: a set of offsets, as ranges that do not touch. */
#include "worker/report/reading/offset_ranges.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/memory.h"

void offset_ranges_add(struct offset_ranges *ranges, int64_t from, int64_t to)
{
    if (from >= to)
        return;
    size_t first = 0;
    while (first < ranges->count && ranges->items[first].to < from)
        first++;
    size_t last = first; /* [first, last) are what the new one touches */
    for (; last < ranges->count && ranges->items[last].from <= to; last++) {
        from = ranges->items[last].from < from ? ranges->items[last].from : from;
        to = ranges->items[last].to > to ? ranges->items[last].to : to;
    }
    ranges->items = memory_resize(ranges->items, ranges->count + 1, sizeof *ranges->items);
    memmove(ranges->items + first + 1, ranges->items + last,
            (ranges->count - last) * sizeof *ranges->items);
    ranges->items[first] = (struct offset_range){from, to};
    ranges->count = ranges->count - (last - first) + 1;
}

struct offset_range offset_ranges_free(const struct offset_ranges *ranges, int64_t from, int64_t to)
{
    for (size_t i = 0; i < ranges->count && from < to; i++) {
        const struct offset_range *one = &ranges->items[i];
        if (one->to <= from)
            continue;
        if (one->from > from)
            return (struct offset_range){from, one->from < to ? one->from : to};
        from = one->to;
    }
    return (struct offset_range){from, from < to ? to : from};
}

void offset_ranges_clear(struct offset_ranges *ranges)
{
    free(ranges->items);
    *ranges = (struct offset_ranges){0};
}
