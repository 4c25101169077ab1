/* Does a drift row say what the vectors, and a few lines by hand, say of the same scores? */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "worker/report/drift/drift.h"
#include "worker/stats/random.h"
#include "worker/stats/sampling.h"

#define assert_near(actual, expected, slack) assert_true(fabs((actual) - (expected)) <= (slack))

static const int64_t HOUR = 3600000;

/* Baseline: hours 0 .. 29; window: hours 30 .. 47. */
static struct drift_question question(double tolerance)
{
    return (struct drift_question){
        .base = {0, 30 * HOUR},
        .current = {30 * HOUR, 48 * HOUR},
        .tolerance = tolerance,
        .alpha = 0.05,
        .power = 0.8,
    };
}

static bool add(struct drift_series *series, int64_t segment, double probability, int64_t at_ms,
                const struct score_bins *bins)
{
    struct bin_count scores[SCORE_BINS];
    size_t count = 0;
    for (uint32_t q = 0; q < SCORE_BINS; q++)
        if (bins->counts[q] > 0)
            scores[count++] = (struct bin_count){q, (uint32_t)bins->counts[q]};
    struct drift_cell cell = {
        .segment = segment,
        .threshold = sampling_threshold(probability),
        .bucket_ms = at_ms,
        .length_ms = 300000,
        .statuses = {.scored = score_bins_total(bins)},
        .scores = scores,
        .score_count = count,
    };
    return drift_series_add(series, &cell);
}

/* `n` scores, the largest of `k` draws below 1001 each, as tests/stats/drift_vectors.json. */
static struct score_bins drawn(uint64_t seed, size_t n, unsigned k)
{
    struct random random = {seed};
    struct score_bins bins = {0};
    for (size_t i = 0; i < n; i++) {
        uint64_t largest = 0;
        for (unsigned j = 0; j < k; j++) {
            uint64_t q = random_below(&random, SCORE_BINS);
            largest = q > largest ? q : largest;
        }
        bins.counts[largest]++;
    }
    return bins;
}

static struct score_bins one_bin(size_t bin, uint64_t count)
{
    struct score_bins bins = {0};
    bins.counts[bin] = count;
    return bins;
}

/* Expected: group welch_t of the vectors. */
static void scores_of_one_weight_are_compared_by_welch(void **state)
{
    (void)state;
    struct score_bins base = drawn(1, 400, 3), current = drawn(2, 250, 2);
    struct drift_question asked = question(0.02);
    struct drift_series *series = drift_series_new(&asked);
    struct drift_answer answer;
    assert_true(add(series, 0, 0.1, 5 * HOUR, &base));
    assert_true(add(series, 0, 0.1, 40 * HOUR, &current));
    drift_series_answer(series, &answer);
    const struct drift_row *row = &answer.all;
    assert_int_equal(row->verdict, DRIFT_WORSE);
    assert_near(row->base.mean, 0.7541625, 1e-10);
    assert_near(row->current.mean, 0.694248, 1e-10);
    assert_near(row->difference.delta, -0.0599145, 1e-10);
    assert_near(row->difference.se, 0.01750392446, 1e-10);
    assert_near(row->difference.p, 0.0006739633987, 1e-11);
    assert_near(row->difference.ci.low, -0.09431055446, 1e-9);
    assert_near(row->difference.ci.high, -0.02551844554, 1e-9);
    assert_near(row->guaranteed, 0.02551844554, 1e-9);
    assert_near(row->mde, 2.801585218 * 0.01750392446, 1e-9);
    assert_true(row->base.n == 400 && row->base.n_eff == 400 && !row->base.verdicts);
    assert_near(row->current.weight, 2500, 1e-6);
    drift_answer_clear(&answer);
    drift_series_free(series);
}

