/* interval: two ends; NAN ends where nothing can be said. */
#ifndef ASSAY_INTERVAL_H
#define ASSAY_INTERVAL_H

/* Closed: low <= high. Every function that returns one says what it covers and how often. Where the
 * data are too few (no observation, no variance), both ends are NAN: comparisons with them are
 * false, so that a verdict made of them is NOT_ENOUGH_DATA. */
struct interval {
    double low, high;
};

/* Two-sided confidence levels are given as alpha, the probability of missing: 0.05 for 95 %. */

#endif
