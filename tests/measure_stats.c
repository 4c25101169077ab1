/* measure_stats: do the statistics keep their promises on simulated streams?
 *
 *   measure_stats [coverage] [labels] [sampling] [quiet] [run-length] [delay] [onset]
 *
 * Without a name, all of them: a few minutes. Seeded: every run prints the same. Exit status 1 when
 * a line is SHORT. The stated figures are nominal levels, or an independent simulation
 * in Python; the slack is 1.5 points for coverages, else what the number of runs allows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/stats/measure_quiet.h"
#include "tests/stats/measure_sampling.h"
#include "tests/stats/simulate.h"
#include "worker/stats/e_detector.h"
#include "worker/stats/means.h"
#include "worker/stats/onset.h"
#include "worker/stats/paired.h"
#include "worker/stats/prediction_powered.h"
#include "worker/stats/proportion.h"
#include "worker/stats/ranks.h"
#include "worker/stats/rogan_gladen.h"
#include "worker/stats/two_proportions.h"

enum { MANY = 10000, SOME = 2000, FEW = 200 };

static const double POINTS = 0.015; /* 1.5 points of coverage */

static bool covers(struct interval interval, double truth)
{
    return interval.low <= truth && truth <= interval.high;
}

/* --- coverage: intervals of one look --- */

static void cover_differences(size_t n1, size_t n2, double p, double newcombe, double wald)
{
    struct random random = {n1 + n2};
    char what[96];
    double hits[2] = {0};
    for (int run = 0; run < MANY; run++) {
        struct two_proportions pair = {simulated_count(&random, n1, p), (double)n1,
                                       simulated_count(&random, n2, p), (double)n2};
        hits[0] += covers(newcombe_interval(pair, 0.05), 0);
        hits[1] += covers(wald_difference_interval(pair, 0.05), 0);
    }
    snprintf(what, sizeof what, "Newcombe, %zu against %zu, rate %g", n1, n2, p);
    measured(what, hits[0] / MANY, MEASURED_NEAR, newcombe, POINTS);
    snprintf(what, sizeof what, "Wald, to compare, %zu against %zu, rate %g", n1, n2, p);
    measured(what, hits[1] / MANY, MEASURED_NEAR, wald, POINTS);
}

static void cover_rates(void)
{
    struct random random = {21};
    double wilson = 0, exact = 0, paired = 0, corrected = 0;
    for (int run = 0; run < MANY; run++) {
        /* coverage at one rate saws up and down with it: an average over rates is told */
        double rate = 0.02 + 0.48 * random_unit(&random), k = simulated_count(&random, 200, rate);
        wilson += covers(wilson_interval(k, 200, 0.05), rate);
        exact += covers(clopper_pearson_interval(k, 200, 0.05), rate);
        /* the same 200 prompts: .6 both pass, .2 only A, .1 only B */
        struct paired_verdicts verdicts = {0};
        for (int i = 0; i < 200; i++) {
            double u = random_unit(&random);
            *(u < .6   ? &verdicts.both
              : u < .8 ? &verdicts.only_a
              : u < .9 ? &verdicts.only_b
                       : &verdicts.neither) += 1;
        }
        paired += covers(newcombe_paired_interval(verdicts, 0.05), 0.1);
        /* a judge of sensitivity .9 and specificity .95 looks at a rate of .1 */
        struct judged_rate judged = {simulated_count(&random, 2000, .1 * .9 + .9 * .05),
                                     2000,
                                     simulated_count(&random, 100, .9),
                                     100,
                                     simulated_count(&random, 300, .95),
                                     300};
        corrected += covers(rogan_gladen(judged, 0.05).ci, 0.1);
    }
    measured("Wilson, 200, rates .02 to .5", wilson / MANY, MEASURED_NEAR, 0.95, POINTS);
    measured("Clopper-Pearson, 200, rates .02 to .5", exact / MANY, MEASURED_AT_LEAST, 0.95, 0.005);
    measured("Newcombe paired, 200 prompts", paired / MANY, MEASURED_NEAR, 0.95, POINTS);
    measured("Rogan-Gladen by Lang and Reiczigel", corrected / MANY, MEASURED_NEAR, 0.95, POINTS);
}

