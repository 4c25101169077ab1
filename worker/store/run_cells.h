/* run_cells: what a rerun scored, criterion by criterion, over all its shards. Not for others. */
#ifndef ASSAY_RUN_CELLS_H
#define ASSAY_RUN_CELLS_H

#include <jansson.h>
#include "worker/store/lost_chunks.h"

struct run_cell;

/* Zero-initialise. */
struct run_cells {
    struct run_cell *items;
    size_t count;
};

/* Adds what the rollups of a shard hold of the run. */
void run_cells_read(struct run_cells *cells, struct db *db, const char *name);
/* And which of its scores are redacted, once all are read. */
void run_cells_read_redacted(struct run_cells *cells, struct db *db, const char *name);
/* Takes away what a chunk that does not count has added; `redacted`: of that, too. */
void run_cells_take(struct run_cells *cells, struct db *db, const struct lost_chunk *lost,
                    bool redacted);
/* The criteria of schema/rerun-summary.schema.json; the cells are gone. */
json_t *run_cells_json(struct run_cells *cells);

#endif
