/* vectors: alarms, control charts, since when. */
#include "tests/stats/vectors.h"

#include <math.h>

#include "worker/stats/cusum.h"
#include "worker/stats/e_detector.h"
#include "worker/stats/onset.h"
#include "worker/stats/random.h"

enum { HOURS = 48, PER_HOUR = 25, CHANGE_HOUR = 30 };

static void hour(size_t h, struct score_bins *out)
{
    vectors_bins(1000 + h, PER_HOUR, h < CHANGE_HOUR ? 3 : 2, out);
}

static void check_hour(const json_t *row, const struct score_bins *bins)
{
    struct score_sums sums = score_bins_sums(bins);
    assert_int_equal(sums.n, (uint64_t)vectors_cell(row, 0));
    assert_int_equal(sums.s1, (uint64_t)vectors_cell(row, 1));
    assert_int_equal(sums.s2, (uint64_t)vectors_cell(row, 2));
}

static void check_detector_row(const json_t *row, double log_sr, double log_cusum, uint64_t start)
{
    vectors_close("logSR", log_sr, vectors_cell(row, 1), VECTORS_TOLERANCE);
    vectors_close("logCUSUM", log_cusum, vectors_cell(row, 2), VECTORS_TOLERANCE);
    assert_int_equal(start, (uint64_t)vectors_cell(row, 3));
}

static void e_detector_hourly(json_t *group)
{
    struct e_detector sr, cusum;
    double m = vectors_number(group, "m"), log_a = vectors_number(group, "logA");
    double alarm_sr = -1, alarm_cusum = -1, start = -1;
    json_t *hours = vectors_take(group, "hour_n_S1_S2");
    json_t *rows = vectors_take(group, "rows_t_logSR_logCUSUM_start");
    size_t next = 0;
    e_detector_init(&sr, E_DETECTOR_SHIRYAEV_ROBERTS);
    e_detector_init(&cusum, E_DETECTOR_CUSUM);
    for (size_t h = 0; h < HOURS; h++) {
        struct score_bins bins;
        hour(h, &bins);
        check_hour(json_array_get(hours, h), &bins);
        double log_sr = e_detector_step(&sr, log_wealth_drop(&bins, m));
        double log_cusum = e_detector_step(&cusum, log_wealth_drop(&bins, m));
        if (alarm_sr < 0 && log_sr >= log_a)
            alarm_sr = (double)h;
        if (alarm_cusum < 0 && log_cusum >= log_a) {
            alarm_cusum = (double)h;
            start = (double)e_detector_start(&cusum);
        }
        json_t *row = json_array_get(rows, next);
        if (row && (size_t)vectors_cell(row, 0) == h) {
            check_detector_row(row, log_sr, log_cusum, e_detector_start(&cusum));
            next++;
        }
    }
    assert_int_equal(next, json_array_size(rows));
    vectors_close("logA", e_detector_log_threshold(vectors_number(group, "A"), 1), log_a, 1e-8);
    vectors_expect(group, "alarm_hour_sr", alarm_sr);
    vectors_expect(group, "alarm_hour_cusum", alarm_cusum);
    vectors_expect(group, "cusum_start_hour_of_best_lambda_at_alarm", start);
    vectors_expect(group, "true_change_hour", CHANGE_HOUR);
}

static void e_detector_sequence(json_t *group)
{
    double x[16], m = vectors_number(group, "m"), bet = vectors_number(group, "lambda");
    double sr = -INFINITY, cusum = -INFINITY;
    size_t count = vectors_numbers(group, "x", x, 16), i;
    json_t *rows = vectors_take(group, "e_SR_CUSUM"), *row;
    assert_int_equal(json_array_size(rows), count);
    json_array_foreach(rows, i, row)
    {
        double log_e = log_bet_drop(x[i], m, bet);
        sr = shiryaev_roberts_step(sr, log_e);
        cusum = e_cusum_step(cusum, log_e);
        vectors_close("e", exp(log_e), vectors_cell(row, 0), VECTORS_TOLERANCE);
        vectors_close("SR", exp(sr), vectors_cell(row, 1), VECTORS_TOLERANCE);
        vectors_close("CUSUM", exp(cusum), vectors_cell(row, 2), VECTORS_TOLERANCE);
    }
}

static void check_chart(json_t *llr)
{
    struct bernoulli_cusum chart =
        bernoulli_cusum_for(vectors_number(llr, "p0"), vectors_number(llr, "p1"));
    vectors_expect(llr, "inc_fail", chart.increment_fail);
    vectors_expect(llr, "inc_pass", chart.increment_pass);
    json_t *rows = vectors_take(llr, "g_at");
    double h = vectors_number(llr, "h"), value = 0, failures = 0, alarm = -1;
    struct random early = {7}, late = {8};
    size_t next = 0;
    for (size_t i = 0; i < 600; i++) {
        bool failed = i < 400 ? random_below(&early, 1000) < 50 : random_below(&late, 1000) < 120;
        failures += failed;
        value = bernoulli_cusum_step(chart, value, failed);
        if (alarm < 0 && value >= h)
            alarm = (double)i;
        json_t *row = json_array_get(rows, next);
        if (row && (size_t)vectors_cell(row, 0) == i) {
            vectors_close("g", value, vectors_cell(row, 1), VECTORS_TOLERANCE);
            next++;
        }
    }
    assert_int_equal(next, json_array_size(rows));
    vectors_expect(llr, "fails_total", failures);
    vectors_expect(llr, "first_alarm_index", alarm);
}

