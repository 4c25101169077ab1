/* vectors: e-values and confidence sequences. */
#include "tests/stats/vectors.h"

#include <math.h>

#include "worker/stats/confidence_sequence.h"
#include "worker/stats/drift_verdict.h"
#include "worker/stats/evidence.h"
#include "worker/stats/live_test.h"
#include "worker/stats/proportion.h"
#include "worker/stats/random.h"

static void plug_in_empirical_bernstein(json_t *group)
{
    json_t *rows = vectors_take(group, "t_lambda_lower_upper");
    struct empirical_bernstein state;
    struct interval narrowest = {0, 1};
    size_t next = 0;
    empirical_bernstein_init(&state, 0.05);
    for (unsigned t = 1; t <= 200; t++) {
        empirical_bernstein_add(&state, (37 * t + 11) % 101 / 100.0);
        struct interval now = empirical_bernstein_interval(&state);
        narrowest.low = fmax(narrowest.low, now.low);
        narrowest.high = fmin(narrowest.high, now.high);
        json_t *row = json_array_get(rows, next);
        if (!row || (unsigned)vectors_cell(row, 0) != t)
            continue;
        next++;
        vectors_close("lambda", state.bet, vectors_cell(row, 1), VECTORS_TOLERANCE);
        vectors_close("lower", now.low, vectors_cell(row, 2), VECTORS_TOLERANCE);
        vectors_close("upper", now.high, vectors_cell(row, 3), VECTORS_TOLERANCE);
    }
    assert_int_equal(next, json_array_size(rows));
    vectors_expect_interval(group, "running_intersection_at_200", narrowest);
}

static void hist_mixture_evalue(json_t *group)
{
    struct score_bins base, current, same;
    vectors_base(&base);
    vectors_current(&current);
    vectors_same(&same);
    vectors_expect_numbers(group, "lambda", BET, BETS);
    double weights[BETS];
    for (size_t k = 0; k < BETS; k++)
        weights[k] = 1.0 / BETS;
    vectors_expect_numbers(group, "weights", weights, BETS);
    struct log_wealth wealth = log_wealth_drop(&current, 0.74);
    json_t *c = vectors_take(group, "cur_m0.74");
    vectors_expect(c, "log_e", log_wealth_mix(&wealth));
    vectors_expect_numbers(c, "per_lambda_log", wealth.of, BETS);
    vectors_expect(vectors_take(group, "cur_m0.70"), "log_e", log_e_drop(&current, 0.70));
    vectors_expect(vectors_take(group, "same_m0.74"), "log_e", log_e_drop(&same, 0.74));
    vectors_expect(vectors_take(group, "same_rise_m0.70"), "log_e", log_e_rise(&same, 0.70));
    vectors_expect_root_interval(group, "cs95_cur", betting_interval(&current, 0.05));
    vectors_expect_root_interval(group, "cs95_base", betting_interval(&base, 0.05));
    struct moments m = score_bins_moments(&current);
    double reach = 1.959963984540054 * sqrt(moments_variance(&m) / m.n);
    vectors_expect_interval(group, "clt95_cur_for_comparison",
                            (struct interval){m.mean - reach, m.mean + reach});
}

static void hist_mixture_evalue_weighted(json_t *group)
{
    struct score_bins current, same;
    struct log_wealth wealth = {0};
    vectors_current(&current);
    vectors_same(&same);
    log_wealth_add_weighted(&wealth, &current, 1, 0.74);
    log_wealth_add_weighted(&wealth, &same, 0.1, 0.74);
    vectors_expect(group, "log_e", log_wealth_mix(&wealth));
    vectors_expect_numbers(group, "per_lambda_log", wealth.of, BETS);
}

static void delta_cs_and_verdict(json_t *group)
{
    struct score_bins base, current, same;
    vectors_base(&base);
    vectors_current(&current);
    vectors_same(&same);
    vectors_expect_root_interval(group, "base", betting_interval(&base, 0.025));
    vectors_expect_root_interval(group, "cur", betting_interval(&current, 0.025));
    vectors_expect_root_interval(group, "same", betting_interval(&same, 0.025));
    vectors_expect_root_interval(group, "delta_cur",
                                 betting_difference_interval(&base, &current, 0.05));
    vectors_expect_root_interval(group, "delta_same",
                                 betting_difference_interval(&base, &same, 0.05));
    json_t *cases = vectors_take(group, "verdict_cases_lo_hi_tol"), *c;
    size_t i;
    json_array_foreach(cases, i, c)
    {
        struct interval difference = {vectors_cell(c, 0), vectors_cell(c, 1)};
        enum drift_verdict verdict = drift_verdict(difference, vectors_cell(c, 2));
        assert_string_equal(drift_verdict_name(verdict), json_string_value(json_array_get(c, 3)));
    }
}

