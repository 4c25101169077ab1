/* report_tenures: does each offset count once? */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "worker/report/stores.h"

/* By partition, then by offset, then by who. */
static int by_place(const void *left, const void *right)
{
    const struct report_tenure *a = left, *b = right;
    int order = strcmp(a->source, b->source);
    if (order == 0)
        order = (a->start > b->start) - (a->start < b->start);
    if (order == 0)
        order = (a->acked_to > b->acked_to) - (a->acked_to < b->acked_to);
    return order ? order : strcmp(a->shard, b->shard);
}

static bool has_shard(const struct stores *stores, const char *name, size_t size)
{
    for (size_t i = 0; i < stores->shard_count; i++)
        if (strlen(stores->shards[i].name) == size &&
            memcmp(stores->shards[i].name, name, size) == 0)
            return true;
    return false;
}

/* A tenure names whom it followed, "shard:number": a shard that nobody read is missing. */
static void check_predecessor(struct stores *stores, const struct report_tenure *tenure)
{
    size_t size = strcspn(tenure->predecessor, ":");
    if (size > 0 && tenure->predecessor[size] == ':' &&
        !has_shard(stores, tenure->predecessor, size))
        problems_add(&stores->partial, "", "shard %.*s is missing: it owned %.200s below %" PRId64,
                     (int)size, tenure->predecessor, tenure->source, tenure->start);
}

/* `counted_to`: where the counted offsets of the partition end so far, -1 before the first; `owner`
 * is the tenure that ends there. A shard counts an offset once, however often it comes back to it. */
static void check_start(struct stores *stores, const struct report_tenure *tenure,
                        int64_t counted_to, const struct report_tenure *owner)
{
    if (counted_to >= 0 && tenure->start < counted_to && strcmp(owner->shard, tenure->shard) != 0)
        problems_add(
            &stores->partial, "",
            "offsets %" PRId64 " to %" PRId64 " of %.200s count twice: shard %s owned them "
            "after another (stores that overlap, or a group that was rewound)",
            tenure->start, (counted_to < tenure->acked_to ? counted_to : tenure->acked_to) - 1,
            tenure->source, tenure->shard);
    if (counted_to >= 0 && tenure->start > counted_to)
        problems_add(&stores->partial, "",
                     "offsets %" PRId64 " to %" PRId64 " of %.200s are not counted: no shard that "
                     "was read answers for them",
                     counted_to, tenure->start - 1, tenure->source);
}

int64_t report_check_tenures(struct stores *stores)
{
    int64_t pending = 0;
    if (stores->tenure_count == 0)
        return 0;
    qsort(stores->tenures, stores->tenure_count, sizeof *stores->tenures, by_place);
    int64_t counted_to = -1;
    const struct report_tenure *owner = NULL;
    for (size_t i = 0; i < stores->tenure_count; i++) {
        const struct report_tenure *tenure = &stores->tenures[i];
        bool last = i + 1 == stores->tenure_count ||
                    strcmp(tenure->source, stores->tenures[i + 1].source) != 0;
        check_predecessor(stores, tenure);
        if (tenure->acked_to > tenure->start) {
            check_start(stores, tenure, counted_to, owner);
            if (tenure->acked_to > counted_to) {
                counted_to = tenure->acked_to;
                owner = tenure;
            }
        }
        if (last && tenure->low_water > tenure->acked_to)
            pending += tenure->low_water - tenure->acked_to;
        if (last)
            counted_to = -1;
    }
    return pending;
}
