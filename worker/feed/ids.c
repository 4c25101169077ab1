/* ids: numbers found by name. */
#include "worker/feed/ids.h"

#include <stdlib.h>
#include "schema/base/hash.h"
#include "schema/base/memory.h"

enum { ROOM_MIN = 1024 };

struct entry {
    uint64_t hash; /* 0: free */
    uint32_t number;
};

struct ids {
    uint8_t key[SIPHASH_KEY_BYTES];
    struct entry *entries; /* open addressing; room is a power of two */
    size_t count, room;
};

struct ids *ids_new(void)
{
    struct ids *ids = memory_new(1, sizeof *ids);
    hash_random(ids->key, sizeof ids->key);
    ids->room = ROOM_MIN;
    ids->entries = memory_new(ids->room, sizeof *ids->entries);
    return ids;
}

void ids_free(struct ids *ids)
{
    if (!ids)
        return;
    free(ids->entries);
    free(ids);
}

static uint64_t hash_of(const struct ids *ids, struct str name)
{
    uint64_t hash = hash_sip(ids->key, name);
    return hash ? hash : 1;
}

/* The entry of this hash, or the free one where it belongs. */
static struct entry *slot_of(const struct ids *ids, uint64_t hash)
{
    for (uint64_t at = hash;; at++) {
        struct entry *entry = &ids->entries[at & (ids->room - 1)];
        if (!entry->hash || entry->hash == hash)
            return entry;
    }
}

uint32_t ids_find(const struct ids *ids, struct str name)
{
    const struct entry *entry = slot_of(ids, hash_of(ids, name));
    return entry->hash ? entry->number : IDS_NONE;
}

static void insert(struct ids *ids, struct entry one)
{
    struct entry *entry = slot_of(ids, one.hash);
    ids->count += !entry->hash;
    *entry = one;
}

/* Moves all to a table of this room; `numbers` as in ids_renumber, NULL: they stay. */
static void move(struct ids *ids, size_t room, const uint32_t *numbers)
{
    struct entry *old = ids->entries;
    size_t old_room = ids->room;
    ids->entries = memory_new(room, sizeof *ids->entries);
    ids->room = room;
    ids->count = 0;
    for (size_t i = 0; i < old_room; i++) {
        struct entry one = old[i];
        if (one.hash && numbers)
            one.number = numbers[one.number];
        if (one.hash && one.number != IDS_NONE)
            insert(ids, one);
    }
    free(old);
}

void ids_set(struct ids *ids, struct str name, uint32_t number)
{
    if (ids->count * 4 >= ids->room * 3)
        move(ids, ids->room * 2, NULL);
    insert(ids, (struct entry){hash_of(ids, name), number});
}

void ids_renumber(struct ids *ids, const uint32_t *numbers)
{
    move(ids, ids->room, numbers);
    size_t room = ids->room;
    while (room > ROOM_MIN && ids->count * 4 < room)
        room /= 2;
    if (room < ids->room)
        move(ids, room, NULL);
}
