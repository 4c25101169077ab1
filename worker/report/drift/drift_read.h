/* drift_read: cells of many shards become the series of a drift report. */
#ifndef ASSAY_DRIFT_READ_H
#define ASSAY_DRIFT_READ_H

#include "worker/report/drift/drift_report.h"

/* Adds the cells of report->question, told apart by report->breakdown, to report->series: integers,
 * so that neither the order of shards nor the threads that read them show. False: as cells_each, or
 * more than SAMPLING_THRESHOLDS_MAX probabilities (INPUT). */
bool drift_read(struct drift_report *report, struct stores *stores, struct error *error);

#endif
