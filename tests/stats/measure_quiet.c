/* measure_quiet: what is said of windows in which nothing changed that would matter. */
#include "tests/stats/measure_quiet.h"

#include <math.h>
#include <stdio.h>

#include "tests/stats/simulate.h"
#include "worker/report/drift/drift.h"
#include "worker/stats/distance.h"
#include "worker/stats/kolmogorov_smirnov.h"
#include "worker/stats/ranks.h"

enum { VERDICT_RUNS = 4000, DISTANCE_RUNS = 2000, HOUR_MS = 3600000 };

static const double ALPHA = 0.05;

/* Three standard errors of a share of so many runs. */
static double noise(double share, int runs)
{
    return 3 * sqrt(share * (1 - share) / runs);
}

static void add_window(struct drift_series *series, int64_t at_ms, const struct score_bins *bins)
{
    struct bin_count scores[SCORE_BINS];
    struct drift_cell cell = {.bucket_ms = at_ms, .length_ms = HOUR_MS, .scores = scores};
    for (uint32_t q = 0; q < SCORE_BINS; q++) {
        if (bins->counts[q])
            scores[cell.score_count++] = (struct bin_count){q, (uint32_t)bins->counts[q]};
        cell.statuses.scored += bins->counts[q];
    }
    drift_series_add(series, &cell);
}

/* What assay report drift calls it. */
static enum drift_verdict reported(const struct score_bins *base, const struct score_bins *current,
                                   double tolerance)
{
    const struct drift_question question = {.base = {0, HOUR_MS},
                                            .current = {HOUR_MS, 2 * HOUR_MS},
                                            .tolerance = tolerance,
                                            .alpha = ALPHA,
                                            .power = 0.8};
    struct drift_series *series = drift_series_new(&question);
    struct drift_answer answer;
    add_window(series, 0, base);
    add_window(series, HOUR_MS, current);
    drift_series_answer(series, &answer);
    enum drift_verdict verdict = answer.all.verdict;
    drift_answer_clear(&answer);
    drift_series_free(series);
    return verdict;
}

static bool is_change(enum drift_verdict verdict)
{
    return verdict == DRIFT_WORSE || verdict == DRIFT_BETTER;
}

/* sd 0: a pass rate. */
struct stream {
    const char *name;
    double level, sd, tolerance;
};

static void simulate(const struct stream *stream, double level, struct simulated_scores *out)
{
    if (stream->sd > 0)
        simulated_scores_beta(out, level, stream->sd);
    else
        simulated_scores_verdicts(out, level);
}

/* Nothing changed; and a drop of just the tolerance, the largest that may not be called WORSE:
 * there the interval's whole level can be used up, and Newcombe's of rare failures errs on that
 * side rather than on both alike. */
static void verdict_cell(const struct stream *stream, size_t n1, size_t n2)
{
    struct random random = {(uint64_t)(stream->level * 1000) + n1 * 10 + n2};
    struct simulated_scores before, fallen;
    struct score_bins base, current;
    double changed = 0, fell = 0;
    char what[96];
    simulate(stream, stream->level, &before);
    simulate(stream, stream->level - stream->tolerance, &fallen);
    for (int run = 0; run < VERDICT_RUNS; run++) {
        simulated_scores_window(&before, &random, n1, &base);
        simulated_scores_window(&before, &random, n2, &current);
        changed += is_change(reported(&base, &current, stream->tolerance));
        simulated_scores_window(&fallen, &random, n2, &current);
        fell += is_change(reported(&base, &current, stream->tolerance));
    }
    snprintf(what, sizeof what, "%s: WORSE or BETTER, nothing changed", stream->name);
    measured(what, changed / VERDICT_RUNS, MEASURED_AT_MOST, ALPHA, 0);
    snprintf(what, sizeof what, "%s: WORSE or BETTER, fell by the tolerance", stream->name);
    measured(what, fell / VERDICT_RUNS, MEASURED_AT_MOST, ALPHA, 0);
}

static void distance_cell(size_t n1, size_t n2, double psi_stated, double ks_d_stated)
{
    struct random random = {n1 * 10 + n2};
    static struct ks_scratch scratch;
    struct simulated_scores scores;
    struct score_bins base, current;
    struct decile_bins deciles;
    double psi_high = 0, psi_p = 0, ks_p_low = 0, ks_high = 0, ranks = 0;
    simulated_scores_beta(&scores, 0.75, 0.2);
    for (int run = 0; run < DISTANCE_RUNS; run++) {
        simulated_scores_window(&scores, &random, n1, &base);
        simulated_scores_window(&scores, &random, n2, &current);
        decile_bins_fill(&deciles, &base, &current);
        double psi = population_stability_index(decile_bins_counts(&deciles), 0.5);
        double d = ks_statistic(&base, &current).d;
        /* an empty bin is infinite: other tools count it at a floor, far above .1 too */
        psi_high += population_stability_index(decile_bins_counts(&deciles), 0) >= 0.1;
        psi_p += psi_noise(psi, deciles.count, (double)n1, (double)n2).p <= ALPHA;
        ks_high += d >= 0.1;
        ks_p_low += ks_p(&base, &current, &scratch) <= ALPHA;
        ranks += mann_whitney(&base, &current).p <= ALPHA;
    }
    double slack = noise(ALPHA, DISTANCE_RUNS);
    measured("p of KS <= .05", ks_p_low / DISTANCE_RUNS, MEASURED_AT_MOST, ALPHA, slack);
    measured("p of Mann-Whitney <= .05", ranks / DISTANCE_RUNS, MEASURED_AT_MOST, ALPHA, slack);
    measured("p of PSI <= .05", psi_p / DISTANCE_RUNS, MEASURED_AT_MOST, ALPHA, slack);
    measured("PSI >= .1, nothing added to counts", psi_high / DISTANCE_RUNS, MEASURED_NEAR,
             psi_stated, 0.05);
    measured("KS D >= .1", ks_high / DISTANCE_RUNS, MEASURED_NEAR, ks_d_stated, 0.05);
}

void measure_quiet(void)
{
    static const struct stream streams[] = {{"scores of .75", .75, .2, .02},
                                            {"pass rate .95", .95, 0, .01},
                                            {"pass rate .99", .99, 0, .002}};
    static const struct {
        size_t n1, n2;
        double psi, ks;
    } cells[] = {{5000, 50, .86, .67}, {5000, 100, .40, .25}, {5000, 200, .02, .03},
                 {5000, 500, 0, 0},    {5000, 1000, 0, 0},    {1000, 100, .46, .29},
                 {1000, 1000, 0, 0}};
    for (size_t c = 0; c < sizeof cells / sizeof *cells; c++) {
        printf(" %zu scores against %zu\n", cells[c].n2, cells[c].n1);
        for (size_t s = 0; s < sizeof streams / sizeof *streams; s++)
            verdict_cell(&streams[s], cells[c].n1, cells[c].n2);
        distance_cell(cells[c].n1, cells[c].n2, cells[c].psi, cells[c].ks);
    }
}
