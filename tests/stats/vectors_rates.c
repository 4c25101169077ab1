/* vectors: pass rates, pairs, many tests at once. */
#include "tests/stats/vectors.h"

#include <math.h>

#include "worker/stats/evidence.h"
#include "worker/stats/multiplicity.h"
#include "worker/stats/paired.h"
#include "worker/stats/proportion.h"
#include "worker/stats/two_proportions.h"

enum { ROWS_MAX = 16 };

static void wilson(json_t *group)
{
    json_t *cases = vectors_take(group, "cases"), *c;
    size_t i;
    json_array_foreach(cases, i, c)
    {
        double k = vectors_number(c, "k"), n = vectors_number(c, "n");
        vectors_expect_interval(c, "wilson95", wilson_interval(k, n, 0.05));
        vectors_expect_interval(c, "clopper_pearson95", clopper_pearson_interval(k, n, 0.05));
        vectors_expect_interval(c, "jeffreys95", jeffreys_interval(k, n, 0.05));
        if (k == 0)
            vectors_expect(c, "rule_of_three_upper", rule_of_three(n));
        else
            vectors_expect_null(c, "rule_of_three_upper");
    }
}

static void proportions(json_t *group)
{
    json_t *cases = vectors_take(group, "cases"), *c;
    size_t i;
    json_array_foreach(cases, i, c)
    {
        struct two_proportions pair = {vectors_number(c, "k1"), vectors_number(c, "n1"),
                                       vectors_number(c, "k2"), vectors_number(c, "n2")};
        double p;
        vectors_expect(c, "diff", pair.k1 / pair.n1 - pair.k2 / pair.n2);
        vectors_expect(c, "z_pooled", pooled_z(pair, &p));
        vectors_expect(c, "p_two_sided", p);
        vectors_expect_interval(c, "newcombe95", newcombe_interval(pair, 0.05));
        vectors_expect_interval(c, "newcombe99", newcombe_interval(pair, 0.01));
        vectors_expect(c, "fisher_exact_p", fisher_exact_p(pair));
        vectors_expect(c, "cohen_h", cohen_h(pair));
        vectors_expect_interval(c, "wald_unpooled95", wald_difference_interval(pair, 0.05));
    }
}

static void paired_real(json_t *group)
{
    json_t *c = vectors_take(vectors_take(group, "cases"), "gpt-3.5-0301_vs_0613");
    struct paired_verdicts v = {vectors_number(c, "a"), vectors_number(c, "b"),
                                vectors_number(c, "c"), vectors_number(c, "d")};
    struct mcnemar test = mcnemar_test(v);
    double n = v.both + v.only_a + v.only_b + v.neither;
    struct two_proportions apart = {v.both + v.only_a, n, v.both + v.only_b, n};
    vectors_relative("exact_p", test.exact_p, vectors_number(c, "exact_p"));
    vectors_relative("mid_p", test.mid_p, vectors_number(c, "mid_p"));
    vectors_expect(c, "chi2", test.chi_square);
    vectors_expect(c, "diff", (v.only_a - v.only_b) / n);
    vectors_expect(c, "phi", paired_phi(v));
    vectors_expect_interval(c, "ci95", newcombe_paired_interval(v, 0.05));
    vectors_expect_interval(c, "unpaired_newcombe95", newcombe_interval(apart, 0.05));
}

static void paired(json_t *group)
{
    double a[ROWS_MAX], b[ROWS_MAX];
    size_t count = vectors_numbers(group, "A", a, ROWS_MAX);
    assert_int_equal(vectors_numbers(group, "B", b, ROWS_MAX), count);
    struct mean_difference test = paired_t(a, b, count, 0.05);
    vectors_expect(group, "mean_diff", test.delta);
    vectors_expect(group, "sd_diff", test.se * sqrt((double)count));
    vectors_expect(group, "t", test.t);
    vectors_expect(group, "p", test.p);
    vectors_expect_interval(group, "ci95", test.ci);
    struct moments ma = moments_of(a, count), mb = moments_of(b, count);
    vectors_expect(group, "unpaired_welch_p", welch_t(&ma, &mb, 0.05).p);
    vectors_expect(group, "correlation", correlation(a, b, count));
}

static void check_e_bh(json_t *group, const char *key, const double *log_e, size_t count,
                       double alpha)
{
    size_t order[ROWS_MAX], expected = 0;
    bool rejected[ROWS_MAX];
    double indices[ROWS_MAX];
    e_benjamini_hochberg(log_e, count, alpha, order, rejected);
    for (size_t i = 0; i < count; i++)
        if (rejected[i])
            indices[expected++] = (double)i;
    vectors_expect_numbers(group, key, indices, expected);
}

static void multiplicity(json_t *group)
{
    double p[ROWS_MAX], adjusted[ROWS_MAX], rejected[ROWS_MAX];
    size_t order[ROWS_MAX], count = vectors_numbers(group, "p", p, ROWS_MAX);
    benjamini_hochberg(p, count, order, adjusted);
    for (size_t i = 0; i < count; i++)
        rejected[i] = adjusted[i] <= 0.05;
    vectors_expect_numbers(group, "bh_q05_reject", rejected, count);
    vectors_expect_numbers(group, "bh_adj", adjusted, count);
    benjamini_yekutieli(p, count, order, adjusted);
    vectors_expect_numbers(group, "by_adj", adjusted, count);
    holm(p, count, order, adjusted);
    vectors_expect_numbers(group, "holm_adj", adjusted, count);
    double e[ROWS_MAX], sum = 0;
    count = vectors_numbers(group, "e", e, ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        sum += e[i];
        e[i] = log(e[i]);
    }
    check_e_bh(group, "ebh_alpha05_rejected_idx", e, count, 0.05);
    check_e_bh(group, "ebh_alpha10_rejected_idx", e, count, 0.10);
    vectors_expect(group, "e_mean", sum / (double)count);
    static const double calibrated[] = {0.0004, 0.01, 0.05, 1};
    for (size_t i = 0; i < 4; i++)
        e[i] = e_of_p(calibrated[i]);
    vectors_expect_numbers(group, "p_to_e_calibrator_half_p^-0.5", e, 4);
}

const struct vectors_entry VECTORS_RATES[] = {
    {"wilson", wilson},
    {"two_proportions", proportions},
    {"paired_real_llmdrift_primes", paired_real},
    {"paired_t", paired},
    {"multiplicity", multiplicity},
    {NULL, NULL},
};
