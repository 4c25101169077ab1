/* drift_plot: the pictures of a drift report, as SVG that a page holds. */
#ifndef ASSAY_DRIFT_PLOT_H
#define ASSAY_DRIFT_PLOT_H

#include "worker/report/drift/drift_report.h"

/* Classes are those of page.css; colours never tell alone. Titles and descriptions say for those
 * who cannot see it what a picture shows. `id` is unique in the page. */

/* The mean of each step with its interval, the baseline's mean with the tolerance around it, the
 * window, and the hours in which the change may have begun. */
void drift_plot_trend(const struct drift_report *report, const struct report_series *series,
                      size_t id, struct buffer *out);
/* The change of rows 0 .. count - 1 with its interval, each over its tolerance. */
void drift_plot_changes(const struct drift_report *report, size_t count, struct buffer *out);

#endif