static void beta_binomial_evalue(json_t *group)
{
    json_t *cases = vectors_take(group, "cases"), *c;
    size_t i;
    json_array_foreach(cases, i, c)
    {
        double s = vectors_number(c, "s"), f = vectors_number(c, "f");
        vectors_expect(c, "log_e_p0_0.01", beta_binomial_log_e(s, f, 0.01));
        vectors_expect(c, "log_e_one_sided_p_gt_0.01", beta_binomial_log_e_above(s, f, 0.01));
        vectors_expect_root_interval(c, "cs95", beta_binomial_interval(s, f, 0.05));
        vectors_expect_interval(c, "wilson95", wilson_interval(s, s + f, 0.05));
    }
}

static void asymptotic_cs(json_t *group)
{
    double n = vectors_number(group, "n"), mean = vectors_number(group, "mean");
    double sd = vectors_number(group, "sd"), alpha = vectors_number(group, "alpha");
    double tuned = vectors_number(group, "t_star"), radius = asymptotic_radius(n, sd, alpha, tuned);
    vectors_expect(group, "rho2", (-2 * log(alpha) + log(1 - 2 * log(alpha))) / tuned);
    vectors_expect(group, "radius", radius);
    vectors_expect(group, "lower", mean - radius);
    vectors_expect(group, "upper", mean + radius);
    vectors_expect(group, "ratio_to_clt_halfwidth_at_t_star",
                   radius / (1.959963984540054 * sd / sqrt(n)));
    vectors_expect(group, "same_n_tuned_at_10000", asymptotic_radius(n, sd, alpha, 10000));
}

static void ab_pair_eprocess(json_t *group)
{
    double a[120], b[120];
    struct log_wealth wealth = {0};
    json_t *rows = vectors_take(group, "log_e_at");
    size_t next = 0;
    double highest = -INFINITY;
    vectors_scores(501, 120, 3, a);
    vectors_scores(502, 120, 2, b);
    for (size_t t = 1; t <= 120; t++) {
        live_test_add_pair(&wealth, a[t - 1], b[t - 1]);
        double log_e = log_wealth_mix(&wealth);
        highest = fmax(highest, log_e);
        json_t *row = json_array_get(rows, next);
        if (row && (size_t)vectors_cell(row, 0) == t) {
            vectors_close("log_e", log_e, vectors_cell(row, 1), VECTORS_TOLERANCE);
            next++;
        }
    }
    assert_int_equal(next, json_array_size(rows));
    vectors_expect_null(group, "first_t_log_e_ge_ln20");
    assert_true(highest < log(20));
}

static void two_by_two_eprocess(json_t *group)
{
    struct random a = {61}, b = {62};
    double log_e = 0, failures[2] = {0};
    for (size_t i = 0; i < 300; i++) {
        double failed_a = random_below(&a, 1000) < 40, failed_b = random_below(&b, 1000) < 110;
        failures[0] += failed_a;
        failures[1] += failed_b;
        log_e += live_test_log_e((struct live_block){failed_a, 1, failed_b, 1}, 0.04, 0.11);
    }
    vectors_expect_numbers(group, "fails", failures, 2);
    vectors_expect(group, "log_e", log_e);
}

const struct vectors_entry VECTORS_EVIDENCE[] = {
    {"cs_predictable_plugin_empirical_bernstein", plug_in_empirical_bernstein},
    {"hist_mixture_evalue", hist_mixture_evalue},
    {"hist_mixture_evalue_weighted", hist_mixture_evalue_weighted},
    {"delta_cs_and_verdict", delta_cs_and_verdict},
    {"beta_binomial_evalue", beta_binomial_evalue},
    {"asymptotic_cs", asymptotic_cs},
    {"ab_pair_eprocess", ab_pair_eprocess},
    {"two_by_two_eprocess", two_by_two_eprocess},
    {NULL, NULL},
};
