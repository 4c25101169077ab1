/* measure_sampling: are estimates of samples with unequal probabilities unbiased, and how sure? */
#include "tests/stats/measure_sampling.h"

#include <math.h>
#include <stdio.h>

#include "tests/stats/simulate.h"
#include "worker/report/reading/level.h"
#include "worker/stats/sampling.h"

enum { RUNS = 4000, REQUESTS = 10000, STRATA = 5 };

static const double ALPHA = 0.05, POINTS = 0.015;

/* Shares of the traffic, how it scores, and what is kept of it. */
struct scenario {
    const char *name;
    double share[STRATA], mean[STRATA], probability[STRATA];
    double sd; /* of scores; 0: verdicts */
};

static const struct scenario SCENARIOS[] = {
    {"pass rates, rare strata fail",
     {.75, .15, .075, .02, .005},
     {.98, .95, .9, .7, .5},
     {.05, .1, .15, .3, 1},
     0},
    {"pass rates, common strata fail",
     {.75, .15, .075, .02, .005},
     {.8, .85, .9, .95, .5},
     {.05, .1, .15, .3, 1},
     0},
    {"pass rates, two strata a tenth apart",
     {.9, .1, 0, 0, 0},
     {.95, .4, .5, .5, .5},
     {.05, .5, 1, 1, 1},
     0},
    {"scores, rare strata are worse",
     {.75, .15, .075, .02, .005},
     {.85, .8, .7, .5, .4},
     {.05, .1, .15, .3, 1},
     .15},
};

/* What estimates came to, over runs. */
struct hits {
    double covered, sum, squares;
};

static void hit(struct hits *hits, const struct level *level, double truth)
{
    double error = level->mean - truth;
    hits->covered += level->ci.low <= truth && truth <= level->ci.high;
    hits->sum += error;
    hits->squares += error * error;
}

static void report(const struct scenario *scenario, const char *how, const struct hits *hits)
{
    char what[96];
    double bias = hits->sum / RUNS, sd = sqrt(hits->squares / RUNS - bias * bias);
    snprintf(what, sizeof what, "%s, %s", scenario->name, how);
    measured(what, hits->covered / RUNS, MEASURED_NEAR, 1 - ALPHA, POINTS);
    /* of RUNS errors the mean is off by their deviation / sqrt(RUNS) by chance */
    snprintf(what, sizeof what, "  bias in standard errors of one estimate");
    measured(what, bias / sd, MEASURED_NEAR, 0, 4 / sqrt(RUNS));
}

static void add_stratum(struct level_sums *sums, size_t stratum, double probability,
                        const struct score_bins *bins)
{
    struct bin_count scores[SCORE_BINS];
    struct status_counts statuses = {0};
    size_t count = 0;
    for (uint32_t bin = 0; bin < SCORE_BINS; bin++) {
        if (bins->counts[bin])
            scores[count++] = (struct bin_count){bin, (uint32_t)bins->counts[bin]};
        statuses.scored += bins->counts[bin];
    }
    level_add(sums, stratum, sampling_threshold(probability), scores, count, statuses);
}

static void run_once(const struct scenario *scenario, const struct simulated_scores *scores,
                     struct random *random, double truth, struct hits out[2])
{
    struct stratum_traffic traffic[STRATA];
    struct level_sums weighted = {0}, counted = {.traffic = traffic};
    for (size_t s = 0; s < STRATA; s++) {
        double probability = scenario->probability[s];
        double came = simulated_count(random, REQUESTS, scenario->share[s]);
        double kept = simulated_count(random, (size_t)came, probability);
        struct score_bins bins;
        traffic[s] = (struct stratum_traffic){kept > 0 ? came * probability / kept : 1,
                                              (uint64_t)came};
        simulated_scores_window(&scores[s], random, (size_t)kept, &bins);
        add_stratum(&weighted, s, probability, &bins);
        add_stratum(&counted, s, probability, &bins);
    }
    struct level by_weights = level_of(&weighted, ALPHA), by_traffic = level_of(&counted, ALPHA);
    hit(&out[0], &by_weights, truth);
    hit(&out[1], &by_traffic, truth);
    level_clear(&weighted);
    level_clear(&counted);
}

void measure_sampling(void)
{
    struct random random = {91};
    for (size_t i = 0; i < sizeof SCENARIOS / sizeof *SCENARIOS; i++) {
        const struct scenario *scenario = &SCENARIOS[i];
        struct simulated_scores scores[STRATA];
        struct hits hits[2] = {{0}};
        double truth = 0;
        for (size_t s = 0; s < STRATA; s++) {
            if (scenario->sd > 0)
                simulated_scores_beta(&scores[s], scenario->mean[s], scenario->sd);
            else
                simulated_scores_verdicts(&scores[s], scenario->mean[s]);
            truth += scenario->share[s] * simulated_scores_mean(&scores[s]);
        }
        for (int run = 0; run < RUNS; run++)
            run_once(scenario, scores, &random, truth, hits);
        report(scenario, "by weights", &hits[0]);
        report(scenario, "weighted to traffic", &hits[1]);
    }
}
