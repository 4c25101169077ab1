/* truths: references that are known, and which object each sample that was fed lies in. */
#include "worker/feed/truths.h"

#include <stdlib.h>
#include "schema/base/memory.h"

struct truths {
    int64_t window_ms;
    struct truth *items;
    size_t count, room;
    struct ids *by_id; /* references */
    struct fed_object *objects;
    size_t object_count, object_room;
    struct ids *by_name; /* objects */
    struct ids *samples; /* objects by the ids of their samples */
};

struct truths *truths_new(int64_t window_ms)
{
    struct truths *truths = memory_new(1, sizeof *truths);
    truths->window_ms = window_ms;
    truths->by_id = ids_new();
    truths->by_name = ids_new();
    truths->samples = ids_new();
    return truths;
}

void truths_free(struct truths *truths)
{
    if (!truths)
        return;
    for (size_t i = 0; i < truths->count; i++)
        free(truths->items[i].reference);
    for (size_t i = 0; i < truths->object_count; i++)
        free(truths->objects[i].object.name);
    free(truths->items);
    free(truths->objects);
    ids_free(truths->by_id);
    ids_free(truths->by_name);
    ids_free(truths->samples);
    free(truths);
}

static uint32_t find(const struct ids *in, const struct str *ids, size_t count)
{
    uint32_t number = IDS_NONE;
    for (size_t i = 0; i < count && number == IDS_NONE; i++)
        if (ids[i].size)
            number = ids_find(in, ids[i]);
    return number;
}

static void set(struct ids *in, const struct str *ids, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i].size)
            ids_set(in, ids[i], number);
}

static bool is_near(const struct truths *truths, int64_t a_ms, int64_t b_ms)
{
    return llabs((long long)(a_ms - b_ms)) <= truths->window_ms;
}

/* ---- references ---- */

bool truths_add(struct truths *truths, const struct str *ids, size_t count, struct str reference,
                const struct truth *about, struct truth **out)
{
    if (find(truths->by_id, ids, count) != IDS_NONE)
        return false;
    if (truths->count == truths->room) {
        truths->room = truths->room ? truths->room * 2 : 256;
        truths->items = memory_resize(truths->items, truths->room, sizeof *truths->items);
    }
    set(truths->by_id, ids, count, (uint32_t)truths->count);
    *out = &truths->items[truths->count++];
    **out = *about;
    (*out)->reference = memory_copy_str(reference);
    return true;
}

struct truth *truths_find(const struct truths *truths, const struct str *ids, size_t count,
                          int64_t modified_ms)
{
    uint32_t number = find(truths->by_id, ids, count);
    struct truth *truth = number == IDS_NONE ? NULL : &truths->items[number];
    return truth && is_near(truths, truth->modified_ms, modified_ms) ? truth : NULL;
}

/* ---- samples ---- */

uint32_t truths_object(struct truths *truths, struct source *source,
                       const struct source_object *object)
{
    uint32_t number = ids_find(truths->by_name, str_of(object->name));
    if (number == IDS_NONE) {
        if (truths->object_count == truths->object_room) {
            truths->object_room = truths->object_room ? truths->object_room * 2 : 64;
            truths->objects =
                memory_resize(truths->objects, truths->object_room, sizeof *truths->objects);
        }
        number = (uint32_t)truths->object_count++;
        truths->objects[number] =
            (struct fed_object){.object.name = memory_copy_string(object->name)};
        ids_set(truths->by_name, str_of(object->name), number);
    }
    struct fed_object *fed = &truths->objects[number];
    char *name = fed->object.name;
    fed->object = *object;
    fed->object.name = name;
    fed->source = source;
    return number;
}

struct fed_object *truths_object_at(const struct truths *truths, uint32_t number)
{
    return &truths->objects[number];
}

void truths_add_sample(struct truths *truths, uint32_t object, const struct str *ids, size_t count,
                       int64_t bytes)
{
    set(truths->samples, ids, count, object);
    truths->objects[object].records++;
    truths->objects[object].bytes += bytes;
}

uint32_t truths_find_sample(const struct truths *truths, const struct str *ids, size_t count,
                            int64_t modified_ms)
{
    uint32_t number = find(truths->samples, ids, count);
    if (number == IDS_NONE ||
        !is_near(truths, truths->objects[number].object.modified_ms, modified_ms))
        return IDS_NONE;
    return number;
}

/* ---- what is too old ---- */

static void sweep_references(struct truths *truths, int64_t before_ms)
{
    uint32_t *numbers = memory_new(truths->count + 1, sizeof *numbers);
    size_t kept = 0;
    for (size_t i = 0; i < truths->count; i++) {
        bool old = truths->items[i].modified_ms < before_ms;
        numbers[i] = old ? IDS_NONE : (uint32_t)kept;
        if (old)
            free(truths->items[i].reference);
        else
            truths->items[kept++] = truths->items[i];
    }
    truths->count = kept;
    ids_renumber(truths->by_id, numbers);
    free(numbers);
}

static void sweep_samples(struct truths *truths, int64_t before_ms)
{
    uint32_t *numbers = memory_new(truths->object_count + 1, sizeof *numbers);
    size_t kept = 0;
    for (size_t i = 0; i < truths->object_count; i++) {
        bool old = truths->objects[i].object.modified_ms < before_ms;
        numbers[i] = old ? IDS_NONE : (uint32_t)kept;
        if (old)
            free(truths->objects[i].object.name);
        else
            truths->objects[kept++] = truths->objects[i];
    }
    truths->object_count = kept;
    ids_renumber(truths->by_name, numbers);
    ids_renumber(truths->samples, numbers);
    free(numbers);
}

void truths_sweep(struct truths *truths, int64_t before_ms)
{
    sweep_references(truths, before_ms);
    sweep_samples(truths, before_ms);
}
