/* mark_set: what happened to models from outside, of all stores. */
#include "worker/report/reading/mark_set.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/memory.h"
#include "worker/report/reading/remote.h"

static void take(void *owner, const struct mark *mark)
{
    struct mark_set *set = owner;
    set->items = memory_resize(set->items, set->count + 1, sizeof *set->items);
    set->items[set->count++] =
        (struct owned_mark){memory_copy_str(mark->model), memory_copy_str(mark->text), mark->at_ms};
}

void mark_set_add(struct mark_set *set, const char *store, struct problems *partial)
{
    struct error why = {0};
    if (!remote_is_url(store))
        marks_each(store, take, set, partial);
    else if (!remote_marks_each(store, take, set, &why))
        problems_add(partial, store, "its marks could not be read: %.300s", why.text);
}

static int by_time(const void *left, const void *right)
{
    const struct owned_mark *a = left, *b = right;
    int order = (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
    if (order == 0)
        order = strcmp(a->model, b->model);
    return order ? order : strcmp(a->text, b->text);
}

static void free_mark(struct owned_mark *mark)
{
    free(mark->model);
    free(mark->text);
}

void mark_set_finish(struct mark_set *set)
{
    size_t kept = 0;
    if (set->count > 0)
        qsort(set->items, set->count, sizeof *set->items, by_time);
    for (size_t i = 0; i < set->count; i++) {
        if (kept > 0 && by_time(&set->items[kept - 1], &set->items[i]) == 0)
            free_mark(&set->items[i]);
        else
            set->items[kept++] = set->items[i];
    }
    set->count = kept;
}

void mark_set_clear(struct mark_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free_mark(&set->items[i]);
    free(set->items);
    *set = (struct mark_set){0};
}

bool mark_is_of(const struct owned_mark *mark, const char *model, int64_t from_ms, int64_t to_ms)
{
    bool of_model = !model || !mark->model[0] || strcmp(mark->model, model) == 0;
    return of_model && mark->at_ms >= from_ms && mark->at_ms < to_ms;
}
