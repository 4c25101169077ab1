/* level: how good one window was, and how sure that is. */
#ifndef ASSAY_LEVEL_H
#define ASSAY_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/stats/evidence.h"
#include "worker/stats/means.h"
#include "worker/stats/score_bins.h"
#include "worker/stats/survey.h"

/* Samples were kept with few different probabilities: a histogram for each of them. */
enum { SAMPLING_THRESHOLDS_MAX = 64 };

struct sampled_bins {
    uint64_t threshold; /* of sampling: kept iff the 56 bits of the hash are at least this */
    struct score_bins bins;
    uint64_t missing; /* skipped or error */
};

/* What criteria said of the samples of a window; each a count. */
struct status_counts {
    uint64_t scored, not_applicable, skipped, error;
};

/* Of a stratum: how much of it came (traffic_counts.h). */
struct stratum_traffic {
    double factor;    /* requests that came / those that what was kept stands for; 1: not counted */
    uint64_t arrived; /* records */
};

/* Scores of one stratum that were kept with one threshold. */
struct stratum_sums {
    size_t stratum; /* place in `traffic` */
    uint64_t threshold;
    struct score_sums scores;
    uint64_t missing;
};

/* Zero-initialise; level_clear gives the memory back. */
struct level_sums {
    struct sampled_bins *sampled; /* ascending by threshold, so that sums do not depend on order */
    size_t sampled_count;
    struct status_counts statuses;
    /* What came of each stratum, borrowed, set before anything is added: weights are scaled to it.
     * NULL: nobody counted. */
    const struct stratum_traffic *traffic;
    struct stratum_sums *strata; /* ascending by stratum and threshold; none without traffic */
    size_t stratum_count;
};

/* So many scores in a bin. */
struct bin_count {
    uint32_t bin, count;
};

/* Adds scores of one stratum (no matter without traffic) and threshold; false when there are too
 * many thresholds. */
bool level_add(struct level_sums *sums, size_t stratum, uint64_t threshold,
               const struct bin_count *scores, size_t score_count, struct status_counts statuses);
/* Adds all of `other`, of the same traffic, which has no threshold beyond the limit. */
void level_merge(struct level_sums *sums, const struct level_sums *other);
void level_clear(struct level_sums *sums);

struct level {
    uint64_t n;      /* scored */
    double n_eff;    /* Kish: as many equally weighted scores tell as much */
    double n_rate;   /* of verdicts: survey_rate_size; else n_eff */
    double weight;   /* requests it stands for: the sum of 1 / probability, scaled to traffic */
    double mean;     /* Hajek; post-stratified where traffic was counted; NAN without scores */
    double variance; /* of the mean, super-population; NAN below two scores */
    bool verdicts;   /* every score is 0 or 1 */
    struct interval ci;
    double missing; /* weighted share of skipped and error of what should have a score */
    struct interval missing_bounds; /* of the mean, whatever the missing scores had been */
};

/* Pass rates get Wilson's interval of n_rate, scores Student's of n_eff. */
struct level level_of(const struct level_sums *sums, double alpha);

/* n_eff in n, and an m2 such that m2 / (n - 1) / n is the variance of the weighted mean. */
struct moments level_moments(const struct level *level);

/* The same of sums over several windows; of statuses it knows nothing: `missing` is 0. */
struct level level_of_survey(const struct survey_sums *survey, bool verdicts, double alpha);

/* Current minus baseline. */
struct level_difference {
    double delta;
    double se; /* NAN when it is unknown */
    double p;  /* two-sided, of no difference; NAN when it is unknown */
    struct interval ci;
};

/* Newcombe for verdicts on both sides (p by Fisher's test where all weights are equal, else by the
 * pooled z), Welch for scores: with equal weights exactly theirs, else with n_rate or n_eff and
 * the Hajek variance in place of n and the sample's. NAN: a side has too few scores. */
struct level_difference level_difference(const struct level *base, const struct level *current,
                                         bool equal_weights, double alpha);

/* What stands for "as good as the baseline" in alarms: the baseline's mean, sure but for 1 % from
 * below (Wilson, or Student), minus the tolerance. NAN when it is unknown. */
double level_bound(const struct level *base, double tolerance);
/* What each bet won against "the weighted mean is at least m" (for a rise: at most m), with m
 * between 0 and 1. */
struct log_wealth level_log_wealth(const struct level_sums *current, double m, bool rise);

/* ln of the e-value against "the mean is not worse (or, for a rise, not better) than the baseline
 * by more than the tolerance", the baseline's bound being wrong with 1 %. NAN: unknown. */
double level_log_e(const struct level *base, const struct level_sums *current, double tolerance,
                   bool rise);

/* Are all scores of both windows of one weight? */
bool level_equal_weights(const struct level_sums *base, const struct level_sums *current);

#endif
