/* drift_languages: rows of a drift report for the languages that requests come in. */
#ifndef ASSAY_DRIFT_LANGUAGES_H
#define ASSAY_DRIFT_LANGUAGES_H

#include "worker/report/drift/drift_report.h"

/* Adds a series for each model and each of its DRIFT_LANGUAGES_MAX commonest languages, whose
 * mean is the language's share, where workers told requests apart by language and there are two at
 * least. After drift_read. False: as drift_read. */
enum { DRIFT_LANGUAGES_MAX = 6 };
bool drift_languages_read(struct drift_report *report, struct stores *stores, struct error *error);

#endif