static void cover_scores(void)
{
    struct random random = {22};
    struct simulated_scores before, now;
    struct score_bins base, current;
    double welch = 0, cliff = 0, shift = 0, median = 0;
    simulated_scores_beta(&before, 0.75, 0.2);
    simulated_scores_beta(&now, 0.70, 0.2);
    double truth = simulated_scores_mean(&now) - simulated_scores_mean(&before), auc = 0, below = 0;
    for (size_t q = 0; q < SCORE_BINS; q++) {
        double b = before.below[q] - (q ? before.below[q - 1] : 0);
        double c = now.below[q] - (q ? now.below[q - 1] : 0);
        auc += c * (below + b / 2);
        below += b;
    }
    double middle = 0;
    while (now.below[(size_t)middle] < 0.5)
        middle++;
    for (int run = 0; run < SOME; run++) {
        simulated_scores_window(&before, &random, 1000, &base);
        simulated_scores_window(&now, &random, 200, &current);
        struct moments mb = score_bins_moments(&base), mc = score_bins_moments(&current);
        welch += covers(welch_t(&mb, &mc, 0.05).ci, truth);
        cliff += covers(brunner_munzel(&base, &current, 0.05).cliff_ci, 2 * auc - 1);
        median += covers(score_bins_quantile_interval(&current, 0.5, 0.05), middle / SCORE_BIN_TOP);
        simulated_scores_window(&before, &random, 200, &current);
        shift += covers(hodges_lehmann(&base, &current, 0.05).ci, 0);
    }
    measured("Welch, 1000 against 200 skewed scores", welch / SOME, MEASURED_NEAR, 0.95, POINTS);
    measured("Cliff's delta by Brunner-Munzel", cliff / SOME, MEASURED_NEAR, 0.95, POINTS);
    measured("Hodges-Lehmann shift, no drift", shift / SOME, MEASURED_NEAR, 0.95, POINTS);
    measured("median by order statistics, 200", median / SOME, MEASURED_AT_LEAST, 0.95, 0.005);
}

/* A look after each ten scores, ever. */
static void cover_any_time(void)
{
    struct random random = {23};
    struct simulated_scores scores;
    double missed = 0;
    simulated_scores_beta(&scores, 0.75, 0.2);
    double mean = simulated_scores_mean(&scores);
    for (int run = 0; run < FEW; run++) {
        struct score_bins all = {0}, more;
        bool out = false;
        for (int look = 0; look < 100 && !out; look++) {
            simulated_scores_window(&scores, &random, 10, &more);
            score_bins_merge(&all, &more);
            out = log_e_drop(&all, mean) >= log(40) || log_e_rise(&all, mean) >= log(40);
        }
        missed += out;
    }
    measured("betting interval, missed at any of 100 looks", missed / FEW, MEASURED_AT_MOST, 0.05,
             0);
}

static void coverage(void)
{
    cover_differences(5000, 200, 0.01, 0.960, 0.866);
    cover_differences(5000, 100, 0.05, 0.957, 0.896);
    cover_rates();
    cover_scores();
    cover_any_time();
}

/* --- labels: a few labels, a judge of sensitivity .85 and specificity .92, 2000 judged --- */

static bool judge(struct random *random, bool truth)
{
    return random_unit(random) < (truth ? 0.85 : 0.08);
}

struct label_hits {
    double wald, wilson, full, tuned, chosen;
};

