/* drift_verdict: worse, better, the same, or unknown. */
#ifndef ASSAY_DRIFT_VERDICT_H
#define ASSAY_DRIFT_VERDICT_H

#include <stdbool.h>

#include "worker/stats/interval.h"

enum drift_verdict {
    DRIFT_NOT_ENOUGH_DATA,      /* the interval allows for more than one of the others */
    DRIFT_NO_MEANINGFUL_CHANGE, /* the change is within the tolerance, that much is sure */
    DRIFT_BETTER,
    DRIFT_WORSE,
    DRIFT_CHANGED, /* BETTER or WORSE of what has no good end: drift_verdict_undirected */
};

/* From the interval of current - baseline, higher being better, and the tolerance > 0: the largest
 * change that would not matter. NAN ends give DRIFT_NOT_ENOUGH_DATA. */
enum drift_verdict drift_verdict(struct interval difference, double tolerance);
/* Whether it is worse, better or changed. */
bool drift_verdict_moved(enum drift_verdict verdict);
/* DRIFT_CHANGED for worse and better, else the verdict itself. */
enum drift_verdict drift_verdict_undirected(enum drift_verdict verdict);
/* "WORSE", "BETTER", "CHANGED", "NO_MEANINGFUL_CHANGE", "NOT_ENOUGH_DATA". */
const char *drift_verdict_name(enum drift_verdict verdict);

/* The effect that is there for sure, max(0, |delta| - half the width): what segments are ranked by,
 * never by the point estimate, which is largest where data are fewest. 0 for NAN ends. */
double guaranteed_effect(struct interval difference);

/* How fast a budget of failures is being spent: the failure rate over the rate that just spends it.
 * NAN without requests; `budget_rate` > 0. */
double burn_rate(double failures, double requests, double budget_rate);

/* Multi-window burn-rate alerts (Google SRE Workbook, chapter 5): fire when both windows burn at
 * `burn` or faster; the short window ends the alert soon after the trouble ends. */
struct burn_alert {
    double burn;
    double long_hours, short_hours;
    bool page; /* else a ticket */
};

enum { BURN_ALERTS = 3 };
extern const struct burn_alert BURN_ALERT[BURN_ALERTS];

#endif
