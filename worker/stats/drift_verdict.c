/* drift_verdict: worse, better, the same, or unknown. */
#include "worker/stats/drift_verdict.h"

#include <math.h>

/* They spend 2 %, 5 % and 10 % of a budget of 30 days. The workbook gives the last a short window
 * of six hours. */
const struct burn_alert BURN_ALERT[BURN_ALERTS] = {
    {14.4, 1, 1.0 / 12, true},
    {6, 6, 0.5, true},
    {1, 72, 6, false},
};

enum drift_verdict drift_verdict(struct interval difference, double tolerance)
{
    if (difference.high < -tolerance)
        return DRIFT_WORSE;
    if (difference.low > tolerance)
        return DRIFT_BETTER;
    if (difference.low >= -tolerance && difference.high <= tolerance)
        return DRIFT_NO_MEANINGFUL_CHANGE;
    return DRIFT_NOT_ENOUGH_DATA;
}

bool drift_verdict_moved(enum drift_verdict verdict)
{
    return verdict == DRIFT_WORSE || verdict == DRIFT_BETTER || verdict == DRIFT_CHANGED;
}

enum drift_verdict drift_verdict_undirected(enum drift_verdict verdict)
{
    return verdict == DRIFT_WORSE || verdict == DRIFT_BETTER ? DRIFT_CHANGED : verdict;
}

const char *drift_verdict_name(enum drift_verdict verdict)
{
    static const char *const names[] = {
        [DRIFT_NOT_ENOUGH_DATA] = "NOT_ENOUGH_DATA",
        [DRIFT_NO_MEANINGFUL_CHANGE] = "NO_MEANINGFUL_CHANGE",
        [DRIFT_BETTER] = "BETTER",
        [DRIFT_WORSE] = "WORSE",
        [DRIFT_CHANGED] = "CHANGED",
    };
    return names[verdict];
}

double guaranteed_effect(struct interval difference)
{
    return fmax(0, fmax(difference.low, -difference.high));
}

double burn_rate(double failures, double requests, double budget_rate)
{
    return requests > 0 ? failures / requests / budget_rate : NAN;
}
