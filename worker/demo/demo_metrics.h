/* demo_metrics: what the stand-in for CloudWatch keeps of PutMetricData. */
#ifndef ASSAY_DEMO_METRICS_H
#define ASSAY_DEMO_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/str.h"

enum { DEMO_POINTS_MAX = 100000 };

/* One datum, with all its values. */
struct demo_point {
    char *namespace, *name;
    int64_t minute_ms; /* since 1970 UTC */
    int64_t count;     /* of values */
    double sum;
};

/* Zero-initialise; demo_metrics_clear gives the memory back. */
struct demo_metrics {
    struct demo_point *points;
    size_t count;
};

/* Takes the body of one call, AWS JSON 1.0, uncompressed. False, and nothing is kept, when it is
 * not one. */
bool demo_metrics_put(struct demo_metrics *metrics, struct str body);
void demo_metrics_clear(struct demo_metrics *metrics);

#endif
