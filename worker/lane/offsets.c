/* offsets: which delivered offsets of a partition are terminal, and the low-water mark. */
#include "worker/lane/offsets.h"

#include <assert.h>
#include <stdlib.h>
#include "schema/base/memory.h"

enum { ROOM_FIRST = 1024 };

static size_t slot(const struct offsets *offsets, uint64_t ticket)
{
    return (size_t)(ticket & (offsets->room - 1));
}

void offsets_init(struct offsets *offsets, int64_t start)
{
    *offsets = (struct offsets){.room = ROOM_FIRST, .position = start};
    offsets->offset = memory_new(offsets->room, sizeof *offsets->offset);
    offsets->done = memory_new(offsets->room, sizeof *offsets->done);
}

void offsets_clear(struct offsets *offsets)
{
    free(offsets->offset);
    free(offsets->done);
    *offsets = (struct offsets){0};
}

static void grow(struct offsets *offsets)
{
    struct offsets larger = *offsets;
    larger.room *= 2;
    larger.offset = memory_new(larger.room, sizeof *larger.offset);
    larger.done = memory_new(larger.room, sizeof *larger.done);
    for (uint64_t ticket = offsets->first; ticket != offsets->next; ticket++) {
        larger.offset[slot(&larger, ticket)] = offsets->offset[slot(offsets, ticket)];
        larger.done[slot(&larger, ticket)] = offsets->done[slot(offsets, ticket)];
    }
    free(offsets->offset);
    free(offsets->done);
    *offsets = larger;
}

uint64_t offsets_deliver(struct offsets *offsets, int64_t offset)
{
    assert(offset >= offsets->position);
    if (offsets->next - offsets->first == offsets->room)
        grow(offsets);
    uint64_t ticket = offsets->next++;
    offsets->offset[slot(offsets, ticket)] = offset;
    offsets->done[slot(offsets, ticket)] = false;
    offsets->position = offset + 1;
    return ticket;
}

void offsets_done(struct offsets *offsets, uint64_t ticket)
{
    assert(ticket >= offsets->first && ticket < offsets->next);
    offsets->done[slot(offsets, ticket)] = true;
    while (offsets->first != offsets->next && offsets->done[slot(offsets, offsets->first)])
        offsets->first++;
}

int64_t offsets_low_water(const struct offsets *offsets)
{
    if (offsets->first == offsets->next)
        return offsets->position;
    return offsets->offset[slot(offsets, offsets->first)];
}

size_t offsets_open(const struct offsets *offsets)
{
    return (size_t)(offsets->next - offsets->first);
}
