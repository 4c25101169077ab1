/* history: where samples come from that are to be scored again. */
#include "worker/intake/history.h"

#include <stdlib.h>
#include <string.h>
#include "schema/base/memory.h"

const char *record_skip_name(enum record_skip skip)
{
    static const char *const names[] = {[SKIP_NO_TEXT] = "no_text",
                                        [SKIP_DUPLICATE] = "duplicate",
                                        [SKIP_INVALID] = "invalid",
                                        [SKIP_FILTERED] = "filtered",
                                        [SKIP_NO_RECORD] = "no_record",
                                        [SKIP_UNREADABLE] = "unreadable"};
    return names[skip];
}

void chunk_clear(struct chunk *chunk)
{
    struct buffer bytes = chunk->bytes;
    buffer_reset(&bytes);
    chunk->part = chunk->count = 0;
    chunk->first = chunk->end = 0;
    memset(chunk->skipped, 0, sizeof chunk->skipped);
    chunk->bytes = bytes;
    chunk->next = NULL;
    chunk->task = NULL;
    chunk->place = NULL;
    chunk->continued = false;
    chunk->problem[0] = '\0';
}

void history_add_part(struct history *history, const struct history_part *part)
{
    history->parts = memory_resize(history->parts, history->part_count + 1, sizeof *history->parts);
    history->parts[history->part_count++] = *part;
}

void history_close(struct history *history)
{
    if (!history)
        return;
    history->kind->close(history->state);
    for (size_t i = 0; i < history->part_count; i++) {
        free(history->parts[i].topic);
        free(history->parts[i].incarnation);
        free(history->parts[i].name);
    }
    free(history->parts);
    free(history);
}

int history_part_order(const void *left, const void *right)
{
    const struct history_part *a = left, *b = right;
    int order = strcmp(a->topic, b->topic);
    if (order == 0)
        order = strcmp(a->incarnation, b->incarnation);
    return order ? order : (a->partition > b->partition) - (a->partition < b->partition);
}

struct history_part *history_find_part(const struct history *history, const char *topic,
                                       const char *incarnation, int32_t partition)
{
    const struct history_part wanted = {
        .topic = (char *)topic, .incarnation = (char *)incarnation, .partition = partition};
    return history->part_count ? bsearch(&wanted, history->parts, history->part_count,
                                         sizeof wanted, history_part_order)
                               : NULL;
}
