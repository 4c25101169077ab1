/* priority_sample: k items that estimate any subset's sum. */
#include "worker/stats/priority_sample.h"

#include <stdbool.h>

void priority_sample_init(struct priority_sample *sample, struct priority_item *items, size_t k)
{
    *sample = (struct priority_sample){items, k + 1, 0};
}

/* Equal priorities are told apart by id, so that the result does not depend on the order. */
static bool is_less(const struct priority_item *a, const struct priority_item *b)
{
    return a->priority != b->priority ? a->priority < b->priority : a->id < b->id;
}

static void swap(struct priority_item *a, struct priority_item *b)
{
    struct priority_item item = *a;
    *a = *b;
    *b = item;
}

static void sift_up(struct priority_sample *sample, size_t at)
{
    struct priority_item *items = sample->items;
    for (; at > 0 && is_less(&items[at], &items[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&items[at], &items[(at - 1) / 2]);
}

static void sift_down(struct priority_sample *sample, size_t at)
{
    struct priority_item *items = sample->items;
    for (;;) {
        size_t least = at, left = 2 * at + 1;
        for (size_t child = left; child < left + 2 && child < sample->count; child++)
            if (is_less(&items[child], &items[least]))
                least = child;
        if (least == at)
            return;
        swap(&items[at], &items[least]);
        at = least;
    }
}

static void add(struct priority_sample *sample, struct priority_item item)
{
    if (sample->count < sample->room) {
        sample->items[sample->count++] = item;
        sift_up(sample, sample->count - 1);
    } else if (is_less(&sample->items[0], &item)) {
        sample->items[0] = item;
        sift_down(sample, 0);
    }
}

void priority_sample_add(struct priority_sample *sample, uint64_t id, double weight, double u)
{
    add(sample, (struct priority_item){id, weight, weight / u});
}

void priority_sample_merge(struct priority_sample *into, const struct priority_sample *other)
{
    for (size_t i = 0; i < other->count; i++)
        add(into, other->items[i]);
}

double priority_sample_tau(const struct priority_sample *sample)
{
    return sample->count == sample->room ? sample->items[0].priority : 0;
}

size_t priority_sample_first(const struct priority_sample *sample)
{
    return sample->count == sample->room ? 1 : 0;
}

double priority_sample_weight(const struct priority_sample *sample, size_t index)
{
    double weight = sample->items[index].weight, tau = priority_sample_tau(sample);
    return weight > tau ? weight : tau;
}
