/* report_tenures: does each offset count once? */
#include <inttypes.h>
#include <stdlib.h>

#include "worker/report/drift_report.h"

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

static bool has_shard(const struct drift_report *report, const char *name, size_t size)
{
    for (size_t i = 0; i < report->shard_count; i++)
        if (strlen(report->shards[i]) == size && memcmp(report->shards[i], name, size) == 0)
            return true;
    return false;
}

/* A tenure names whom it followed, "shard:number": a shard that nobody read is missing. */
static void check_predecessor(struct drift_report *report, const struct report_tenure *tenure)
{
    size_t size = strcspn(tenure->predecessor, ":");
    if (size > 0 && tenure->predecessor[size] == ':' &&
        !has_shard(report, tenure->predecessor, size))
        problems_add(&report->partial, "", "shard %.*s is missing: it owned %.200s below %" PRId64,
                     (int)size, tenure->predecessor, tenure->source, tenure->start);
}

/* `counted_to`: where the counted offsets of the partition end so far, -1 before the first; `owner`
 * is the tenure that ends there. A shard counts an offset once, however often it comes back to it. */
static void check_start(struct drift_report *report, const struct report_tenure *tenure,
                        int64_t counted_to, const struct report_tenure *owner)
{
    if (counted_to >= 0 && tenure->start < counted_to && strcmp(owner->shard, tenure->shard) != 0)
        problems_add(
            &report->partial, "",
            "offsets %" PRId64 " to %" PRId64 " of %.200s count twice: shard %s owned them "
            "after another (stores that overlap, or a group that was rewound)",
            tenure->start, (counted_to < tenure->acked_to ? counted_to : tenure->acked_to) - 1,
            tenure->source, tenure->shard);
    if (counted_to >= 0 && tenure->start > counted_to)
        problems_add(&report->partial, "",
                     "offsets %" PRId64 " to %" PRId64 " of %.200s are not counted: no shard that "
                     "was read answers for them",
                     counted_to, tenure->start - 1, tenure->source);
}

void report_check_tenures(struct drift_report *report)
{
    if (report->tenure_count == 0)
        return;
    qsort(report->tenures, report->tenure_count, sizeof *report->tenures, by_place);
    int64_t counted_to = -1;
    const struct report_tenure *owner = NULL;
    for (size_t i = 0; i < report->tenure_count; i++) {
        const struct report_tenure *tenure = &report->tenures[i];
        bool last = i + 1 == report->tenure_count ||
                    strcmp(tenure->source, report->tenures[i + 1].source) != 0;
        check_predecessor(report, tenure);
        if (tenure->acked_to > tenure->start) {
            check_start(report, tenure, counted_to, owner);
            if (tenure->acked_to > counted_to) {
                counted_to = tenure->acked_to;
                owner = tenure;
            }
        }
        if (last && tenure->low_water > tenure->acked_to)
            report->pending += tenure->low_water - tenure->acked_to;
        if (last)
            counted_to = -1;
    }
}
