/* paired: the same prompts scored twice. */
#ifndef ASSAY_PAIRED_H
#define ASSAY_PAIRED_H

#include <stddef.h>

#include "worker/stats/interval.h"
#include "worker/stats/means.h"
#include "worker/stats/random.h"

/* Pass or fail of the same prompts by A and by B. */
struct paired_verdicts {
    double both, only_a, only_b, neither;
};

/* McNemar's test from the discordant pairs. */
struct mcnemar {
    double exact_p;    /* two-sided binomial; 1 without discordant pairs */
    double mid_p;      /* Lancaster: less conservative */
    double chi_square; /* no continuity correction; NAN without discordant pairs */
};

/* Whole counts. */
struct mcnemar mcnemar_test(struct paired_verdicts verdicts);
/* Correlation of the two verdicts, NAN when one of them never varies. */
double paired_phi(struct paired_verdicts verdicts);
/* Pass rate of A minus that of B: Newcombe 1998 (paired), method 10, phi corrected for continuity.
 * [-1, 1] without pairs. */
struct interval newcombe_paired_interval(struct paired_verdicts verdicts, double alpha);

/* Student's t of the differences B - A; see struct mean_difference for what is NAN when. */
struct mean_difference paired_t(const double *a, const double *b, size_t count, double alpha);
/* The same of the moments of the differences; n need not be whole (n_eff of weighted pairs). */
struct mean_difference paired_t_of(const struct moments *differences, double alpha);
/* Pearson's correlation; NAN when one side never varies. */
double correlation(const double *a, const double *b, size_t count);

/* Sign-flip permutation test that differences are symmetric around 0, two-sided on |sum|:
 * (1 + as extreme) / (1 + rounds), which is valid (Phipson and Smyth 2010). `rounds` >= 1; costs
 * count * rounds additions. 1 for count = 0. */
double sign_flip_p(const double *differences, size_t count, unsigned rounds, struct random *random);

#endif
