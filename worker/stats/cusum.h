/* cusum: the classical control charts, with exact run lengths. */
#ifndef ASSAY_CUSUM_H
#define ASSAY_CUSUM_H

#include <stdbool.h>

/* Page 1954. Beside the e-detector these need a rate or a mean that is known exactly. */

/* Failures at rate p0 against p1, 0 < p0 < p1 < 1: what a failure adds and a pass takes off. */
struct bernoulli_cusum {
    double increment_fail, increment_pass;
};

struct bernoulli_cusum bernoulli_cusum_for(double p0, double p1);
/* The next value of the chart, which starts at 0; alarm when it is at least h. The mean number of
 * verdicts to a false alarm is at least e^h (Lorden), mostly far above. */
double bernoulli_cusum_step(struct bernoulli_cusum chart, double value, bool failed);

/* Integer form (Reynolds and Stoumbos 1999): a failure adds m - 1, a pass takes off 1, not below 0;
 * alarm at h. */
struct lattice_cusum {
    unsigned m, h; /* 2 <= m, 1 <= h <= LATTICE_CUSUM_MAX */
};

enum { LATTICE_CUSUM_MAX = 4096 };

/* m as a real number for rates p0 and p1; round it. */
double lattice_cusum_m(double p0, double p1);
/* The p1 > p0 that m stands for: the inverse of lattice_cusum_m, by bisection. */
double lattice_cusum_implied_p1(unsigned m, double p0);
/* The exact mean number of verdicts to the alarm, from 0, when failures come at `rate`, 0 < rate <
 * 1: by the times and chances of first passage down each step, which needs no subtraction. Takes h
 * * m steps. */
double lattice_cusum_run_length(struct lattice_cusum chart, double rate);

/* Tabular CUSUM of standardised values (Montgomery): high = max(0, high + z - k), low likewise of
 * -z; alarm when either exceeds h. k = 0.5 and h = 5 are the usual ones. Zero-initialise. */
struct tabular_cusum {
    double high, low;
};

void tabular_cusum_step(struct tabular_cusum *chart, double z, double k);

#endif
