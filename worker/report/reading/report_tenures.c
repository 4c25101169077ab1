/* report_tenures: does each offset count once? */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/memory.h"
#include "worker/report/reading/offset_ranges.h"
#include "worker/report/reading/resample_groups.h"
#include "worker/report/reading/stores.h"
#include "worker/store/db.h"

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

/* A shard counts an offset once, however often it comes back to it. */
static void check_overlap(struct stores *stores, const struct report_tenure *tenure,
                          const struct report_tenure *owner)
{
    if (!owner || tenure->start >= owner->acked_to || strcmp(owner->shard, tenure->shard) == 0)
        return;
    int64_t end = owner->acked_to < tenure->acked_to ? owner->acked_to : tenure->acked_to;
    problems_add(&stores->partial, "",
                 "offsets %" PRId64 " to %" PRId64 " of %.200s count twice: shard %s owned them "
                 "after another (stores that overlap, or a group that was rewound)",
                 tenure->start, end - 1, tenure->source, tenure->shard);
}

/* What was acked is in rollups. `tenures` are of one partition, by_place. */
static void cover_acked(struct stores *stores, const struct report_tenure *tenures, size_t count,
                        struct offset_ranges *covered)
{
    const struct report_tenure *owner = NULL; /* of the highest offset so far */
    for (size_t i = 0; i < count; i++) {
        const struct report_tenure *tenure = &tenures[i];
        check_predecessor(stores, tenure);
        if (tenure->acked_to <= tenure->start)
            continue;
        check_overlap(stores, tenure, owner);
        if (!owner || tenure->acked_to > owner->acked_to)
            owner = tenure;
        offset_ranges_add(covered, tenure->start, tenure->acked_to);
    }
}

static int by_age(const void *left, const void *right)
{
    const struct report_tenure *a = *(const struct report_tenure *const *)left;
    const struct report_tenure *b = *(const struct report_tenure *const *)right;
    if (a->opened_at_ms != b->opened_at_ms)
        return a->opened_at_ms > b->opened_at_ms ? -1 : 1;
    int order = strcmp(a->shard, b->shard);
    return order ? order : (a->number < b->number) - (a->number > b->number);
}

static void add_tail(struct stores *stores, const struct report_tenure *tenure,
                     struct offset_range range)
{
    stores->tails = memory_resize(stores->tails, stores->tail_count + 1, sizeof *stores->tails);
    stores->tails[stores->tail_count++] =
        (struct unacked_tail){tenure->shard_number, tenure->source_id, range.from, range.to};
    stores->pending += range.to - range.from;
}

/* What is scored and not acked is counted row by row, where nothing else covers it: two shards may
 * hold it, when a partition moved before the commit; the newest tenure's is taken. */
static void cover_tails(struct stores *stores, const struct report_tenure *tenures, size_t count,
                        struct offset_ranges *covered)
{
    const struct report_tenure **newest = memory_new(count, sizeof *newest);
    for (size_t i = 0; i < count; i++)
        newest[i] = &tenures[i];
    qsort(newest, count, sizeof *newest, by_age);
    for (size_t i = 0; i < count; i++) {
        int64_t from = newest[i]->acked_to, to = newest[i]->low_water;
        struct offset_range piece = offset_ranges_free(covered, from, to);
        for (; piece.from < piece.to; piece = offset_ranges_free(covered, piece.to, to)) {
            add_tail(stores, newest[i], piece);
            offset_ranges_add(covered, piece.from, piece.to);
        }
    }
    free(newest);
}

static void check_holes(struct stores *stores, const char *source,
                        const struct offset_ranges *covered)
{
    for (size_t i = 1; i < covered->count; i++)
        problems_add(&stores->partial, "",
                     "offsets %" PRId64 " to %" PRId64 " of %.200s are not counted: no shard that "
                     "was read answers for them",
                     covered->items[i - 1].to, covered->items[i].from - 1, source);
}

void stores_resolve(struct stores *stores)
{
    size_t count = stores->tenure_count;
    if (count > 0)
        qsort(stores->tenures, count, sizeof *stores->tenures, by_place);
    for (size_t first = 0, end; first < count; first = end) {
        const struct report_tenure *tenures = &stores->tenures[first];
        for (end = first + 1; end < count; end++)
            if (strcmp(stores->tenures[end].source, tenures->source) != 0)
                break;
        struct offset_ranges covered = {0};
        cover_acked(stores, tenures, end - first, &covered);
        cover_tails(stores, tenures, end - first, &covered);
        check_holes(stores, tenures->source, &covered);
        offset_ranges_clear(&covered);
    }
    resample_groups_join(stores);
}

const struct unacked_tail *stores_next_tail(const struct stores *stores,
                                            const struct open_shard *shard,
                                            const struct unacked_tail *after)
{
    for (size_t i = after ? (size_t)(after - stores->tails) + 1 : 0; i < stores->tail_count; i++)
        if (&stores->shards[stores->tails[i].shard_number] == shard)
            return &stores->tails[i];
    return NULL;
}

void stores_bind_tail(struct statement *query, const struct unacked_tail *tail)
{
    db_bind_int(query, tail->source_id);
    db_bind_int(query, tail->from);
    db_bind_int(query, tail->to);
}

bool stores_in_tail(const struct stores *stores, size_t shard, int64_t source_id, int64_t offset)
{
    for (size_t i = 0; i < stores->tail_count; i++) {
        const struct unacked_tail *tail = &stores->tails[i];
        if (tail->shard_number == shard && tail->source_id == source_id && tail->from <= offset &&
            offset < tail->to)
            return true;
    }
    return false;
}
