/* What do the statistics say when there is nothing, one value, or no spread; and do merged parts
 * tell what the whole tells? */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "worker/stats/agreement.h"
#include "worker/stats/categories.h"
#include "worker/stats/confidence_sequence.h"
#include "worker/stats/cusum.h"
#include "worker/stats/distance.h"
#include "worker/stats/distributions.h"
#include "worker/stats/drift_verdict.h"
#include "worker/stats/e_detector.h"
#include "worker/stats/kolmogorov_smirnov.h"
#include "worker/stats/live_test.h"
#include "worker/stats/multiplicity.h"
#include "worker/stats/onset.h"
#include "worker/stats/paired.h"
#include "worker/stats/proportion.h"
#include "worker/stats/ranks.h"
#include "worker/stats/special.h"
#include "worker/stats/two_proportions.h"

#define assert_near(actual, expected, slack) assert_true(fabs((actual) - (expected)) <= (slack))

static struct score_bins random_bins(uint64_t seed, size_t n)
{
    struct random random = {seed};
    struct score_bins bins = {0};
    for (size_t i = 0; i < n; i++)
        bins.counts[random_below(&random, SCORE_BINS)]++;
    return bins;
}

static void an_argument_outside_its_range_gives_nan(void **state)
{
    (void)state;
    const struct {
        const char *label;
        double value;
    } cases[] = {
        {"normal quantile of 1.1", normal_quantile(1.1)},
        {"chi-square of -1", chi_square_sf(-1, 3)},
        {"chi-square without freedom", chi_square_sf(1, 0)},
        {"chi-square quantile of NAN", chi_square_quantile(NAN, 3)},
        {"t without freedom", student_t_sf(1, 0)},
        {"t quantile of -0.1", student_t_quantile(-0.1, 3)},
        {"gamma of a = 0", gamma_q(0, 1)},
        {"beta of b = 0", beta_i(1, 0, 0.5, 0.5)},
        {"beta quantile of 2", beta_quantile(2, 1, 1)},
        {"binomial with p = 2", binomial_cdf(1, 3, 2)},
        {"Fisher beyond its limit", fisher_exact_p((struct two_proportions){1, 2e7, 1, 2e7})},
        {"run length of rate 0", lattice_cusum_run_length((struct lattice_cusum){14, 70}, 0)},
        {"run length of h = 0", lattice_cusum_run_length((struct lattice_cusum){14, 0}, 0.1)},
        {"pass@k of k > n", pass_at_k(3, 1, 4)},
        {"agreement of nothing", agreement_of(NULL, 0).pairwise},
        {"variance of one", moments_variance(&(struct moments){1, 0.5, 0})},
        {"burn rate without requests", burn_rate(0, 0, 0.01)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!isnan(cases[i].value))
            fail_msg("%s is %g", cases[i].label, cases[i].value);
}

static void ends_of_distributions_are_exact(void **state)
{
    (void)state;
    assert_true(normal_quantile(0) == -INFINITY && normal_quantile(1) == INFINITY);
    assert_true(student_t_sf(INFINITY, 3) == 0 && student_t_quantile(0.5, 3) == 0);
    assert_true(chi_square_sf(0, 3) == 1 && chi_square_sf(INFINITY, 3) == 0);
    assert_true(binomial_cdf(-1, 3, 0.5) == 0 && binomial_cdf(3, 3, 0.5) == 1);
    assert_true(binomial_mass(0, 5, 0) == 1 && binomial_mass(6, 5, 0.5) == 0);
    assert_true(binomial_cdf(0, 0, 0.5) == 1 && binomial_quantile(0.5, 0, 0.5) == 0);
    assert_true(kolmogorov_sf(0) == 1 && kolmogorov_sf(1e-3) == 1 && kolmogorov_sf(40) == 0);
    assert_true(log_sum_exp(NULL, 0) == -INFINITY);
    double values[] = {-INFINITY, 1000, 1000};
    assert_near(log_sum_exp(values, 3), 1000 + log(2), 1e-12);
}

static void nothing_gives_a_verdict_of_not_enough_data(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        unsigned base[2], current[2]; /* how many scores of 0.5 and of 1 */
    } cases[] = {
        {"two empty windows", {0, 0}, {0, 0}},
        {"an empty window", {50, 50}, {0, 0}},
        {"an empty baseline", {0, 0}, {50, 50}},
        {"one score", {50, 50}, {0, 1}},
        {"no spread on either side", {0, 9}, {0, 9}},
        {"no spread, though they differ", {9, 0}, {0, 9}},
        {"few scores", {2, 2}, {2, 2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct score_bins base = {0}, current = {0};
        base.counts[500] = cases[i].base[0];
        base.counts[1000] = cases[i].base[1];
        current.counts[500] = cases[i].current[0];
        current.counts[1000] = cases[i].current[1];
        struct moments before = score_bins_moments(&base), now = score_bins_moments(&current);
        struct mean_difference welch = welch_t(&before, &now, 0.05);
        struct interval anytime = betting_difference_interval(&base, &current, 0.05);
        if (drift_verdict(welch.ci, 0.02) != DRIFT_NOT_ENOUGH_DATA ||
            drift_verdict(anytime, 0.02) != DRIFT_NOT_ENOUGH_DATA)
            fail_msg("%s: a verdict was given", cases[i].label);
    }
    struct interval none = newcombe_interval((struct two_proportions){0, 0, 5, 9}, 0.05);
    assert_int_equal(drift_verdict(none, 0.01), DRIFT_NOT_ENOUGH_DATA);
    assert_int_equal(drift_verdict(newcombe_paired_interval((struct paired_verdicts){0}, 0.05), 1),
                     DRIFT_NO_MEANINGFUL_CHANGE); /* [-1, 1] is within a tolerance of 1 */
}

static void distances_of_an_empty_side_are_unknown(void **state)
{
    (void)state;
    struct score_bins full = random_bins(1, 50), empty = {0};
    static struct ks_scratch scratch;
    struct decile_bins deciles;
    assert_true(isnan(wasserstein1(&full, &empty)));
    assert_true(isnan(ks_statistic(&empty, &full).d));
    assert_true(isnan(ks_p(&full, &empty, &scratch)));
    assert_true(isnan(mann_whitney(&full, &empty).cliff_delta));
    assert_true(isnan(hodges_lehmann(&full, &empty, 0.05).shift));
    assert_true(isnan(homogeneity_test((struct count_pair){full.counts, empty.counts, 9}).p));
    decile_bins_fill(&deciles, &full, &empty);
    assert_true(isnan(population_stability_index(decile_bins_counts(&deciles), 0.5)));
    decile_bins_fill(&deciles, &empty, &full);
    assert_int_equal(deciles.count, 0);
}

static void a_window_beside_itself_is_no_drift(void **state)
{
    (void)state;
    struct score_bins bins = random_bins(2, 300);
    static struct ks_scratch scratch;
    struct decile_bins deciles;
    decile_bins_fill(&deciles, &bins, &bins);
    struct count_pair counts = decile_bins_counts(&deciles);
    assert_true(wasserstein1(&bins, &bins) == 0 && jensen_shannon_bits(counts) == 0);
    assert_true(population_stability_index(counts, 0.5) == 0 && total_variation(counts) == 0);
    assert_near(ks_p(&bins, &bins, &scratch), 1, 1e-12);
    assert_near(mann_whitney(&bins, &bins).p, 1, 1e-12);
    assert_true(hodges_lehmann(&bins, &bins, 0.05).shift == 0);
}

static void grades_get_one_bin_each(void **state)
{
    (void)state;
    /* 10 % ones, 60 % fours, 30 % fives of a scale of 1 to 5. The deciles are 0, .75 and 1. */
    struct score_bins base = {0}, current = {0};
    base.counts[0] = 10;
    base.counts[750] = 60;
    base.counts[1000] = 30;
    current.counts[500] = 7;
    struct decile_bins deciles;
    decile_bins_fill(&deciles, &base, &current);
    assert_int_equal(deciles.count, 3);
    assert_true(deciles.base[0] == 10 && deciles.base[1] == 60 && deciles.base[2] == 30);
    assert_true(deciles.current[1] == 7);
}

static void large_samples_take_the_limit_of_kolmogorov(void **state)
{
    (void)state;
    struct score_bins base = random_bins(3, 5000), current = random_bins(4, 5000);
    static struct ks_scratch scratch;
    assert_true(isnan(ks_exact_p(&base, &current, &scratch)));
    double d = ks_statistic(&base, &current).d;
    assert_true(ks_p(&base, &current, &scratch) == ks_stephens_p(5000, 5000, d));
}

static void merged_windows_tell_what_the_whole_tells(void **state)
{
    (void)state;
    struct score_bins parts[3] = {random_bins(5, 70), random_bins(6, 30), random_bins(7, 1)};
    struct score_bins whole = {0}, backwards = {0};
    struct log_wealth wealth = {0};
    for (size_t i = 0; i < 3; i++) {
        score_bins_merge(&whole, &parts[i]);
        score_bins_merge(&backwards, &parts[2 - i]);
        struct log_wealth part = log_wealth_drop(&parts[i], 0.6);
        log_wealth_add(&wealth, &part);
    }
    assert_memory_equal(&whole, &backwards, sizeof whole);
    assert_near(log_wealth_mix(&wealth), log_e_drop(&whole, 0.6), 1e-9);
    struct moments together = score_bins_moments(&whole), merged = {0};
    for (size_t i = 0; i < 3; i++) {
        struct moments part = score_bins_moments(&parts[i]);
        moments_merge(&merged, &part);
    }
    assert_near(merged.mean, together.mean, 1e-12);
    assert_near(merged.m2, together.m2, 1e-9);
}

static void moments_of_many_equal_scores_have_no_spread(void **state)
{
    (void)state;
    struct score_bins bins = {0};
    bins.counts[777] = UINT64_C(9000000000000);
    struct moments moments = score_bins_moments(&bins);
    assert_true(moments.m2 == 0 && moments.n == 9e12);
    assert_near(moments.mean, 0.777, 1e-15);
}

static void an_alarm_is_the_same_in_a_replay(void **state)
{
    (void)state;
    struct e_detector first, second;
    e_detector_init(&first, E_DETECTOR_SHIRYAEV_ROBERTS);
    e_detector_init(&second, E_DETECTOR_SHIRYAEV_ROBERTS);
    for (uint64_t h = 0; h < 50; h++) {
        struct score_bins bins = random_bins(h, 20);
        e_detector_step(&first, log_wealth_drop(&bins, 0.55));
    }
    for (uint64_t h = 0; h < 50; h++) {
        struct score_bins bins = random_bins(h, 20);
        e_detector_step(&second, log_wealth_drop(&bins, 0.55));
    }
    assert_memory_equal(&first, &second, sizeof first);
    /* a bucket that pays nothing: M = 0 + 1 */
    e_detector_init(&first, E_DETECTOR_SHIRYAEV_ROBERTS);
    assert_near(e_detector_step(&first, (struct log_wealth){{0}}), 0, 1e-12);
    assert_near(e_detector_step(&first, (struct log_wealth){{0}}), log(2), 1e-12);
}

static void the_lattice_chart_knows_simple_run_lengths(void **state)
{
    (void)state;
    /* h = 1: the first failure. m = 2, h = 2: a walk up by 1 with p, down by 1 (not below 0): by
     * hand E0 = 1/p + E1, E1 = 1 + q E0, so E0 = (1 + p) / p^2. */
    double p = 0.2;
    assert_near(lattice_cusum_run_length((struct lattice_cusum){5, 1}, p), 1 / p, 1e-12);
    assert_near(lattice_cusum_run_length((struct lattice_cusum){2, 2}, p), (1 + p) / (p * p),
                1e-10);
    assert_near(lattice_cusum_m(0.05, lattice_cusum_implied_p1(14, 0.05)), 14, 1e-9);
}

static void an_onset_needs_values_on_both_sides(void **state)
{
    (void)state;
    double profile[4];
    struct onset_bucket one_side[4] = {[1] = {10, 5, 3}};
    assert_false(onset_scores(one_side, 4, profile).found);
    assert_false(onset_is_possible(&(struct onset){0}, profile, 1, 3));
    assert_false(onset_scores(NULL, 0, profile).found);
    struct onset_bucket equal[3] = {{5, 5, 5}, {5, 5, 5}, {5, 0, 0}};
    struct onset onset = onset_scores(equal, 3, profile);
    assert_true(onset.found && onset.since == 2 && onset.glr == INFINITY);
    assert_false(onset_is_possible(&onset, profile, 1, 3));
}

static void rows_that_were_not_tested_do_not_count(void **state)
{
    (void)state;
    double p[] = {0.01, NAN, 0.04, 0.03, NAN}, adjusted[5];
    size_t order[5];
    static const double expected[] = {0.03, NAN, 0.04, 0.04, NAN}; /* p.adjust(c(.01,.04,.03)) */
    benjamini_hochberg(p, 5, order, adjusted);
    for (size_t i = 0; i < 5; i++)
        assert_true(isnan(expected[i]) ? isnan(adjusted[i])
                                       : fabs(adjusted[i] - expected[i]) < 1e-12);
    holm(p, 5, order, p); /* in place */
    assert_near(p[3], 0.06, 1e-12);
    bool rejected[1];
    assert_int_equal(e_benjamini_hochberg(NULL, 0, 0.05, order, rejected), 0);
}

/* The correction for continuity takes n / 2 off a positive determinant, not below 0. Expected: the
 * formula of Newcombe's method 10 in a few lines of Python. */
static void pairs_that_agree_narrow_the_interval(void **state)
{
    (void)state;
    static const struct {
        struct paired_verdicts verdicts;
        struct interval expected;
    } cases[] = {
        {{20, 12, 2, 16}, {0.056156424842, 0.329206995400}},
        {{53, 2, 1, 44}, {-0.028623400876, 0.048503273096}},
        {{10, 5, 3, 2}, {-0.176272101598, 0.357360553877}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct interval ends = newcombe_paired_interval(cases[i].verdicts, 0.05);
        assert_near(ends.low, cases[i].expected.low, 1e-9);
        assert_near(ends.high, cases[i].expected.high, 1e-9);
    }
}

/* By hand: the common rate of two of A at .5 and one of B at .2 is .4. */
static void a_block_weighs_its_sides(void **state)
{
    (void)state;
    double log_e = live_test_log_e((struct live_block){1, 2, 0, 1}, 0.5, 0.2);
    assert_near(log_e, log(0.5 * 0.5 * 0.8 / (0.4 * 0.6 * 0.6)), 1e-12);
    assert_near(live_test_log_e((struct live_block){0, 0, 0, 0}, 0.5, 0.2), 0, 0);
}

static void quantile_ends_without_a_rank_are_the_ends_of_the_scale(void **state)
{
    (void)state;
    struct score_bins bins = {0};
    assert_true(isnan(score_bins_quantile_interval(&bins, 0.5, 0.05).low));
    assert_int_equal(score_bins_quantile(&bins, 0.5), 0);
    bins.counts[400] = 3;
    struct interval ends = score_bins_quantile_interval(&bins, 0.5, 0.05);
    assert_true(ends.low == 0 && ends.high == 1); /* (1/2)^3 is above 2.5 % */
    assert_int_equal(score_bins_quantile(&bins, 0), 400);
    for (size_t q = 1; q <= 100; q++)
        bins.counts[q]++;
    bins.counts[400] = 0;
    assert_int_equal(score_bins_quantile(&bins, 0.07), 7); /* .07 * 100 is above 7 in doubles */
    assert_int_equal(score_bin_of(0.0005), 1);
    assert_int_equal(score_bin_of(-1), 0);
    assert_int_equal(score_bin_of(7), SCORE_BIN_TOP);
}

static void anytime_intervals_of_nothing_are_the_whole_scale(void **state)
{
    (void)state;
    struct score_bins empty = {0}, ones = {0};
    struct empirical_bernstein bernstein;
    empirical_bernstein_init(&bernstein, 0.05);
    assert_true(betting_interval(&empty, 0.05).low == 0 &&
                betting_interval(&empty, 0.05).high == 1);
    assert_true(beta_binomial_interval(0, 0, 0.05).high == 1);
    assert_true(empirical_bernstein_interval(&bernstein).high == 1);
    ones.counts[SCORE_BIN_TOP] = 500;
    struct interval ends = betting_interval(&ones, 0.05);
    assert_true(ends.high == 1 && ends.low > 0.97 && ends.low < 1);
}

/* Two readers of 50 proposals, as the textbook example has it. */
static void raters_who_agree_by_chance_have_no_kappa(void **state)
{
    (void)state;
    const uint64_t proposals[] = {20, 5, 10, 15}, chance[] = {4, 4, 4, 4}, one[] = {9, 0, 0, 0};
    assert_near(cohen_kappa(proposals, 2).agreement, 0.7, 1e-15);
    assert_near(cohen_kappa(proposals, 2).kappa, 0.4, 1e-15);
    assert_near(cohen_kappa(chance, 2).kappa, 0, 1e-15);
    assert_true(isnan(cohen_kappa(one, 2).kappa) && cohen_kappa(one, 2).agreement == 1);
    assert_true(isnan(cohen_kappa((uint64_t[]){0}, 1).agreement));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_argument_outside_its_range_gives_nan),
        cmocka_unit_test(ends_of_distributions_are_exact),
        cmocka_unit_test(nothing_gives_a_verdict_of_not_enough_data),
        cmocka_unit_test(distances_of_an_empty_side_are_unknown),
        cmocka_unit_test(a_window_beside_itself_is_no_drift),
        cmocka_unit_test(grades_get_one_bin_each),
        cmocka_unit_test(large_samples_take_the_limit_of_kolmogorov),
        cmocka_unit_test(merged_windows_tell_what_the_whole_tells),
        cmocka_unit_test(moments_of_many_equal_scores_have_no_spread),
        cmocka_unit_test(an_alarm_is_the_same_in_a_replay),
        cmocka_unit_test(the_lattice_chart_knows_simple_run_lengths),
        cmocka_unit_test(an_onset_needs_values_on_both_sides),
        cmocka_unit_test(rows_that_were_not_tested_do_not_count),
        cmocka_unit_test(pairs_that_agree_narrow_the_interval),
        cmocka_unit_test(a_block_weighs_its_sides),
        cmocka_unit_test(quantile_ends_without_a_rank_are_the_ends_of_the_scale),
        cmocka_unit_test(anytime_intervals_of_nothing_are_the_whole_scale),
        cmocka_unit_test(raters_who_agree_by_chance_have_no_kappa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
