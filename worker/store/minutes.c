/* minutes: what acked rows add to the minutes of metrics that are published. */
#include "worker/store/minutes.h"

#include <math.h>
#include <stdlib.h>
#include "schema/base/memory.h"

static bool same_minute(const struct minute *a, const struct minute *b)
{
    return a->minute_ms == b->minute_ms && strcmp(a->name, b->name) == 0 &&
           strcmp(a->kind, b->kind) == 0 && str_equal(a->model, b->model) &&
           str_equal(a->endpoint, b->endpoint) && str_equal(a->component, b->component);
}

static struct str keep(struct minutes *minutes, struct str text)
{
    return (struct str){arena_copy(&minutes->arena, text), text.size};
}

static struct minute *new_minute(struct minutes *minutes, const struct minute *key)
{
    struct minute *minute = memory_new(1, sizeof *minute);
    *minute = (struct minute){.minute_ms = key->minute_ms,
                              .model = keep(minutes, key->model),
                              .endpoint = keep(minutes, key->endpoint),
                              .component = keep(minutes, key->component),
                              .name = arena_copy(&minutes->arena, str_of(key->name)),
                              .kind = arena_copy(&minutes->arena, str_of(key->kind)),
                              .unit = key->unit};
    minutes->items = memory_resize(minutes->items, minutes->count + 1, sizeof(void *));
    minutes->items[minutes->count++] = minute;
    return minute;
}

void minutes_add(struct minutes *minutes, const struct minute *key, double value)
{
    if (!isfinite(value))
        return;
    size_t i = 0;
    while (i < minutes->count && !same_minute(minutes->items[i], key))
        i++;
    struct minute *minute = i < minutes->count ? minutes->items[i] : new_minute(minutes, key);
    histogram_add(&minute->values, value, 1);
}

void minutes_write(const struct minutes *minutes, struct store *store)
{
    for (size_t i = 0; i < minutes->count; i++)
        outbox_add(store, minutes->items[i]);
}

void minutes_clear(struct minutes *minutes)
{
    for (size_t i = 0; i < minutes->count; i++) {
        histogram_clear(&minutes->items[i]->values);
        free(minutes->items[i]);
    }
    free(minutes->items);
    arena_clear(&minutes->arena);
    *minutes = (struct minutes){0};
}