static void label_once(struct random *random, size_t n, double rate, struct label_hits *hits)
{
    struct labelled_sums labelled = {0};
    for (size_t i = 0; i < n; i++) {
        bool truth = random_unit(random) < rate;
        labelled_add(&labelled, truth, judge(random, truth));
    }
    double positive = simulated_count(random, 2000, rate * 0.85 + (1 - rate) * 0.08);
    struct moments unlabelled = moments_of_proportion(positive, 2000);
    double tuned = ppi_lambda(&labelled, &unlabelled, PPI_DIVISOR_N, true);
    double k = labelled.label.mean * (double)n;
    struct interval by[] = {
        wilson_interval(round(k), (double)n, 0.05),
        ppi_interval(ppi_mean(&labelled, &unlabelled, 1, PPI_DIVISOR_N), 0.05),
        ppi_interval(ppi_mean(&labelled, &unlabelled, tuned, PPI_DIVISOR_N), 0.05),
    };
    struct ppi_estimate people = ppi_mean(&labelled, &unlabelled, 0, PPI_DIVISOR_N);
    hits->wald += covers(ppi_interval(people, 0.05), rate);
    hits->wilson += covers(by[0], rate);
    hits->full += covers(by[1], rate);
    hits->tuned += covers(by[2], rate);
    hits->chosen += covers(by[ppi_is_advisable(round(k), (double)n - round(k)) ? 2 : 0], rate);
}

static void labels(void)
{
    static const struct {
        size_t n;
        double rate, wald, wilson, full, tuned;
    } cells[] = {
        {20, .7, .949, .977, .881, .870},   {50, .7, .931, .955, .935, .923},
        {100, .7, .948, .936, .948, .942},  {200, .7, .944, .950, .946, .944},
        {50, .05, .922, .964, .901, .891},  {100, .05, .877, .967, .930, .892},
        {200, .05, .924, .965, .947, .921},
    };
    for (size_t c = 0; c < sizeof cells / sizeof *cells; c++) {
        struct random random = {31 + c};
        struct label_hits hits = {0};
        char what[96];
        for (int run = 0; run < MANY; run++)
            label_once(&random, cells[c].n, cells[c].rate, &hits);
        const struct {
            const char *name;
            double hits, stated;
        } columns[] = {{"people, Wald", hits.wald, cells[c].wald},
                       {"people, Wilson", hits.wilson, cells[c].wilson},
                       {"PPI, lambda 1", hits.full, cells[c].full},
                       {"PPI++", hits.tuned, cells[c].tuned}};
        for (size_t i = 0; i < 4; i++) {
            snprintf(what, sizeof what, "%zu labels, rate %g: %s", cells[c].n, cells[c].rate,
                     columns[i].name);
            measured(what, columns[i].hits / MANY, MEASURED_NEAR, columns[i].stated, POINTS);
        }
        snprintf(what, sizeof what, "%zu labels, rate %g: by rule", cells[c].n, cells[c].rate);
        measured(what, hits.chosen / MANY, MEASURED_AT_LEAST, 0.95, POINTS);
    }
}

/* --- run length and delay: the Shiryaev-Roberts e-detector --- */

/* Hours to the alarm, at most `limit`; the change comes before hour `change`. */
static double hours_to_alarm(const struct simulated_scores *before,
                             const struct simulated_scores *after, size_t change, size_t per_hour,
                             double m, double log_a, size_t limit, struct random *random)
{
    struct e_detector detector;
    e_detector_init(&detector, E_DETECTOR_SHIRYAEV_ROBERTS);
    for (size_t h = 0; h < limit; h++) {
        struct score_bins bucket;
        simulated_scores_window(h < change ? before : after, random, per_hour, &bucket);
        if (e_detector_step(&detector, log_wealth_drop(&bucket, m)) >= log_a)
            return (double)(h + 1);
    }
    return (double)limit;
}

/* A month of looks each hour at a stream that is just as bad as it may be, A = 144 000: at most one
 * alarm in 200 such months. */
