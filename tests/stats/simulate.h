/* simulate: seeded streams of scores and verdicts, and a table of what was measured. */
#ifndef TESTS_STATS_SIMULATE_H
#define TESTS_STATS_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/stats/random.h"
#include "worker/stats/score_bins.h"

/* A distribution of scores: what share lies at or below each bin. */
struct simulated_scores {
    double below[SCORE_BINS];
};

/* The beta distribution of this mean and standard deviation, in bins. */
void simulated_scores_beta(struct simulated_scores *scores, double mean, double sd);
/* 1 with this probability, else 0. */
void simulated_scores_verdicts(struct simulated_scores *scores, double rate);
/* The exact mean of what is drawn. */
double simulated_scores_mean(const struct simulated_scores *scores);
size_t simulated_scores_draw(const struct simulated_scores *scores, struct random *random);
void simulated_scores_window(const struct simulated_scores *scores, struct random *random, size_t n,
                             struct score_bins *out);

/* Events in n trials. */
double simulated_count(struct random *random, size_t n, double p);

/* One line of the table, and whether it is as it must be. */
enum measured_rule {
    MEASURED_NEAR,     /* within `slack` of what is stated */
    MEASURED_AT_MOST,  /* at most what is stated, plus `slack` */
    MEASURED_AT_LEAST, /* at least what is stated, minus `slack` */
    MEASURED_ONLY,     /* told for comparison */
};

void measured(const char *what, double value, enum measured_rule rule, double stated, double slack);
/* How many lines were not as they must be. */
unsigned measured_failures(void);

#endif
