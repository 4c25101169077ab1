/* vectors: generator, special functions, merging, log bins. */
#include "tests/stats/vectors.h"

#include <math.h>
#include <stdlib.h>

#include "worker/stats/distributions.h"
#include "schema/base/log_bins.h"
#include "worker/stats/random.h"
#include "worker/stats/special.h"

static void prng_splitmix64(json_t *group)
{
    struct random random = {(uint64_t)vectors_number(group, "seed")};
    json_t *first = vectors_take(group, "first5"), *text;
    size_t i;
    json_array_foreach(first, i, text)
        assert_true(random_next(&random) == strtoull(json_string_value(text), NULL, 10));
}

static void datasets(json_t *group)
{
    static const char *const names[] = {"base", "cur", "same"};
    for (size_t i = 0; i < 3; i++) {
        json_t *set = vectors_take(group, names[i]);
        double scores[400];
        uint64_t seed = (uint64_t)vectors_number(set, "seed");
        size_t n = (size_t)vectors_number(set, "n");
        vectors_scores(seed, n, (unsigned)vectors_number(set, "k"), scores);
        for (size_t j = 0; j < n; j++)
            scores[j] *= SCORE_BIN_TOP;
        vectors_expect_numbers(set, "q", scores, n);
    }
}

typedef double three(double a, double b, double c);

static double cdf_of(double x, double b, double c)
{
    (void)b, (void)c;
    return normal_cdf(x);
}
static double sf_of(double x, double b, double c)
{
    (void)b, (void)c;
    return normal_sf(x);
}
static double ppf_of(double p, double b, double c)
{
    (void)b, (void)c;
    return normal_quantile(p);
}
static double chi2_sf_of(double x, double df, double c)
{
    (void)c;
    return chi_square_sf(x, df);
}
static double chi2_ppf_of(double p, double df, double c)
{
    (void)c;
    return chi_square_quantile(p, df);
}
static double t_sf_of(double t, double df, double c)
{
    (void)c;
    return student_t_sf(t, df);
}
static double t_ppf_of(double p, double df, double c)
{
    (void)c;
    return student_t_quantile(p, df);
}
static double beta_of(double a, double b, double x)
{
    return beta_i(a, b, x, 1 - x);
}
static double gamma_of(double a, double x, double c)
{
    (void)c;
    return gamma_q(a, x);
}
static double lgamma_of(double x, double b, double c)
{
    (void)b, (void)c;
    return log_gamma(x);
}
static double kolmogorov_of(double x, double b, double c)
{
    (void)b, (void)c;
    return kolmogorov_sf(x);
}

static void special_functions(json_t *group)
{
    static const struct {
        const char *key;
        three *function;
    } table[] = {
        {"norm_cdf", cdf_of},
        {"norm_sf_tail", sf_of},
        {"norm_ppf", ppf_of},
        {"chi2_sf_x_df", chi2_sf_of},
        {"chi2_ppf_p_df", chi2_ppf_of},
        {"t_sf_t_df", t_sf_of},
        {"t_ppf_p_df", t_ppf_of},
        {"betainc_a_b_x", beta_of},
        {"beta_ppf_p_a_b", beta_quantile},
        {"gammaincc_a_x", gamma_of},
        {"lgamma_x", lgamma_of},
        {"kolmogorov_sf_x", kolmogorov_of},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        json_t *rows = vectors_take(group, table[i].key), *row;
        size_t j;
        json_array_foreach(rows, j, row)
        {
            double arguments[3] = {0};
            size_t count = json_array_size(row) - 1;
            for (size_t k = 0; k < count; k++)
                arguments[k] = vectors_cell(row, k);
            vectors_relative(table[i].key,
                             table[i].function(arguments[0], arguments[1], arguments[2]),
                             vectors_cell(row, count));
        }
    }
}

static void check_sums(json_t *group, const char *key, const struct score_bins *bins)
{
    json_t *part = vectors_take(group, key);
    struct score_sums sums = score_bins_sums(bins);
    vectors_expect(part, "n", (double)sums.n);
    vectors_expect(part, "S1", (double)sums.s1);
    vectors_expect(part, "S2", (double)sums.s2);
}

static void check_quantiles(json_t *group, const struct score_bins *bins)
{
    const char *p;
    json_t *nearest = vectors_members(group, "quantile_type1_q"), *expected;
    json_t *intervals = vectors_members(group, "quantile_ci95_orderstat");
    json_object_foreach(nearest, p, expected)
        assert_int_equal(score_bins_quantile(bins, strtod(p, NULL)), json_integer_value(expected));
    json_object_foreach(intervals, p, expected)
    {
        struct quantile_ranks ranks = quantile_ranks(400, strtod(p, NULL), 0.05);
        struct interval ends = score_bins_quantile_interval(bins, strtod(p, NULL), 0.05);
        vectors_expect(expected, "rank_lo", (double)ranks.low);
        vectors_expect(expected, "rank_hi", (double)ranks.high);
        vectors_expect(expected, "q_lo", ends.low * SCORE_BIN_TOP);
        vectors_expect(expected, "q_hi", ends.high * SCORE_BIN_TOP);
    }
}

static void merge(json_t *group)
{
    double scores[400];
    struct score_bins parts[2] = {0}, merged = {0};
    vectors_scores(1, 400, 3, scores);
    size_t first = (size_t)vectors_number(group, "part1_first");
    for (size_t i = 0; i < 400; i++)
        score_bins_add(&parts[i >= first], scores[i], 1);
    score_bins_merge(&merged, &parts[1]);
    score_bins_merge(&merged, &parts[0]);
    check_sums(group, "part1", &parts[0]);
    check_sums(group, "part2", &parts[1]);
    check_sums(group, "merged", &merged);
    struct moments m = score_bins_moments(&merged);
    vectors_expect(group, "mean", m.mean);
    vectors_expect(group, "var_unbiased", moments_variance(&m));
    double variance = moments_variance(&m);
    vectors_close("sd", vectors_number(group, "sd"), sqrt(variance), 1e-8);
    struct moments one = moments_of(scores, first), two = moments_of(scores + first, 400 - first);
    vectors_expect_numbers(group, "welford_part1_n_mean_M2", (double[]){one.n, one.mean, one.m2},
                           3);
    vectors_expect_numbers(group, "welford_part2_n_mean_M2", (double[]){two.n, two.mean, two.m2},
                           3);
    moments_merge(&one, &two);
    vectors_expect_numbers(group, "welford_merged_n_mean_M2", (double[]){one.n, one.mean, one.m2},
                           3);
    check_quantiles(group, &merged);
}

static void ddsketch(json_t *group)
{
    json_t *rows = vectors_take(group, "x_index_value"), *row;
    size_t i;
    vectors_expect(group, "alpha", 0.01);
    vectors_expect(group, "gamma", log_bin_value(2) / log_bin_value(1));
    vectors_expect(group, "bins_1ms_to_1h", (double)log_bin_of(3600000) + 1);
    json_array_foreach(rows, i, row)
    {
        assert_int_equal(log_bin_of(vectors_cell(row, 0)), (size_t)vectors_cell(row, 1));
        vectors_close("value", log_bin_value((size_t)vectors_cell(row, 1)), vectors_cell(row, 2),
                      VECTORS_TOLERANCE);
    }
}

const struct vectors_entry VECTORS_ARITHMETIC[] = {
    {"prng_splitmix64", prng_splitmix64},
    {"datasets", datasets},
    {"special_functions", special_functions},
    {"merge", merge},
    {"ddsketch", ddsketch},
    {NULL, NULL},
};
