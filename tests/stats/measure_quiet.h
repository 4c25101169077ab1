/* measure_quiet: what is said of windows in which nothing changed that would matter. */
#ifndef TESTS_STATS_MEASURE_QUIET_H
#define TESTS_STATS_MEASURE_QUIET_H

/* The report's verdicts, and distances beside their usual alarm levels; one line each by
 * measured(). */
void measure_quiet(void);

#endif
