/* seen: which sample keys came lately, so that a producer's duplicate is not scored twice. */
#ifndef ASSAY_SEEN_H
#define ASSAY_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEN_HORIZON = 1000000 }; /* keys remembered: at least half of it, at most all */

/* Two generations: when the young one holds half the horizon, the old one is forgotten. */
struct seen {
    uint64_t *young, *old; /* open addressing; 0 is free */
    size_t young_count, young_room, old_room;
};

void seen_init(struct seen *seen);
void seen_clear(struct seen *seen);
/* Remembers the key; true when it was remembered already. */
bool seen_add(struct seen *seen, uint64_t key);

#endif