static void quiet_month(const char *name, double level, double sd)
{
    enum { MONTH = 720 };
    const double a = 144000;
    struct random random = {45 + (uint64_t)(level * 100)};
    struct simulated_scores scores;
    double alarms = 0;
    char what[96];
    if (sd > 0)
        simulated_scores_beta(&scores, level, sd);
    else
        simulated_scores_verdicts(&scores, level);
    for (int run = 0; run < SOME; run++)
        alarms += hours_to_alarm(&scores, &scores, 0, 100, simulated_scores_mean(&scores), log(a),
                                 MONTH + 1, &random) <= MONTH;
    snprintf(what, sizeof what, "months of %s with a false alarm, A = 144 000", name);
    measured(what, alarms / SOME, MEASURED_AT_MOST, MONTH / a, 0);
}

static void run_length(void)
{
    static const struct {
        double a, verdict_rate, stated;
        int runs;
    } cells[] = {
        {100, 0, 145, SOME}, {100, .95, 223, SOME}, {500, 0, 704, 1000}, {500, .95, 1058, 1000}};
    for (size_t c = 0; c < sizeof cells / sizeof *cells; c++) {
        struct random random = {41 + c};
        struct simulated_scores scores;
        double sum = 0;
        char what[96];
        if (cells[c].verdict_rate > 0)
            simulated_scores_verdicts(&scores, cells[c].verdict_rate);
        else
            simulated_scores_beta(&scores, 0.75, 0.2);
        for (int run = 0; run < cells[c].runs; run++)
            sum += hours_to_alarm(&scores, &scores, 0, 100, simulated_scores_mean(&scores),
                                  log(cells[c].a), 1000000, &random);
        snprintf(what, sizeof what, "hours to a false alarm, A = %g, %s", cells[c].a,
                 cells[c].verdict_rate > 0 ? "pass rate .95" : "scores");
        measured(what, sum / cells[c].runs, MEASURED_AT_LEAST, cells[c].a, 0);
        measured("  the same, as simulated in Python", sum / cells[c].runs, MEASURED_NEAR,
                 cells[c].stated, 0.2 * cells[c].stated);
    }
    quiet_month("scores of .75", .75, .2);
    quiet_month("pass rate .95", .95, 0);
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void delay_cell(double level, double sd, double tolerance, double drop, size_t per_hour,
                       double stated)
{
    enum { CHANGE = 72, LIMIT = 20000 };
    struct random random = {(uint64_t)(level * 1000 + drop * 1e6) + per_hour};
    struct simulated_scores before, after;
    double delays[FEW], early = 0;
    char what[96];
    if (sd > 0) {
        simulated_scores_beta(&before, level, sd);
        simulated_scores_beta(&after, level - drop, sd);
    } else {
        simulated_scores_verdicts(&before, level);
        simulated_scores_verdicts(&after, level - drop);
    }
    for (int run = 0; run < FEW; run++) {
        double hours =
            hours_to_alarm(&before, &after, CHANGE, per_hour,
                           simulated_scores_mean(&before) - tolerance, log(144000), LIMIT, &random);
        early += hours <= CHANGE;
        delays[run] = hours - CHANGE;
    }
    qsort(delays, FEW, sizeof *delays, by_size);
    snprintf(what, sizeof what, "%s %g, drop %g, %zu an hour", sd > 0 ? "score" : "pass", level,
             drop, per_hour);
    measured(what, delays[FEW / 2], MEASURED_NEAR, stated, fmax(1, 0.2 * stated));
    if (early > 0)
        measured("  early alarms", early, MEASURED_AT_MOST, 0, 0);
}

static void delay(void)
{
    static const struct {
        double level, sd, tolerance, drop, stated[3];
    } rows[] = {
        {.75, .2, .02, .03, {280, 82, 25}},   {.75, .2, .02, .05, {38, 12, 3}},
        {.75, .2, .02, .10, {7, 2, 1}},       {.95, 0, .01, .02, {420, 118, 33}},
        {.95, 0, .01, .03, {119, 39, 11}},    {.95, 0, .01, .05, {38, 11, 3}},
        {.99, 0, .002, .005, {846, 260, 76}}, {.99, 0, .002, .01, {160, 47, 15}},
        {.99, 0, .002, .02, {48, 13, 4}},
    };
    static const size_t per_hour[] = {25, 100, 400};
    puts("  (median hours from the change to the alarm, A = 144 000)");
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t i = 0; i < 3; i++)
            delay_cell(rows[r].level, rows[r].sd, rows[r].tolerance, rows[r].drop, per_hour[i],
                       rows[r].stated[i]);
}