/* Expected: the first case of group two_proportions, 56 of 70 against 48 of 80. */
static void verdicts_are_compared_by_newcombe(void **state)
{
    (void)state;
    struct score_bins base = one_bin(0, 32), current = one_bin(0, 14);
    base.counts[SCORE_BIN_TOP] = 48;
    current.counts[SCORE_BIN_TOP] = 56;
    struct drift_question asked = question(0.05);
    struct drift_series *series = drift_series_new(&asked);
    struct drift_answer answer;
    add(series, 0, 1, 0, &base);
    add(series, 0, 1, 30 * HOUR, &current);
    drift_series_answer(series, &answer);
    assert_true(answer.all.base.verdicts && answer.all.current.verdicts);
    assert_int_equal(answer.all.verdict, DRIFT_BETTER);
    assert_near(answer.all.difference.ci.low, 0.0524314724, 1e-9);
    assert_near(answer.all.difference.ci.high, 0.333872654, 1e-9);
    assert_near(answer.all.difference.p, 0.01252112975, 1e-9); /* Fisher */
    assert_near(answer.all.current.ci.low, 0.691833555, 1e-9); /* Wilson */
    drift_answer_clear(&answer);
    drift_series_free(series);
}

/* Expected: group survey_estimators; the variance with n_eff / (n_eff - 1). */
static void scores_of_unequal_weights_are_weighted(void **state)
{
    (void)state;
    static const double y[] = {0.9, 0.8, 0.4, 0.95, 0.2, 0.85, 0.6, 0.7};
    static const double p[] = {0.1, 0.1, 0.5, 0.1, 1.0, 0.1, 0.5, 0.5};
    struct drift_question asked = question(0.02);
    struct drift_series *series = drift_series_new(&asked);
    struct drift_answer answer;
    for (size_t i = 0; i < 8; i++) {
        struct score_bins one = {0};
        score_bins_add(&one, y[i], 1);
        add(series, 0, p[i], (int64_t)i * HOUR, &one);
    }
    drift_series_answer(series, &answer);
    const struct level *base = &answer.all.base;
    assert_near(base->mean, 0.8212765957, 1e-9);
    assert_near(base->n_eff, 5.348668281, 1e-8);
    assert_near(base->weight, 47, 1e-9);
    assert_near(base->variance, 0.00169988571 * 5.348668281 / 4.348668281, 1e-10);
    assert_int_equal(answer.all.verdict, DRIFT_NOT_ENOUGH_DATA);
    assert_true(isnan(answer.all.current.mean) && isnan(answer.all.difference.p));
    drift_answer_clear(&answer);
    drift_series_free(series);
}

/* Expected: group kitagawa_decomposition. */
static void a_change_is_split_into_quality_and_mix(void **state)
{
    (void)state;
    static const struct {
        size_t n_base, base, n_current, current;
        double within, mix;
    } segments[] = {{6000, 900, 4000, 895, -0.0025, -0.00868},
                    {2500, 860, 2400, 855, -0.001225, -3.4e-05},
                    {1200, 800, 3000, 790, -0.0021, -0.010638},
                    {300, 700, 600, 600, -0.0045, -0.006123}};
    struct drift_question asked = question(0.02);
    struct drift_series *series = drift_series_new(&asked);
    struct drift_answer answer;
    for (size_t i = 0; i < 4; i++) {
        struct score_bins base = one_bin(segments[i].base, segments[i].n_base);
        struct score_bins current = one_bin(segments[i].current, segments[i].n_current);
        add(series, (int64_t)i, 1, HOUR, &base);
        add(series, (int64_t)i, 1, 31 * HOUR, &current);
    }
    drift_series_answer(series, &answer);
    assert_near(answer.all.difference.delta, -0.0358, 1e-12);
    assert_near(answer.all.within, -0.010325, 1e-12);
    assert_near(answer.all.mix, -0.025475, 1e-12);
    assert_int_equal(answer.segment_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct drift_row *row = &answer.segments[i];
        assert_near(row->within, segments[row->segment].within, 1e-12);
        assert_near(row->mix, segments[row->segment].mix, 1e-12);
    }
    drift_answer_clear(&answer);
    drift_series_free(series);
}

