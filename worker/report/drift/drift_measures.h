/* drift_measures: rows of a drift report for what traffic looks like: lengths, tokens, latency.
 *
 * A measure drifts when the share of values at or below a quantile of the baseline does: so a row
 * of it is one of verdicts, whose mean is that share, and everything else is as with scores. */
#ifndef ASSAY_DRIFT_MEASURES_H
#define ASSAY_DRIFT_MEASURES_H

#include "worker/report/drift/drift_report.h"
#include "worker/store/measure.h"

/* How a measure is told of. */
struct measure_kind {
    const char *metric, *unit;
    enum measure measure;
    double scale;     /* from what the store counts in to the unit */
    double quantile;  /* of the baseline, which values are compared with; 0: it is a share itself */
    bool more_is_bad; /* else a change is neither worse nor better: DRIFT_CHANGED */
    double tolerance; /* of the share, where none was asked for */
};

/* Adds a series for each model and measure that the stores have, in no order, to report->series.
 * After drift_read. False: as drift_read. */
bool drift_measures_read(struct drift_report *report, struct stores *stores, struct error *error);

#endif
