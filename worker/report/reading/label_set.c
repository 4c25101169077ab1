/* label_set: the labels of stores, one verdict for each sample and target. */
#include "worker/report/reading/label_set.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"

static void take(void *owner, const struct label *label)
{
    struct label_set *set = owner;
    if ((set->stored_count & (set->stored_count - 1)) == 0) /* full at powers of two */
        set->stored = memory_resize(set->stored, set->stored_count ? 2 * set->stored_count : 1,
                                    sizeof *set->stored);
    set->stored[set->stored_count++] =
        (struct stored_label){.sample = memory_copy_str(label->sample),
                              .model = memory_copy_str(label->model),
                              .target = memory_copy_str(label->target),
                              .labeller = memory_copy_str(label->labeller),
                              .note = label->note.data ? memory_copy_str(label->note) : NULL,
                              .labelled_at_ms = label->labelled_at_ms,
                              .value = label->value,
                              .probability = label->probability};
}

void label_set_add(struct label_set *set, const char *dir, struct problems *partial)
{
    labels_each(dir, take, set, partial);
}

static int compare_target(const struct stored_label *a, const struct stored_label *b)
{
    int order = strcmp(a->sample, b->sample);
    if (order == 0)
        order = strcmp(a->model, b->model);
    return order ? order : strcmp(a->target, b->target);
}

static int by_key(const void *left, const void *right)
{
    const struct stored_label *a = left, *b = right;
    int order = compare_target(a, b);
    if (order == 0)
        order = strcmp(a->labeller, b->labeller);
    return order
               ? order
               : (a->labelled_at_ms > b->labelled_at_ms) - (a->labelled_at_ms < b->labelled_at_ms);
}

static void free_stored(struct stored_label *one)
{
    free(one->sample);
    free(one->model);
    free(one->target);
    free(one->labeller);
    free(one->note);
}

/* Two imports at a time may have written the same label into two shards. */
static void take_doubles_out(struct label_set *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->stored_count; i++) {
        if (kept > 0 && by_key(&set->stored[kept - 1], &set->stored[i]) == 0)
            free_stored(&set->stored[i]);
        else
            set->stored[kept++] = set->stored[i];
    }
    set->stored_count = kept;
}

/* Stored labels [from, to) of one sample and target. */
static struct sample_label merge(const struct stored_label *stored, size_t from, size_t to)
{
    struct sample_label item = {.sample = stored[from].sample,
                                .model = stored[from].model,
                                .target = stored[from].target,
                                .probability = NAN};
    for (size_t i = from; i < to; i++) {
        bool latest = i + 1 == to || strcmp(stored[i].labeller, stored[i + 1].labeller) != 0;
        if (!latest)
            continue;
        item.value += stored[i].value;
        item.labellers++;
        item.probability = fmax(item.probability, stored[i].probability); /* NAN yields */
    }
    item.value /= (double)item.labellers;
    return item;
}

void label_set_finish(struct label_set *set)
{
    if (set->stored_count == 0)
        return;
    qsort(set->stored, set->stored_count, sizeof *set->stored, by_key);
    take_doubles_out(set);
    set->items = memory_new(set->stored_count, sizeof *set->items);
    for (size_t from = 0, to; from < set->stored_count; from = to) {
        to = from + 1;
        while (to < set->stored_count && compare_target(&set->stored[from], &set->stored[to]) == 0)
            to++;
        set->items[set->count++] = merge(set->stored, from, to);
    }
}

void label_set_clear(struct label_set *set)
{
    for (size_t i = 0; i < set->stored_count; i++)
        free_stored(&set->stored[i]);
    free(set->stored);
    free(set->items);
    *set = (struct label_set){0};
}

/* As strcmp of a text without NULs, whose end is told by its size. */
static int compare_str(struct str text, const char *string)
{
    size_t size = strlen(string), common = size < text.size ? size : text.size;
    int order = memcmp(text.data, string, common);
    return order ? order : (text.size > size) - (text.size < size);
}

const struct sample_label *label_set_find(const struct label_set *set, struct str sample,
                                          struct str model, size_t *out_count)
{
    size_t low = 0, high = set->count, end;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_str(sample, set->items[middle].sample);
        if (order == 0)
            order = compare_str(model, set->items[middle].model);
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < set->count; end++)
        if (!str_is(sample, set->items[end].sample) || !str_is(model, set->items[end].model))
            break;
    *out_count = end - low;
    return end > low ? &set->items[low] : NULL;
}

/* The last stored label like `like`, of all times or of its own. */
static const struct stored_label *find_stored(const struct label_set *set, const struct label *like,
                                              bool same_time)
{
    const struct stored_label *found = NULL;
    size_t low = 0, high = set->stored_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_str(like->sample, set->stored[middle].sample) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < set->stored_count && str_is(like->sample, set->stored[low].sample); low++) {
        const struct stored_label *one = &set->stored[low];
        if (str_is(like->model, one->model) && str_is(like->target, one->target) &&
            str_is(like->labeller, one->labeller) &&
            (!same_time || one->labelled_at_ms == like->labelled_at_ms))
            found = one;
    }
    return found;
}

const struct stored_label *label_set_latest(const struct label_set *set, const struct label *like)
{
    return find_stored(set, like, false);
}

const struct stored_label *label_set_at(const struct label_set *set, const struct label *like)
{
    return find_stored(set, like, true);
}
