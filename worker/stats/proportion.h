/* proportion: intervals for one pass rate. */
#ifndef ASSAY_PROPORTION_H
#define ASSAY_PROPORTION_H

#include "worker/stats/interval.h"

/* k events among n verdicts, 0 <= k <= n; neither need be whole, so that effective sizes can be
 * used (survey.h). n = 0 gives [0, 1]: nothing is known. Two-sided, 0 < alpha < 1. */

/* Wilson 1927, the score interval; with 0 of n the upper end is about 3.84 / (n + 3.84) at 95 %. */
struct interval wilson_interval(double k, double n, double alpha);
/* Clopper and Pearson 1934: coverage is never below 1 - alpha, and mostly above. */
struct interval clopper_pearson_interval(double k, double n, double alpha);
/* Equal tails of Beta(k + 1/2, n - k + 1/2); no end is moved to 0 or 1. */
struct interval jeffreys_interval(double k, double n, double alpha);
/* The upper 95 % bound of a rate when none was seen, 3/n (Hanley and Lippman-Hand 1983), at most
 * 1. */
double rule_of_three(double n);
/* One-sided: the true rate is below this with probability at most alpha (Wilson). */
double wilson_lower(double k, double n, double alpha);

#endif
