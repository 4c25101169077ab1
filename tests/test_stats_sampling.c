/* Do sampling, weights, sketches and labels keep their promises? */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "worker/stats/difference_bins.h"
#include "schema/base/log_bins.h"
#include "worker/stats/mix.h"
#include "worker/stats/novelty.h"
#include "worker/stats/paired.h"
#include "worker/stats/prediction_powered.h"
#include "worker/stats/priority_sample.h"
#include "worker/stats/rogan_gladen.h"
#include "worker/stats/sampling.h"
#include "worker/stats/survey.h"

#define assert_near(actual, expected, slack) assert_true(fabs((actual) - (expected)) <= (slack))

static void a_budget_is_shared_within_floors_and_populations(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        double population[3], total, floor, expected[3];
    } cases[] = {
        {"square roots", {8100, 900, 0}, 120, 0, {90, 30, 0}},
        {"a floor", {8100, 900, 1}, 131, 40, {90, 40, 1}},
        {"all of a small one", {8100, 900, 4}, 404, 0, {300, 100, 4}},
        {"more than there is", {10, 20, 30}, 1000, 0, {10, 20, 30}},
        {"floors beyond the total", {100, 100, 100}, 30, 20, {20, 20, 20}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stratum_size strata[3] = {0};
        double sizes[3];
        for (size_t s = 0; s < 3; s++)
            strata[s].population = cases[i].population[s];
        sampling_allocate(strata, 3, ALLOCATION_SQUARE_ROOT, cases[i].total, cases[i].floor, sizes);
        for (size_t s = 0; s < 3; s++)
            if (fabs(sizes[s] - cases[i].expected[s]) > 1e-9)
                fail_msg("%s: stratum %zu gets %g", cases[i].label, s, sizes[s]);
    }
}

static void what_is_kept_at_one_rate_is_kept_at_every_higher(void **state)
{
    (void)state;
    struct random random = {8};
    for (int i = 0; i < 1000; i++) {
        uint64_t bits = random_next(&random) & (SAMPLING_THRESHOLD_NONE - 1);
        double p = random_unit(&random), more = p + (1 - p) * random_unit(&random);
        if (sampling_keeps(bits, sampling_threshold(p)))
            assert_true(sampling_keeps(bits, sampling_threshold(more)));
        assert_true(sampling_keeps(bits, sampling_threshold(1)));
        assert_false(sampling_keeps(bits, sampling_threshold(0)));
    }
    assert_true(sampling_keeps(5, 5) && !sampling_keeps(4, 5));
    assert_true(sampling_threshold(NAN) == SAMPLING_THRESHOLD_NONE && sampling_threshold(2) == 0);
    assert_true(sampling_probability(SAMPLING_THRESHOLD_NONE) == 0 && sampling_probability(0) == 1);
}

static void a_sketch_never_counts_too_low(void **state)
{
    (void)state;
    enum { SHAPES = 3000, ITEMS = 60000 };
    static struct novelty novelty;
    static uint32_t counts[SHAPES];
    struct random random = {9}, hashes = {10};
    uint64_t hash[SHAPES];
    for (size_t i = 0; i < SHAPES; i++)
        hash[i] = random_next(&hashes);
    unsigned too_high = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        size_t shape = random_below(&random, 1 + random_below(&random, SHAPES));
        uint32_t before = novelty_count(&novelty, hash[shape]);
        assert_true(before >= counts[shape]);
        too_high += before > counts[shape] + 2.72 * (double)i / NOVELTY_WIDTH;
        counts[shape]++;
    }
    assert_true(too_high < 0.02 * ITEMS); /* e^-4 */
    assert_true(novelty_probability(0, 5, 0.01) == 1 && novelty_probability(50, 5, 0.01) == 0.1);
    assert_true(novelty_probability(5000, 5, 0.01) == 0.01 && novelty_probability(3, 5, 0) == 1);
    uint32_t before = novelty_count(&novelty, hash[0]);
    novelty_halve(&novelty);
    assert_int_equal(novelty_count(&novelty, hash[0]), (before + 1) / 2);
}

