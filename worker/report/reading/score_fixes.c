/* score_fixes: scores that read otherwise once all shards are put together. */
#include "worker/report/reading/score_fixes.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/memory.h"
#include "schema/terminal.h"

enum row_status row_status_of(struct str text, struct str reason)
{
    static const char *const statuses[] = {[ROW_SCORED] = "scored",
                                           [ROW_NOT_APPLICABLE] = "not_applicable",
                                           [ROW_SKIPPED] = "skipped",
                                           [ROW_ERROR] = "error"};
    size_t i = 0;
    if (str_is(reason, TERMINAL_NOT_SAMPLED))
        return ROW_NOT_APPLICABLE;
    while (i < ROW_ERROR && !str_is(text, statuses[i]))
        i++;
    return (enum row_status)i;
}

void score_fixes_add(struct score_fixes *fixes, const struct score_fix *fix)
{
    if ((fixes->count & (fixes->count - 1)) == 0) /* full at powers of two */
        fixes->items = memory_resize(fixes->items, fixes->count ? 2 * fixes->count : 1,
                                     sizeof *fixes->items);
    fixes->items[fixes->count++] = *fix;
}

void score_fixes_clear(struct score_fixes *fixes)
{
    for (size_t i = 0; i < fixes->count; i++) {
        free(fixes->items[i].reason);
        free(fixes->items[i].label);
    }
    free(fixes->items);
    free(fixes->by_row);
    *fixes = (struct score_fixes){0};
}

/* ---- order ---- */

static int compare_ids(const int64_t *a, const int64_t *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static int compare_rows(const struct score_fix *a, const struct score_fix *b)
{
    const int64_t left[] = {(int64_t)a->shard, a->source, a->offset, a->criterion};
    const int64_t right[] = {(int64_t)b->shard, b->source, b->offset, b->criterion};
    return compare_ids(left, right, 4);
}

static int compare_places(const struct score_fix *a, const struct score_fix *b)
{
    const int64_t left[] = {a->criterion, a->model, a->segment, (int64_t)a->threshold};
    const int64_t right[] = {b->criterion, b->model, b->segment, (int64_t)b->threshold};
    return compare_ids(left, right, 4);
}

bool score_fix_same_place(const struct score_fix *a, const struct score_fix *b)
{
    return compare_places(a, b) == 0;
}

static int by_place(const void *left, const void *right)
{
    const struct score_fix *a = left, *b = right;
    if (a->shard != b->shard)
        return a->shard < b->shard ? -1 : 1;
    int order = compare_places(a, b);
    if (order == 0)
        order = (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
    return order ? order : compare_rows(a, b);
}

static int by_row(const void *left, const void *right, void *items)
{
    const struct score_fix *fixes = items;
    return compare_rows(&fixes[*(const size_t *)left], &fixes[*(const size_t *)right]);
}

void score_fixes_sort(struct score_fixes *fixes)
{
    if (fixes->count == 0)
        return;
    qsort(fixes->items, fixes->count, sizeof *fixes->items, by_place);
    fixes->by_row = memory_new(fixes->count, sizeof *fixes->by_row);
    for (size_t i = 0; i < fixes->count; i++)
        fixes->by_row[i] = i;
    qsort_r(fixes->by_row, fixes->count, sizeof *fixes->by_row, by_row, fixes->items);
}

/* ---- finding ---- */

const struct score_fix *score_fixes_of_row(const struct score_fixes *fixes, size_t shard,
                                           int64_t source, int64_t offset, int64_t criterion)
{
    const struct score_fix like = {
        .shard = shard, .source = source, .offset = offset, .criterion = criterion};
    size_t low = 0, high = fixes->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct score_fix *one = &fixes->items[fixes->by_row[middle]];
        int order = compare_rows(one, &like);
        if (order == 0)
            return one;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void score_fixes_of_shard(const struct score_fixes *fixes, size_t shard, size_t *out_first,
                          size_t *out_end)
{
    size_t first = 0;
    while (first < fixes->count && fixes->items[first].shard < shard)
        first++;
    size_t end = first;
    while (end < fixes->count && fixes->items[end].shard == shard)
        end++;
    *out_first = first;
    *out_end = end;
}

size_t score_fixes_at(const struct score_fixes *fixes, size_t first, size_t end,
                      const struct score_fix *like)
{
    while (first < end) {
        size_t middle = (first + end) / 2;
        const struct score_fix *one = &fixes->items[middle];
        int order = compare_places(one, like);
        if (order < 0 || (order == 0 && one->at_ms < like->at_ms))
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

/* ---- counting ---- */

static uint64_t *count_of(struct status_counts *counts, enum row_status status)
{
    switch (status) {
    case ROW_SCORED:
        return &counts->scored;
    case ROW_NOT_APPLICABLE:
        return &counts->not_applicable;
    case ROW_SKIPPED:
        return &counts->skipped;
    case ROW_ERROR:
        break;
    }
    return &counts->error;
}

/* Where a bin is, or would be. */
static size_t place_of(const struct cell_counts *counts, uint32_t bin)
{
    size_t at = 0;
    while (at < *counts->score_count && counts->scores[at].bin < bin)
        at++;
    return at;
}

static bool holds(const struct cell_counts *counts, size_t at, uint32_t bin)
{
    return at < *counts->score_count && counts->scores[at].bin == bin &&
           counts->scores[at].count > 0;
}

static void take_bin(const struct cell_counts *counts, size_t at)
{
    if (--counts->scores[at].count > 0)
        return;
    memmove(&counts->scores[at], &counts->scores[at + 1],
            (--*counts->score_count - at) * sizeof *counts->scores);
}

static void add_bin(const struct cell_counts *counts, uint32_t bin)
{
    size_t at = place_of(counts, bin);
    if (holds(counts, at, bin)) {
        counts->scores[at].count++;
        return;
    }
    memmove(&counts->scores[at + 1], &counts->scores[at],
            ((*counts->score_count)++ - at) * sizeof *counts->scores);
    counts->scores[at] = (struct bin_count){bin, 1};
}

bool score_fix_cell(const struct score_fix *fix, const struct cell_counts *counts)
{
    uint64_t *was = count_of(counts->statuses, fix->was.status);
    bool scored = fix->was.status == ROW_SCORED;
    uint32_t bin = scored ? (uint32_t)score_bin_of(fix->was.value) : 0;
    size_t at = place_of(counts, bin);
    if (*was == 0 || (scored && !holds(counts, at, bin)) ||
        (fix->was.passed == 1 && *counts->passed == 0))
        return false;
    --*was;
    ++*count_of(counts->statuses, fix->is.status);
    *counts->passed += (uint64_t)(fix->is.passed == 1) - (uint64_t)(fix->was.passed == 1);
    if (scored)
        take_bin(counts, at);
    if (fix->is.status == ROW_SCORED)
        add_bin(counts, (uint32_t)score_bin_of(fix->is.value));
    return true;
}