static struct drift_series *hours_of_vectors(const struct drift_question *asked, bool backwards)
{
    struct drift_series *series = drift_series_new(asked);
    for (uint64_t i = 0; i < 48; i++) {
        uint64_t h = backwards ? 47 - i : i;
        struct score_bins bins = drawn(1000 + h, 25, h < 30 ? 3 : 2);
        add(series, (int64_t)(h % 3), 0.3, (int64_t)h * HOUR + 300000, &bins);
    }
    return series;
}

/* Expected: group glr_localisation, gaussian_scores_hourly_48: hour 30, the set {28, 30, 31, 32}.
 */
static void a_change_is_told_since_when(void **state)
{
    (void)state;
    struct drift_question asked = question(0.02);
    struct drift_series *series = hours_of_vectors(&asked, false);
    struct drift_answer answer;
    drift_series_answer(series, &answer);
    assert_int_equal(answer.all.verdict, DRIFT_WORSE);
    assert_true(answer.onset.found && answer.onset.since_ms == 30 * HOUR);
    assert_true(answer.onset.first_ms == 28 * HOUR && answer.onset.last_ms == 32 * HOUR);
    assert_true(answer.watermark_ms == 47 * HOUR + 600000);
    assert_true(answer.all.log_e > log(1000));
    drift_answer_clear(&answer);
    drift_series_free(series);
}

static void the_order_of_cells_does_not_matter(void **state)
{
    (void)state;
    struct drift_question asked = question(0.02);
    struct drift_series *forwards = hours_of_vectors(&asked, false);
    struct drift_series *backwards = hours_of_vectors(&asked, true);
    struct drift_answer one, other;
    drift_series_answer(forwards, &one);
    drift_series_answer(backwards, &other);
    assert_memory_equal(&one.all, &other.all, sizeof one.all);
    assert_int_equal(one.segment_count, 3);
    assert_memory_equal(one.segments, other.segments, 3 * sizeof *one.segments);
    assert_true(one.onset.since_ms == other.onset.since_ms);
    drift_answer_clear(&one);
    drift_answer_clear(&other);
    drift_series_free(forwards);
    drift_series_free(backwards);
}

static void a_gap_between_the_windows_is_the_onset(void **state)
{
    (void)state;
    struct drift_question asked = question(0.02);
    asked.current = (struct time_range){44 * HOUR, 48 * HOUR};
    struct drift_series *series = drift_series_new(&asked);
    struct drift_answer answer;
    struct score_bins good = drawn(1, 100, 9), bad = drawn(2, 100, 1);
    for (int64_t h = 0; h < 10; h++)
        add(series, 0, 1, h * HOUR, &good);
    for (int64_t h = 44; h < 48; h++)
        add(series, 0, 1, h * HOUR, &bad);
    drift_series_answer(series, &answer);
    assert_int_equal(answer.all.verdict, DRIFT_WORSE);
    assert_true(answer.onset.first_ms == 10 * HOUR && answer.onset.last_ms == 44 * HOUR);
    drift_answer_clear(&answer);
    drift_series_free(series);
}

static void what_is_missing_widens_the_bounds(void **state)
{
    (void)state;
    struct drift_question asked = question(0.02);
    struct drift_series *series = drift_series_new(&asked);
    struct drift_answer answer;
    struct bin_count scores = {800, 10};
    struct drift_cell cell = {
        .statuses = {.scored = 10, .not_applicable = 50, .skipped = 6, .error = 4},
        .scores = &scores,
        .score_count = 1,
    };
    assert_true(drift_series_add(series, &cell));
    drift_series_answer(series, &answer);
    assert_near(answer.all.base.missing, 0.5, 1e-12);
    assert_near(answer.all.base.missing_bounds.low, 0.4, 1e-12);
    assert_near(answer.all.base.missing_bounds.high, 0.9, 1e-12);
    drift_answer_clear(&answer);
    drift_series_free(series);
}

