/* metric: what a minute of scores of one model says, on its way to a metrics service. */
#ifndef ASSAY_METRIC_H
#define ASSAY_METRIC_H

#include <stddef.h>
#include <stdint.h>

enum metric_unit { METRIC_NONE, METRIC_COUNT, METRIC_MILLISECONDS };

/* Distinct values and how often each occurred in the minute: percentiles survive. Plain data;
 * strings are borrowed from whoever made it. */
struct metric {
    int64_t id;             /* of its row in the outbox */
    const char *model;      /* as the configuration names it, or "other" */
    const char *endpoint;   /* NULL when not known */
    const char *component;  /* SageMaker inference component, NULL when not known */
    const char *name;       /* "composite_quality_score", "samples_evaluated", ... */
    const char *kind;       /* what a name is split by ("timeout" of evaluation_errors), or NULL */
    enum metric_unit unit;
    int64_t minute_ms;      /* start of the minute of the event, since 1970 UTC */
    const double *values;   /* ascending, finite */
    const uint32_t *counts;
    size_t count;           /* of values */
};

#endif
