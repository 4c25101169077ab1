/* breakdown: segments of stores put together by the keys that somebody asks about. */
#ifndef ASSAY_BREAKDOWN_H
#define ASSAY_BREAKDOWN_H

#include "schema/base/buffer.h"
#include "worker/report/reading/stores.h"

enum { BREAKDOWN_PARTS_MAX = 256 };

/* Zero-initialise; breakdown_clear gives the memory back. */
struct breakdown {
    char **keys; /* ascending */
    size_t key_count;
    char **parts; /* words: JSON of the keys of a segment; ascending. One, {}, without keys */
    size_t part_count;
    size_t *part_of; /* of each segment of the stores */
    size_t segment_count;
};

/* By `keys`, in any order (segment.h). The same parts in the same order, whatever the order of
 * stores. False (INPUT): more than BREAKDOWN_PARTS_MAX parts. */
bool breakdown_make(struct breakdown *breakdown, const char *const *keys, size_t key_count,
                    const struct stores *stores, struct error *error);
void breakdown_clear(struct breakdown *breakdown);

/* "language=de, route=(none)", for people. (none): records without it; (not told): rows of a worker
 * that was not told to tell them apart by it. */
void breakdown_text(const struct breakdown *breakdown, size_t part, struct buffer *out);

#endif