/* Windows too small, empty or without spread. */
static void too_little_is_not_enough_data(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        uint64_t base, current; /* scores of .5 */
    } cases[] = {{"nothing", 0, 0},
                 {"no window", 9, 0},
                 {"no baseline", 0, 9},
                 {"one score", 9, 1},
                 {"no spread", 90, 90}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct drift_question asked = question(0.02);
        struct drift_series *series = drift_series_new(&asked);
        struct drift_answer answer;
        struct score_bins base = one_bin(500, cases[i].base);
        struct score_bins current = one_bin(500, cases[i].current);
        add(series, 0, 1, 0, &base);
        add(series, 0, 1, 40 * HOUR, &current);
        drift_series_answer(series, &answer);
        if (answer.all.verdict != DRIFT_NOT_ENOUGH_DATA || answer.onset.found)
            fail_msg("%s: %s", cases[i].label, drift_verdict_name(answer.all.verdict));
        drift_answer_clear(&answer);
        drift_series_free(series);
    }
}

static void buckets_outside_of_both_windows_are_left_out(void **state)
{
    (void)state;
    struct drift_question asked = question(0.02);
    asked.base.from_ms = HOUR;
    struct drift_series *series = drift_series_new(&asked);
    struct drift_answer answer;
    struct score_bins bins = one_bin(500, 7);
    assert_true(add(series, 0, 1, 0, &bins));
    assert_true(add(series, 0, 1, 48 * HOUR, &bins)); /* the end is not in the window */
    drift_series_answer(series, &answer);
    assert_true(answer.segment_count == 0 && answer.watermark_ms == INT64_MIN);
    drift_answer_clear(&answer);
    assert_true(add(series, 0, 1, HOUR, &bins));
    drift_series_answer(series, &answer);
    assert_true(answer.all.base.n == 7 && answer.all.current.n == 0);
    drift_answer_clear(&answer);
    drift_series_free(series);
}

static void too_many_segments_are_refused(void **state)
{
    (void)state;
    struct drift_question asked = question(0.02);
    struct drift_series *series = drift_series_new(&asked);
    struct score_bins bins = one_bin(500, 1);
    for (int64_t segment = 0; segment < DRIFT_SEGMENTS_MAX; segment++)
        assert_true(add(series, segment, 1, 0, &bins));
    assert_false(add(series, DRIFT_SEGMENTS_MAX, 1, 0, &bins));
    drift_series_free(series);
}

/* Expected: p.adjust(c(.01, .04, .03), "BH") of R. */
static void rows_are_adjusted_together(void **state)
{
    (void)state;
    struct drift_row rows[4] = {{.difference.p = 0.01},
                                {.difference.p = 0.04},
                                {.difference.p = NAN},
                                {.difference.p = 0.03}};
    struct drift_row *all[] = {&rows[0], &rows[1], &rows[2], &rows[3]};
    drift_adjust(all, 4);
    assert_near(rows[0].p_adjusted, 0.03, 1e-12);
    assert_near(rows[1].p_adjusted, 0.04, 1e-12);
    assert_near(rows[3].p_adjusted, 0.04, 1e-12);
    assert_true(isnan(rows[2].p_adjusted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_of_one_weight_are_compared_by_welch),
        cmocka_unit_test(verdicts_are_compared_by_newcombe),
        cmocka_unit_test(scores_of_unequal_weights_are_weighted),
        cmocka_unit_test(a_change_is_split_into_quality_and_mix),
        cmocka_unit_test(a_change_is_told_since_when),
        cmocka_unit_test(the_order_of_cells_does_not_matter),
        cmocka_unit_test(a_gap_between_the_windows_is_the_onset),
        cmocka_unit_test(what_is_missing_widens_the_bounds),
        cmocka_unit_test(too_little_is_not_enough_data),
        cmocka_unit_test(buckets_outside_of_both_windows_are_left_out),
        cmocka_unit_test(too_many_segments_are_refused),
        cmocka_unit_test(rows_are_adjusted_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
