/* measure_cells: what stores counted of latencies, lengths and tokens, cell by cell. */
#ifndef ASSAY_MEASURE_CELLS_H
#define ASSAY_MEASURE_CELLS_H

#include "worker/report/reading/cells.h"
#include "worker/store/measure.h"

/* Values of one measure, model and segment that were kept with one threshold, in one bucket. */
struct measure_cell_read {
    struct str model; /* borrowed during the call, as bins are; "": without one */
    enum measure measure;
    size_t segment; /* number in stores->segments */
    uint64_t threshold;
    int64_t bucket_ms, length_ms;
    const struct bin_count *bins; /* below MEASURE_BINS, ascending */
    size_t bin_count;
};

/* As cells_each: the live run, rows that are in no rollup yet as cells of one value. All measures
 * but MEASURE_EVALUATION_US, which says nothing of traffic. */
bool measure_cells_each(struct stores *stores, const struct cells_wanted *wanted,
                        bool (*take)(void *owner, const struct measure_cell_read *cell,
                                     struct error *error),
                        void *owner, struct error *error);

#endif