/* --- onset: does the set hold the true hour? --- */

static void onset_cell(double level, double sd, double drop, size_t per_hour, double stated)
{
    enum { HOURS = 144, CHANGE = 72 };
    struct random random = {(uint64_t)(drop * 1000) + per_hour};
    struct simulated_scores before, after;
    double hits = 0, size = 0, profile[HOURS];
    char what[96];
    if (sd > 0) {
        simulated_scores_beta(&before, level, sd);
        simulated_scores_beta(&after, level - drop, sd);
    } else {
        simulated_scores_verdicts(&before, level);
        simulated_scores_verdicts(&after, level - drop);
    }
    for (int run = 0; run < SOME; run++) {
        struct onset_bucket buckets[HOURS];
        for (size_t h = 0; h < HOURS; h++) {
            struct score_bins bins;
            simulated_scores_window(h < CHANGE ? &before : &after, &random, per_hour, &bins);
            struct moments m = score_bins_moments(&bins);
            buckets[h] = (struct onset_bucket){m.n, m.n * m.mean, m.m2 + m.n * m.mean * m.mean};
        }
        struct onset onset = sd > 0 ? onset_scores(buckets, HOURS, profile)
                                    : onset_verdicts(buckets, HOURS, profile);
        hits += onset_is_possible(&onset, profile, CHANGE, 3);
        for (size_t h = 1; h < HOURS; h++)
            size += onset_is_possible(&onset, profile, h, 3);
    }
    snprintf(what, sizeof what, "%s %g, drop %g, %zu an hour", sd > 0 ? "score" : "pass", level,
             drop, per_hour);
    measured(what, hits / SOME, MEASURED_NEAR, stated, 0.025);
    measured("  hours in the set", size / SOME, MEASURED_ONLY, 0, 0);
}

static void onset(void)
{
    onset_cell(.95, 0, .05, 100, .97);
    onset_cell(.95, 0, .02, 100, .93);
    onset_cell(.75, .2, .05, 25, .95);
    onset_cell(.75, .2, .05, 100, .98);
}

static const struct {
    const char *name, *question;
    void (*measure)(void);
} SECTIONS[] = {
    {"coverage", "coverage of 95 % intervals", coverage},
    {"labels", "coverage with few labels and a judge", labels},
    {"sampling", "coverage and bias where probabilities are unequal", measure_sampling},
    {"quiet", "shares of quiet windows that are called changed", measure_quiet},
    {"run-length", "how long without a false alarm", run_length},
    {"delay", "how long until a change is found", delay},
    {"onset", "coverage of the drop-3 set of onsets", onset},
};

int main(int count, char **names)
{
    for (size_t s = 0; s < sizeof SECTIONS / sizeof *SECTIONS; s++) {
        bool wanted = count < 2;
        for (int i = 1; i < count; i++)
            wanted = wanted || strcmp(names[i], SECTIONS[s].name) == 0;
        if (!wanted)
            continue;
        printf("%s: %s\n", SECTIONS[s].name, SECTIONS[s].question);
        SECTIONS[s].measure();
    }
    printf("%u short of what is wanted\n", measured_failures());
    return measured_failures() > 0;
}
