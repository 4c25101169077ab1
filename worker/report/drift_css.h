/* drift_css: the style of the drift report's page, drift.css. */
#ifndef ASSAY_DRIFT_CSS_H
#define ASSAY_DRIFT_CSS_H

extern const char drift_css[];

#endif
