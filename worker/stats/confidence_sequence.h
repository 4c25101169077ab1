/* confidence_sequence: intervals that hold at every look. */
#ifndef ASSAY_CONFIDENCE_SEQUENCE_H
#define ASSAY_CONFIDENCE_SEQUENCE_H

#include <stdint.h>

#include "worker/stats/interval.h"

/* betting_interval (evidence.h) is the one for merged histograms; these are for other inputs. */

/* Asymptotic (Waudby-Smith et al., arXiv 2103.06476): from size, mean and standard deviation, or
 * any standard error that is asymptotically normal: weighted, clustered or prediction-powered.
 * Tightest near n = tuned_n; trust it from some hundreds of values on. Half its width; sd >= 0, n
 * > 0. */
double asymptotic_radius(double n, double sd, double alpha, double tuned_n);

/* Predictable plug-in empirical Bernstein (arXiv 2010.09686, theorem 2) of one ordered stream of
 * values in [0,1]: depends on their order, so it cannot be merged. */
struct empirical_bernstein {
    double alpha;
    uint64_t t;              /* values so far */
    double bet;              /* lambda of the last value, at most 1/2 */
    double sum, sum_squares; /* of values; of squared distances from the mean so far */
    double bet_sum, weighted_sum, penalty;
};

void empirical_bernstein_init(struct empirical_bernstein *state, double alpha);
void empirical_bernstein_add(struct empirical_bernstein *state, double value);
/* Within [0, 1]. The intersection over all times is valid too. */
struct interval empirical_bernstein_interval(const struct empirical_bernstein *state);

/* Passes and failures against a rate p0: ln of the e-value of the Beta(1/2, 1/2) mixture, for
 * 0 < p0 < 1. Mergeable: it asks for the counts only. */
double beta_binomial_log_e(double successes, double failures, double p0);
/* The same against "the rate is at most p0": the mixture is cut to rates above p0. */
double beta_binomial_log_e_above(double successes, double failures, double p0);
/* All p0 with an e-value below 1 / alpha. By bisection, to 1e-12; [0, 1] without observations. */
struct interval beta_binomial_interval(double successes, double failures, double alpha);

#endif
