/* measure_sampling: are estimates of samples with unequal probabilities unbiased, and how sure? */
#ifndef TESTS_STATS_MEASURE_SAMPLING_H
#define TESTS_STATS_MEASURE_SAMPLING_H

/* Levels of reports, by weights alone and weighted to traffic; one line each by measured(). */
void measure_sampling(void);

#endif
