/* hash_set: which 64-bit hashes were seen. */
#include "evaluators/formats/hash_set.h"

#include <string.h>

struct hash_set hash_set_new(size_t count, struct arena *arena)
{
    size_t slots = 16;
    while (slots < 2 * count)
        slots *= 2;
    return (struct hash_set){arena_new(arena, slots, sizeof(uint64_t)), slots - 1};
}

void hash_set_reset(struct hash_set *set)
{
    memset(set->slots, 0, (set->mask + 1) * sizeof *set->slots);
}

/* Where the hash is, or the empty slot where it would be. */
static size_t slot_of(const struct hash_set *set, uint64_t hash)
{
    size_t slot = (size_t)(hash ^ hash >> 29) & set->mask;
    while (set->slots[slot] && set->slots[slot] != hash)
        slot = (slot + 1) & set->mask;
    return slot;
}

bool hash_set_add(struct hash_set *set, uint64_t hash)
{
    hash = hash ? hash : 1;
    size_t slot = slot_of(set, hash);
    if (set->slots[slot])
        return false;
    set->slots[slot] = hash;
    return true;
}

bool hash_set_has(const struct hash_set *set, uint64_t hash)
{
    hash = hash ? hash : 1;
    return set->slots[slot_of(set, hash)] == hash;
}
