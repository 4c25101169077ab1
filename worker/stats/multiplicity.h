/* multiplicity: many tests at once. */
#ifndef ASSAY_MULTIPLICITY_H
#define ASSAY_MULTIPLICITY_H

#include <stdbool.h>
#include <stddef.h>

/* Adjusted p-values: a row is rejected at level q iff its adjusted p is at most q. All rows that
 * were tested must be given, shown or hidden. Rows with a NAN p were not tested: they are left out
 * of the count and stay NAN. `order` is room for `count` indices; p and out_adjusted may be the
 * same array. */

/* Benjamini and Hochberg 1995: false discovery rate, under independence or positive dependence. */
void benjamini_hochberg(const double *p, size_t count, size_t *order, double *out_adjusted);
/* Benjamini and Yekutieli 2001: the same under any dependence; times the sum of 1/i. */
void benjamini_yekutieli(const double *p, size_t count, size_t *order, double *out_adjusted);
/* Holm 1979: the chance of any false rejection, under any dependence. */
void holm(const double *p, size_t count, size_t *order, double *out_adjusted);

/* e-BH (Wang and Ramdas, arXiv 2009.02824): rejects the k largest e-values, k the largest with
 * e_(k) >= count / (k alpha); false discovery rate at most alpha under any dependence. On current
 * values, never on running maxima. Given and compared as ln e; returns k. */
size_t e_benjamini_hochberg(const double *log_e, size_t count, double alpha, size_t *order,
                            bool *out_rejected);

#endif
