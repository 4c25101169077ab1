/* onset: since when are scores different? */
#ifndef ASSAY_ONSET_H
#define ASSAY_ONSET_H

#include <stdbool.h>
#include <stddef.h>

/* Generalised likelihood ratio (Siegmund 1985) of one change of the mean at the boundary before
 * bucket k, k = 1 .. count - 1, over buckets in order of time. To say when, not whether: its
 * detection thresholds are unconfirmed. Buckets may be empty. */
struct onset_bucket {
    double n, sum, sum_squares; /* of scores or of verdicts (0 or 1); n is 0 or at least 1 */
};

/* profile[k] for k = 1 .. count - 1; profile[0] is -INFINITY, and so is every boundary without
 * values on both sides. */
struct onset {
    bool found;   /* false: no boundary has values on both sides; the rest is unset */
    size_t since; /* the first bucket after the likeliest boundary */
    double glr;   /* its ratio, in nats */
};

/* Verdicts: n1 kl(p1, p) + n2 kl(p2, p), Bernoulli, nats. Valid for scores, but wasteful. */
struct onset onset_verdicts(const struct onset_bucket *buckets, size_t count, double *profile);
/* Scores: (n1 n2 / N)(mean1 - mean2)^2 / (2 s^2), s^2 the variance within both sides together, N -
 * 2 degrees of freedom; INFINITY when each side is of equal values and they differ. */
struct onset onset_scores(const struct onset_bucket *buckets, size_t count, double *profile);

/* Within `drop` of the maximum: with drop 3 the set of such k covers the true boundary in 93-98 %
 * (simulated: tests/README.md). */
bool onset_is_possible(const struct onset *onset, const double *profile, size_t k, double drop);

#endif
