/* alarm_cells: a list of cells, sorted, one of each place. */
#ifndef ASSAY_ALARM_CELLS_H
#define ASSAY_ALARM_CELLS_H

#include "worker/alarm/alarm_kept.h"

/* Zero-initialise; alarm_cells_clear gives the memory back. */
struct alarm_cells {
    struct alarm_kept *items; /* each owns its histogram */
    size_t count, room;
};

/* Copies. */
void alarm_cells_add(struct alarm_cells *cells, const struct alarm_kept *cell);
/* Sorts by place, and adds up cells of one place. */
void alarm_cells_merge(struct alarm_cells *cells);
void alarm_cells_clear(struct alarm_cells *cells);

/* By time, series, segment, threshold; 0: the same place. */
int alarm_cells_order(const void *left, const void *right);
/* Whether both count the same. */
bool alarm_cells_same(const struct alarm_kept *a, const struct alarm_kept *b);

#endif
