/* evidence: e-values from the merged histogram. */
#ifndef ASSAY_EVIDENCE_H
#define ASSAY_EVIDENCE_H

#include <stddef.h>

#include "worker/stats/interval.h"
#include "worker/stats/score_bins.h"

/* An e-value has mean at most 1 while the hypothesis holds, however often one looks and whenever
 * one stops: "about e to 1 against chance", and p <= 1/e (Ville). Hypothesis here: every score's
 * mean, given what came before, is at least m. Betting (Waudby-Smith and Ramdas, arXiv
 * 2010.09686): each score x multiplies the wealth of the bet b by 1 + b (m - x) / (1 - m), never
 * below 0 for x in [0,1]. Products do not depend on order, so the merged histogram is enough.
 * Needs no distribution, sample size or independence; m must be known before the scores. */

/* The bets: 15/16 and 1/2, 1/4 .. 1/512, each with a tenth of the wealth: mixing costs at most
 * ln 10 against the best of them. Judge means want about 0.3, pass rates of 99 % about 0.01. */
enum { BETS = 10 };
extern const double BET[BETS];

/* ln of the wealth of each bet; merging windows is adding these. */
struct log_wealth {
    double of[BETS];
};

/* Evidence that the mean is below m, 0 < m < 1. */
struct log_wealth log_wealth_drop(const struct score_bins *bins, double m);
/* Evidence that the mean is above m: the same of 1 - score and 1 - m. */
struct log_wealth log_wealth_rise(const struct score_bins *bins, double m);
void log_wealth_add(struct log_wealth *into, const struct log_wealth *other);
/* ln of the mixture's e-value. */
double log_wealth_mix(const struct log_wealth *wealth);

double log_e_drop(const struct score_bins *bins, double m);
double log_e_rise(const struct score_bins *bins, double m);

/* Scores kept with unequal probabilities: one histogram for each weight, `share` = weight / largest
 * weight in (0, 1]. Adds the wealth against "the weighted mean is at least m". */
void log_wealth_add_weighted(struct log_wealth *into, const struct score_bins *bins, double share,
                             double m);

/* ln of a single bet on a single score, for streams that are not binned. 0 <= bet < 1. */
double log_bet_drop(double score, double m, double bet);

/* The p-value that an e-value gives: min(1, 1/e). */
double p_of_log_e(double log_e);
/* An e-value from a p-value: the calibrator p^-1/2 / 2 (Vovk and Wang 2021). INFINITY for p = 0. */
double e_of_p(double p);

/* Confidence sequence: the interval for the mean that holds at all times together with probability
 * 1 - alpha, all m that neither drop nor rise refutes at 2 / alpha. About 1.7 times as wide as the
 * interval of one look. By bisection, to 1e-12; [0, 1] for an empty histogram. */
struct interval betting_interval(const struct score_bins *bins, double alpha);

/* Current mean minus baseline's, both sides looked at any number of times: their sequences at
 * alpha / 2 each, subtracted. */
struct interval betting_difference_interval(const struct score_bins *base,
                                            const struct score_bins *current, double alpha);

/* Stands for "the mean was at least m" in alarms: the lower (1 - miss) bound of the baseline's
 * mean, minus the tolerance; the bound is wrong with probability `miss`, once, not at each look.
 * By Student's bound of the mean; NAN for fewer than 2 values. For pass rates use wilson_lower. */
double baseline_bound(const struct moments *base, double miss, double tolerance);

#endif
