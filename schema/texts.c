/* texts: pieces of text that are joined in the end. */
#include "schema/texts.h"

enum { ROOM_FIRST = 8 };

void texts_add(struct texts *texts, struct str piece, struct arena *arena)
{
    if (texts->count == texts->room) {
        texts->room = texts->room ? texts->room * 2 : ROOM_FIRST;
        struct str *items = arena_alloc(arena, texts->room * sizeof *items);
        if (texts->count)
            memcpy(items, texts->items, texts->count * sizeof *items);
        texts->items = items;
    }
    texts->items[texts->count++] = piece;
}

struct str texts_join(const struct texts *texts, struct str between, struct arena *arena)
{
    if (texts->count == 0)
        return (struct str){0};
    if (texts->count == 1)
        return texts->items[0];
    size_t size = between.size * (texts->count - 1);
    for (size_t i = 0; i < texts->count; i++)
        size += texts->items[i].size;
    char *joined = arena_alloc(arena, size ? size : 1), *to = joined;
    for (size_t i = 0; i < texts->count; i++) {
        if (i > 0 && between.size)
            to = (char *)memcpy(to, between.data, between.size) + between.size;
        if (texts->items[i].size)
            to = (char *)memcpy(to, texts->items[i].data, texts->items[i].size) +
                 texts->items[i].size;
    }
    return (struct str){joined, size};
}