static void a_priority_sample_does_not_depend_on_order(void **state)
{
    (void)state;
    enum { K = 10, ITEMS = 200 };
    struct priority_item memory[3][K + 1];
    struct priority_sample samples[3];
    double kept[2] = {0};
    for (size_t s = 0; s < 3; s++)
        priority_sample_init(&samples[s], memory[s], K);
    for (uint64_t id = 0; id < ITEMS; id++) {
        struct random random = {id};
        double u = 1 - random_unit(&random), weight = 1 + (double)(id % 7);
        priority_sample_add(&samples[0], id, weight, u);
        priority_sample_add(&samples[1 + id % 2], id, weight, u);
    }
    priority_sample_merge(&samples[2], &samples[1]);
    assert_true(priority_sample_tau(&samples[0]) == priority_sample_tau(&samples[2]));
    for (size_t s = 0; s < 2; s++)
        for (size_t i = priority_sample_first(&samples[2 * s]); i < samples[2 * s].count; i++)
            kept[s] += (double)memory[2 * s][i].id * (double)memory[2 * s][i].id;
    assert_true(kept[0] == kept[1]);
    /* an item heavier than tau stands for itself */
    priority_sample_init(&samples[0], memory[0], 1);
    priority_sample_add(&samples[0], 1, 100, 1);
    priority_sample_add(&samples[0], 2, 3, 1);
    assert_true(priority_sample_tau(&samples[0]) == 3);
    assert_true(priority_sample_weight(&samples[0], priority_sample_first(&samples[0])) == 100);
}

static void log_bins_are_within_one_percent(void **state)
{
    (void)state;
    struct random random = {11};
    for (int i = 0; i < 2000; i++) {
        double value = exp(random_unit(&random) * 34);
        assert_true(fabs(log_bin_value(log_bin_of(value)) / value - 1) <= 0.01 + 1e-12);
    }
    static struct log_bins bins;
    assert_true(isnan(log_bins_quantile(&bins, 0.5)));
    log_bins_add(&bins, 1000, 95);
    log_bins_add(&bins, 3000, 5);
    log_bins_add(&bins, NAN, 0);
    assert_near(log_bins_quantile(&bins, 0.95), 1000, 10);
    assert_near(log_bins_quantile(&bins, 0.96), 3000, 30);
    assert_int_equal(log_bins_above(&bins, log_bins_quantile(&bins, 0.95)), 5);
    assert_int_equal(log_bin_of(INFINITY), LOG_BINS - 1);
    assert_int_equal(log_bin_of(-3), 0);
}

static void permutations_are_the_same_for_a_seed(void **state)
{
    (void)state;
    double same_sign[12], balanced[12];
    for (size_t i = 0; i < 12; i++) {
        same_sign[i] = 1 + (double)i;
        balanced[i] = i % 2 ? 1 : -1;
    }
    struct random first = {12}, second = {12};
    double p = sign_flip_p(same_sign, 12, 9999, &first);
    assert_true(p == sign_flip_p(same_sign, 12, 9999, &second));
    assert_near(p, 2.0 / 4096, 4e-4); /* only all + and all - are as extreme */
    assert_true(sign_flip_p(balanced, 12, 99, &first) == 1);
    assert_true(sign_flip_p(balanced, 0, 99, &first) == 1);
}

/* As the arrays they count: exact moments, the same question of the signs. */
static void a_histogram_of_differences_tells_what_the_pairs_tell(void **state)
{
    (void)state;
    struct difference_bins same_sign = {0}, mixed = {0}, equal = {0};
    double a[150], b[150], differences[150];
    for (size_t i = 0; i < 12; i++)
        difference_bins_add(&same_sign, 0.1, 0.101 + (double)i / 100);
    for (size_t i = 0; i < 150; i++) {
        a[i] = (double)(i * 37 % 101) / 100;
        b[i] = (double)(i * 53 % 97) / 100;
        differences[i] = b[i] - a[i];
        difference_bins_add(&mixed, a[i], b[i]);
        difference_bins_add(&equal, a[i], a[i]);
    }
    struct random first = {12}, second = {12}, third = {3};
    double p = difference_bins_sign_flip_p(&same_sign, 9999, &first);
    assert_true(p == difference_bins_sign_flip_p(&same_sign, 9999, &second));
    assert_near(p, 2.0 / 4096, 4e-4);
    assert_near(difference_bins_sign_flip_p(&mixed, 19999, &first),
                sign_flip_p(differences, 150, 19999, &third), 0.015);
    assert_true(difference_bins_sign_flip_p(&equal, 99, &first) == 1);
    struct moments of = difference_bins_moments(&mixed);
    struct mean_difference test = paired_t_of(&of, 0.05), pairs = paired_t(a, b, 150, 0.05);
    assert_near(test.t, pairs.t, 1e-9);
    assert_near(test.ci.low, pairs.ci.low, 1e-12);
    assert_near(difference_bins_sums(&mixed).sum, pairs.delta * 150, 1e-9);
}