static void bernoulli(json_t *group)
{
    json_t *lattices = vectors_take(group, "lattice_arl"), *c;
    size_t i;
    check_chart(vectors_take(group, "llr"));
    json_array_foreach(lattices, i, c)
    {
        double p0 = vectors_number(c, "p0");
        struct lattice_cusum chart = {(unsigned)vectors_number(c, "m"),
                                      (unsigned)vectors_number(c, "H")};
        double p1 = lattice_cusum_implied_p1(chart.m, p0);
        vectors_expect_root(c, "implied_p1", p1);
        vectors_expect(c, "arl0_exact", lattice_cusum_run_length(chart, p0));
        vectors_expect_root(c, "arl1_exact_at_p1", lattice_cusum_run_length(chart, p1));
        vectors_expect(c, "arl_at_2p0", lattice_cusum_run_length(chart, 2 * p0));
        double h = chart.h * -bernoulli_cusum_for(p0, p1).increment_pass;
        vectors_expect_root(c, "lorden_bound_exp(h)", exp(h));
    }
}

static double hour_mean(size_t h)
{
    struct score_bins bins;
    hour(h, &bins);
    return score_bins_moments(&bins).mean;
}

static void tabular_cusum_hourly_means(json_t *group)
{
    double means[HOURS], alarm = -1;
    for (size_t h = 0; h < HOURS; h++)
        means[h] = hour_mean(h);
    struct moments before = moments_of(means, 20);
    double sd = sqrt(moments_variance(&before));
    vectors_expect(group, "mu0", before.mean);
    vectors_expect(group, "sd", sd);
    struct tabular_cusum chart = {0};
    json_t *rows = vectors_take(group, "at");
    size_t next = 0;
    for (size_t h = 0; h < HOURS; h++) {
        json_t *row = json_array_get(rows, next);
        tabular_cusum_step(&chart, (means[h] - before.mean) / sd, 0.5);
        if (alarm < 0 && (chart.high > 5 || chart.low > 5))
            alarm = (double)h;
        if (!row || (size_t)vectors_cell(row, 0) != h)
            continue;
        vectors_close("C+", chart.high, vectors_cell(row, 1), VECTORS_TOLERANCE);
        vectors_close("C-", chart.low, vectors_cell(row, 2), VECTORS_TOLERANCE);
        next++;
    }
    assert_int_equal(next, json_array_size(rows));
    vectors_expect(group, "alarm_hour", alarm);
}

static void check_set(json_t *object, const char *key, const struct onset *onset,
                      const double *profile, size_t count, double drop)
{
    double set[HOURS];
    size_t size = 0;
    for (size_t k = 0; k < count; k++)
        if (onset_is_possible(onset, profile, k, drop))
            set[size++] = (double)k;
    vectors_expect_numbers(object, key, set, size);
}

static void check_verdict_onset(json_t *c)
{
    double n[24], s[24], profile[24];
    struct onset_bucket buckets[24];
    size_t count = vectors_numbers(c, "n", n, 24);
    vectors_numbers(c, "s", s, 24);
    for (size_t i = 0; i < count; i++)
        buckets[i] = (struct onset_bucket){n[i], s[i], s[i]};
    struct onset onset = onset_verdicts(buckets, count, profile);
    vectors_expect(c, "since_bucket", (double)onset.since);
    vectors_expect(c, "glr_max", onset.glr);
    vectors_expect_numbers(c, "profile", profile + 1, count - 1);
    check_set(c, "set_drop2", &onset, profile, count, 2);
    check_set(c, "set_drop3", &onset, profile, count, 3);
}

static void glr_localisation(json_t *group)
{
    struct onset_bucket buckets[HOURS];
    double profile[HOURS], before = 0, after = 0;
    for (size_t h = 0; h < HOURS; h++) {
        struct score_bins bins;
        hour(h, &bins);
        struct score_sums sums = score_bins_sums(&bins);
        buckets[h] = (struct onset_bucket){(double)sums.n, (double)sums.s1 / SCORE_BIN_TOP,
                                           (double)sums.s2 / SCORE_BIN_TOP / SCORE_BIN_TOP};
        *(h < CHANGE_HOUR ? &before : &after) += buckets[h].sum / buckets[h].n;
    }
    check_verdict_onset(vectors_take(group, "fails_per_hour"));
    json_t *c = vectors_take(group, "scores_hourly_48");
    struct onset onset = onset_verdicts(buckets, HOURS, profile);
    vectors_expect(c, "since_bucket", (double)onset.since);
    vectors_expect(c, "glr_max", onset.glr);
    check_set(c, "set_drop2", &onset, profile, HOURS, 2);
    c = vectors_take(group, "gaussian_scores_hourly_48");
    onset = onset_scores(buckets, HOURS, profile);
    vectors_expect(c, "since_bucket", (double)onset.since);
    vectors_expect(c, "glr_max", onset.glr);
    check_set(c, "set_drop3", &onset, profile, HOURS, 3);
    vectors_expect(c, "mean_before", before / CHANGE_HOUR);
    vectors_expect(c, "mean_after", after / (HOURS - CHANGE_HOUR));
}

const struct vectors_entry VECTORS_ALARMS[] = {
    {"e_detector_hourly", e_detector_hourly},
    {"e_detector_sequence", e_detector_sequence},
    {"bernoulli_cusum", bernoulli},
    {"tabular_cusum_hourly_means", tabular_cusum_hourly_means},
    {"glr_localisation", glr_localisation},
    {NULL, NULL},
};
