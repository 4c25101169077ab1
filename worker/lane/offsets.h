/* offsets: which delivered offsets of a partition are terminal, and the low-water mark. */
#ifndef ASSAY_OFFSETS_H
#define ASSAY_OFFSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A ring of the offsets that were delivered and are not yet below the mark. Gaps (compaction,
 * control records) are normal: the mark moves to the next delivered offset, not by one. */
struct offsets {
    int64_t *offset; /* ring, by ticket */
    bool *done;
    uint64_t first, next; /* tickets: first not below the mark, next to be given */
    size_t room;          /* a power of two */
    int64_t position;     /* one above the last delivered offset */
};

/* Everything below `start` is terminal. */
void offsets_init(struct offsets *offsets, int64_t start);
void offsets_clear(struct offsets *offsets);
/* The next message was delivered; `offset` is above all before. Returns its ticket. */
uint64_t offsets_deliver(struct offsets *offsets, int64_t offset);
/* The delivery of this ticket is terminal and durable. Once for each ticket. */
void offsets_done(struct offsets *offsets, uint64_t ticket);
/* Everything below is terminal: what may be committed. */
int64_t offsets_low_water(const struct offsets *offsets);
/* Delivered and not below the mark. */
size_t offsets_open(const struct offsets *offsets);

#endif
