/* seen: which sample keys came lately. */
#include "worker/lane/seen.h"

#include <stdlib.h>
#include "schema/base/memory.h"

enum { ROOM_FIRST = 1024 };

void seen_init(struct seen *seen)
{
    *seen = (struct seen){.young_room = ROOM_FIRST};
    seen->young = memory_new(seen->young_room, sizeof *seen->young);
}

void seen_clear(struct seen *seen)
{
    free(seen->young);
    free(seen->old);
    *seen = (struct seen){0};
}

/* Where the key stands or belongs. Keys are hashes: their low bits are spread already. */
static uint64_t *slot(uint64_t *table, size_t room, uint64_t key)
{
    size_t at = (size_t)(key & (room - 1));
    while (table[at] != 0 && table[at] != key)
        at = (at + 1) & (room - 1);
    return &table[at];
}

static void grow(struct seen *seen)
{
    size_t room = seen->young_room * 2;
    uint64_t *table = memory_new(room, sizeof *table);
    for (size_t i = 0; i < seen->young_room; i++)
        if (seen->young[i])
            *slot(table, room, seen->young[i]) = seen->young[i];
    free(seen->young);
    seen->young = table;
    seen->young_room = room;
}

static void start_generation(struct seen *seen)
{
    free(seen->old);
    seen->old = seen->young;
    seen->old_room = seen->young_room;
    seen->young_room = ROOM_FIRST;
    seen->young = memory_new(seen->young_room, sizeof *seen->young);
    seen->young_count = 0;
}

bool seen_add(struct seen *seen, uint64_t key)
{
    key += key == 0;
    if (seen->old && *slot(seen->old, seen->old_room, key))
        return true;
    uint64_t *place = slot(seen->young, seen->young_room, key);
    if (*place)
        return true;
    *place = key;
    seen->young_count++;
    if (seen->young_count >= SEEN_HORIZON / 2)
        start_generation(seen);
    else if (seen->young_count * 2 > seen->young_room)
        grow(seen);
    return false;
}
