/* alarm_cells: a list of cells, sorted, one of each place. */
#include "worker/alarm/alarm_cells.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/store/histogram.h"

void alarm_cells_add(struct alarm_cells *cells, const struct alarm_kept *cell)
{
    if (cells->count == cells->room) {
        cells->room = cells->room ? 2 * cells->room : 256;
        cells->items = memory_resize(cells->items, cells->room, sizeof *cells->items);
    }
    struct alarm_kept *copy = &cells->items[cells->count++];
    *copy = *cell;
    copy->histogram.data = memory_copy_str(cell->histogram);
}

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int alarm_cells_order(const void *left, const void *right)
{
    const struct alarm_kept *a = left, *b = right;
    int order = compare(a->at_ms, b->at_ms);
    order = order ? order : compare(a->series, b->series);
    order = order ? order : compare(a->segment, b->segment);
    return order ? order : (a->threshold > b->threshold) - (a->threshold < b->threshold);
}

bool alarm_cells_same(const struct alarm_kept *a, const struct alarm_kept *b)
{
    const struct status_counts *x = &a->statuses, *y = &b->statuses;
    return x->scored == y->scored && x->not_applicable == y->not_applicable &&
           x->skipped == y->skipped && x->error == y->error && a->passed == b->passed &&
           str_equal(a->histogram, b->histogram);
}

static void add(struct alarm_kept *into, const struct alarm_kept *cell)
{
    struct buffer both = {0};
    into->statuses.scored += cell->statuses.scored;
    into->statuses.not_applicable += cell->statuses.not_applicable;
    into->statuses.skipped += cell->statuses.skipped;
    into->statuses.error += cell->statuses.error;
    into->passed += cell->passed;
    bins_merge(into->histogram, cell->histogram, &both);
    free((char *)into->histogram.data);
    into->histogram = (struct str){memory_copy_str(buffer_str(&both)), both.size};
    buffer_clear(&both);
}

void alarm_cells_merge(struct alarm_cells *cells)
{
    size_t kept = 0;
    if (cells->count > 0)
        qsort(cells->items, cells->count, sizeof *cells->items, alarm_cells_order);
    for (size_t i = 0; i < cells->count; i++) {
        struct alarm_kept *last = kept > 0 ? &cells->items[kept - 1] : NULL;
        if (!last || alarm_cells_order(last, &cells->items[i]) != 0) {
            cells->items[kept++] = cells->items[i];
            continue;
        }
        add(last, &cells->items[i]);
        free((char *)cells->items[i].histogram.data);
    }
    cells->count = kept;
}

void alarm_cells_clear(struct alarm_cells *cells)
{
    for (size_t i = 0; i < cells->count; i++)
        free((char *)cells->items[i].histogram.data);
    free(cells->items);
    *cells = (struct alarm_cells){0};
}
