/* hash_set: which 64-bit hashes were seen. */
#ifndef ASSAY_HASH_SET_H
#define ASSAY_HASH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"

/* Open addressing, at most half full; 0 marks an empty slot and is stored as 1. */
struct hash_set {
    uint64_t *slots;
    size_t mask;
};

/* Room for `count` hashes, in the arena. */
struct hash_set hash_set_new(size_t count, struct arena *arena);
/* Empties it. */
void hash_set_reset(struct hash_set *set);
/* False when it was there before. */
bool hash_set_add(struct hash_set *set, uint64_t hash);
bool hash_set_has(const struct hash_set *set, uint64_t hash);

#endif