static void a_judge_without_information_corrects_nothing(void **state)
{
    (void)state;
    struct rogan_gladen rate = rogan_gladen((struct judged_rate){5, 10, 1, 10, 1, 10}, 0.05);
    assert_true(isnan(rate.rate) && rate.ci.low == 0 && rate.ci.high == 1);
    struct labelled_sums labelled = {0};
    struct moments none = {0};
    assert_true(isnan(ppi_mean(&labelled, &none, 0, PPI_DIVISOR_N).estimate));
    labelled_add(&labelled, 1, 0.5);
    assert_true(ppi_lambda(&labelled, &none, PPI_DIVISOR_N, true) == 0);
    assert_true(isnan(ppi_mean(&labelled, &none, 1, PPI_DIVISOR_N).estimate));
    assert_false(ppi_is_advisable(19, 500));
    assert_true(ppi_is_advisable(500, 20));
}

static void missing_scores_widen_the_bounds(void **state)
{
    (void)state;
    struct moments moments = moments_of_proportion(8, 10);
    struct interval bounds = moments_missing_bounds(&moments, 10);
    assert_near(bounds.low, 0.4, 1e-12);
    assert_near(bounds.high, 0.9, 1e-12);
    assert_true(isnan(moments_missing_bounds(&(struct moments){0}, 0).low));
    assert_true(moments_missing_bounds(&(struct moments){0}, 1).high == 1);
}

static void equal_weights_are_no_weights(void **state)
{
    (void)state;
    struct survey_sums sums = {0};
    survey_add(&sums, 20, 50, 40, 36); /* 50 rows, mean .8, sum of squares 36 */
    struct survey_estimate estimate = survey_estimate(&sums);
    assert_near(estimate.mean, 0.8, 1e-12);
    assert_near(estimate.n_eff, 50, 1e-9);
    assert_near(estimate.deff, 1, 1e-12);
    assert_near(estimate.variance, (36.0 / 50 - 0.64) / 50, 1e-12);
    assert_true(isnan(survey_estimate(&(struct survey_sums){0}).mean));
    assert_true(survey_wilson(1, 0, 0.05, NULL).low == 0);
}

/* Expected: the formula of survey.h in plain Python. The last stratum has one score alone. */
static void strata_stand_for_what_came_of_them(void **state)
{
    (void)state;
    struct post_stratum strata[3] = {{.factor = 1.1}, {.factor = 0.9}, {.factor = 1.5}};
    survey_add(&strata[0].sums, 10, 4, 3, 3);
    survey_add(&strata[0].sums, 5, 2, 1, 1);
    survey_add(&strata[1].sums, 2, 3, 1.5, 1.01);
    survey_add(&strata[2].sums, 4, 1, 0.5, 0.25);
    struct post_stratified_estimate estimate = post_stratify(strata, 3, 60);
    assert_near(estimate.weight, 66.4, 1e-12);
    assert_near(estimate.mean, 0.6656626506024097, 1e-12);
    assert_near(estimate.variance, 0.030894422045969004, 1e-12);
    assert_near(estimate.n_eff, 7.470028125105891, 1e-12);
    assert_true(isnan(post_stratify(strata, 0, 0).mean));
    assert_near(survey_rate_size(0.9, 0.0009, 200, 90), 100, 1e-9);
    assert_near(survey_rate_size(0.9, 0.0001, 200, 90), 300, 1e-9); /* at most 1.5 n */
    assert_near(survey_rate_size(1, 0, 200, 90), 90, 1e-9);
    assert_near(survey_rate_size(1, NAN, 1, 1), 1, 1e-9);
}

static void a_segment_of_one_window_is_all_mix(void **state)
{
    (void)state;
    struct mix_segment segments[] = {
        {100, 0.9, 50, 0.9, 0, 0}, {0, NAN, 50, 0.5, 0, 0}, {20, 0.7, 0, NAN, 0, 0}};
    struct mix_split split = kitagawa_decomposition(segments, 3);
    double expected = 0.7 - (100 * 0.9 + 20 * 0.7) / 120;
    assert_near(split.delta, expected, 1e-12);
    assert_near(split.mix, expected, 1e-12);
    assert_near(split.within, 0, 1e-12);
    assert_true(isnan(kitagawa_decomposition(segments, 0).delta));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_is_shared_within_floors_and_populations),
        cmocka_unit_test(what_is_kept_at_one_rate_is_kept_at_every_higher),
        cmocka_unit_test(a_sketch_never_counts_too_low),
        cmocka_unit_test(a_priority_sample_does_not_depend_on_order),
        cmocka_unit_test(log_bins_are_within_one_percent),
        cmocka_unit_test(permutations_are_the_same_for_a_seed),
        cmocka_unit_test(a_histogram_of_differences_tells_what_the_pairs_tell),
        cmocka_unit_test(a_judge_without_information_corrects_nothing),
        cmocka_unit_test(missing_scores_widen_the_bounds),
        cmocka_unit_test(equal_weights_are_no_weights),
        cmocka_unit_test(strata_stand_for_what_came_of_them),
        cmocka_unit_test(a_segment_of_one_window_is_all_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
