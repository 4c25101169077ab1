/* prometheus: totals in Prometheus' text format, version 0.0.4. */
#ifndef ASSAY_PROMETHEUS_H
#define ASSAY_PROMETHEUS_H

#include "schema/base/buffer.h"
#include "worker/store/totals.h"

/* Appends every family with its series. Durations are in seconds, scores 0 to 1. */
void prometheus_write(const struct totals *totals, struct buffer *out);

#endif
