/* vectors: two windows of scores or labels compared. */
#include "tests/stats/vectors.h"

#include <math.h>

#include "worker/stats/bootstrap.h"
#include "worker/stats/categories.h"
#include "worker/stats/distance.h"
#include "worker/stats/kolmogorov_smirnov.h"
#include "worker/stats/means.h"
#include "worker/stats/ranks.h"

enum { FEW = 16 };

/* The twelve and ten scores of several groups. */
static const double X12[] = {0.91,  0.874, 0.833, 0.901, 0.792, 0.955,
                             0.688, 0.847, 0.929, 0.765, 0.882, 0.713};
static const double Y10[] = {0.801, 0.655, 0.742, 0.59, 0.868, 0.707, 0.634, 0.779, 0.521, 0.826};

static void expect_counts(json_t *object, const char *key, const uint64_t *counts, size_t count)
{
    double numbers[DECILE_BINS_MAX];
    for (size_t i = 0; i < count; i++)
        numbers[i] = (double)counts[i];
    vectors_expect_numbers(object, key, numbers, count);
}

static void check_psi(json_t *pair, const struct score_bins *base, const struct score_bins *other)
{
    struct decile_bins deciles;
    decile_bins_fill(&deciles, base, other);
    assert_int_equal(deciles.count, DECILE_BINS_MAX);
    double edges[DECILE_BINS_MAX - 1];
    for (size_t i = 0; i < DECILE_BINS_MAX - 1; i++)
        edges[i] = (double)deciles.edges[i];
    vectors_expect_numbers(pair, "edges_q", edges, DECILE_BINS_MAX - 1);
    expect_counts(pair, "base_counts", deciles.base, deciles.count);
    expect_counts(pair, "cur_counts", deciles.current, deciles.count);
    struct count_pair counts = decile_bins_counts(&deciles);
    double raw = population_stability_index(counts, 0);
    vectors_expect(pair, "psi_raw", raw);
    vectors_expect(pair, "psi_add_half", population_stability_index(counts, 0.5));
    vectors_expect(pair, "psi_add_one", population_stability_index(counts, 1));
    vectors_expect(pair, "psi_floor_1e-4", raw); /* no bin is empty: a floor changes nothing */
    struct psi_noise noise = psi_noise(raw, deciles.count, 400, 250);
    vectors_expect(pair, "null_mean=(K-1)(1/nb+1/nc)", noise.mean);
    vectors_expect(pair, "null_crit_99=(1/nb+1/nc)*chi2_{K-1,.99}", noise.p99);
    vectors_expect(pair, "p_value_of_psi_raw", noise.p);
}

static void psi_10_quantile_bins(json_t *group)
{
    struct score_bins base, current, same;
    vectors_base(&base);
    vectors_current(&current);
    vectors_same(&same);
    check_psi(vectors_take(group, "base_vs_cur"), &base, &current);
    check_psi(vectors_take(group, "base_vs_same"), &base, &same);
}

static void small_pair(json_t *pair, double scale, struct score_bins *x, struct score_bins *y)
{
    double values[FEW];
    size_t n = vectors_numbers(pair, "x", values, FEW);
    vectors_small_bins(values, n, scale, x);
    size_t m = vectors_numbers(pair, "y", values, FEW);
    vectors_small_bins(values, m, scale, y);
}

static void check_small_ks(json_t *group, struct ks_scratch *scratch)
{
    struct score_bins x, y;
    json_t *free_of_ties = vectors_take(group, "small_no_ties");
    small_pair(free_of_ties, 1000, &x, &y);
    vectors_expect(free_of_ties, "p_exact", ks_exact_p(&x, &y, scratch));
    vectors_expect(free_of_ties, "D", ks_statistic(&x, &y).d);
    json_t *tied = vectors_take(group, "small_ties");
    small_pair(tied, 1, &x, &y);
    double d = ks_statistic(&x, &y).d;
    vectors_expect(tied, "D", d);
    vectors_expect(tied, "p_ignoring_ties_exact", ks_exact_p_without_ties(6, 7, d, scratch));
    vectors_expect(tied, "p_tie_exact", ks_exact_p(&x, &y, scratch));
}

static void ks_two_sample(json_t *group)
{
    static struct ks_scratch scratch;
    struct score_bins base, current, same;
    vectors_base(&base);
    vectors_current(&current);
    vectors_same(&same);
    check_small_ks(group, &scratch);
    json_t *pair = vectors_take(group, "base_vs_cur");
    struct ks_statistic ks = ks_statistic(&base, &current);
    double en = 400.0 * 250 / 650, root = sqrt(en);
    vectors_expect(pair, "D", ks.d);
    vectors_expect(pair, "argmax_q", (double)ks.bin);
    vectors_expect(pair, "en", en);
    vectors_expect(pair, "p_kolmogorov_limit", ks_limit_p(400, 250, ks.d));
    vectors_expect(pair, "p_stephens", ks_stephens_p(400, 250, ks.d));
    vectors_expect(pair, "stephens_lambda", (root + .12 + .11 / root) * ks.d);
    vectors_expect(pair, "p_scipy_exact", ks_exact_p_without_ties(400, 250, ks.d, &scratch));
    vectors_expect(pair, "p_tie_exact", ks_p(&base, &current, &scratch));
    vectors_leave(pair, "p_scipy_asymp_kstwo",
                  "the one-sample distribution at size 154; Stephens "
                  "is used instead");
    pair = vectors_take(group, "base_vs_same");
    double d = ks_statistic(&base, &same).d;
    vectors_expect(pair, "D", d);
    vectors_expect(pair, "p_stephens", ks_stephens_p(400, 250, d));
    vectors_expect(pair, "p_scipy_exact", ks_exact_p_without_ties(400, 250, d, &scratch));
    double critical = vectors_number(group, "critical_D_alpha05_limit");
    vectors_close("p of the critical D", ks_limit_p(400, 250, critical), 0.05, 1e-8);
}

static void jensen_shannon(json_t *group)
{
    struct score_bins base, current;
    struct decile_bins deciles;
    vectors_base(&base);
    vectors_current(&current);
    decile_bins_fill(&deciles, &base, &current);
    struct count_pair counts = decile_bins_counts(&deciles);
    double bits = jensen_shannon_bits(counts);
    vectors_expect(group, "divergence_bits", bits);
    vectors_expect(group, "distance_base2", sqrt(bits));
    vectors_expect(group, "distance_nats(Evidently)", sqrt(bits * M_LN2));
    struct count_pair fine = {base.counts, current.counts, SCORE_BINS};
    vectors_expect(group, "distance_base2_1001_bins", sqrt(jensen_shannon_bits(fine)));
    json_t *disjoint = vectors_take(group, "disjoint_example");
    double p[2], q[2];
    vectors_numbers(disjoint, "p", p, 2);
    vectors_numbers(disjoint, "q", q, 2);
    uint64_t left[2] = {(uint64_t)p[0], (uint64_t)p[1]},
             right[2] = {(uint64_t)q[0], (uint64_t)q[1]};
    bits = jensen_shannon_bits((struct count_pair){left, right, 2});
    vectors_expect(disjoint, "distance_base2", sqrt(bits));
    vectors_expect(disjoint, "distance_nats", sqrt(bits * M_LN2));
    json_t *identity = vectors_take(group, "small_change_identity");
    vectors_expect(identity, "psi", population_stability_index(counts, 0));
    vectors_expect(identity, "8*ln2*JSD_bits", 8 * M_LN2 * jensen_shannon_bits(counts));
}

static void wasserstein(json_t *group)
{
    struct score_bins base, current, same;
    vectors_base(&base);
    vectors_current(&current);
    vectors_same(&same);
    struct moments before = score_bins_moments(&base), now = score_bins_moments(&current);
    double distance = wasserstein1(&base, &current);
    vectors_expect(group, "base_vs_cur", distance);
    vectors_expect(group, "base_vs_same", wasserstein1(&base, &same));
    vectors_expect(group, "abs_mean_diff", fabs(now.mean - before.mean));
    vectors_expect(group, "normed_by_population_sd_of_base(Evidently)",
                   distance / sqrt(moments_variance_population(&before)));
}

static void mann_whitney_cliff(json_t *group)
{
    struct score_bins base, current;
    vectors_base(&base);
    vectors_current(&current);
    json_t *pair = vectors_take(group, "base_vs_cur");
    struct mann_whitney test = mann_whitney(&base, &current);
    struct brunner_munzel effect = brunner_munzel(&base, &current, 0.05);
    vectors_expect(pair, "U_cur", test.u);
    vectors_expect(pair, "sigma_tie_corrected", test.sigma);
    vectors_expect(pair, "z_abs_cc", test.z);
    vectors_expect(pair, "p_two_sided", test.p);
    vectors_expect(pair, "cliff_delta_cur_minus_base", test.cliff_delta);
    vectors_expect(pair, "auc", test.auc);
    vectors_expect(pair, "brunner_munzel_t", effect.t);
    vectors_expect(pair, "brunner_munzel_p", effect.p);
    vectors_expect(pair, "brunner_munzel_df", effect.df);
    vectors_expect(pair, "auc_se_bm", effect.auc_se);
    vectors_expect_interval(pair, "cliff_ci95", effect.cliff_ci);
    json_t *small = vectors_take(group, "small_no_ties");
    struct score_bins x, y;
    small_pair(vectors_take(small, "y_over_x"), 1000, &x, &y);
    test = mann_whitney(&x, &y);
    vectors_expect(small, "U_y", test.u);
    vectors_expect(small, "p_exact", mann_whitney_exact_p(12, 10, test.u));
    vectors_expect(small, "cliff_delta", test.cliff_delta);
}

static void welch(json_t *group)
{
    struct score_bins bins;
    vectors_base(&bins);
    struct moments base = score_bins_moments(&bins);
    vectors_current(&bins);
    struct moments current = score_bins_moments(&bins);
    vectors_same(&bins);
    struct moments same = score_bins_moments(&bins);
    struct mean_difference difference = welch_t(&base, &current, 0.05);
    vectors_expect(group, "mean_base", base.mean);
    vectors_expect(group, "mean_cur", current.mean);
    vectors_expect(group, "var_base", moments_variance(&base));
    vectors_expect(group, "var_cur", moments_variance(&current));
    vectors_expect(group, "delta", difference.delta);
    vectors_expect(group, "se", difference.se);
    vectors_expect(group, "t", difference.t);
    vectors_expect(group, "df", difference.df);
    vectors_expect(group, "p_two_sided", difference.p);
    vectors_expect_interval(group, "ci95", difference.ci);
    json_t *student = vectors_take(group, "student_t_equal_var(Evidently t_test)");
    difference = student_t_pooled(&base, &current, 0.05);
    vectors_expect(student, "t", difference.t);
    vectors_expect(student, "p", difference.p);
    json_t *pair = vectors_take(group, "base_vs_same");
    difference = welch_t(&base, &same, 0.05);
    vectors_expect(pair, "delta", difference.delta);
    vectors_expect(pair, "t", difference.t);
    vectors_expect(pair, "p_two_sided", difference.p);
}

static void hodges(json_t *group)
{
    struct score_bins base, current, x, y;
    vectors_base(&base);
    vectors_current(&current);
    struct hodges_lehmann shift = hodges_lehmann(&base, &current, 0.05);
    vectors_expect(group, "hodges_lehmann_shift", shift.shift);
    vectors_expect(group, "hl_ci95_rank_K", shift.rank);
    vectors_expect_interval(group, "hl_ci95", shift.ci);
    vectors_small_bins(X12, 12, 1000, &x);
    vectors_small_bins(Y10, 10, 1000, &y);
    vectors_expect(group, "hl_small_x12_y10", hodges_lehmann(&x, &y, 0.05).shift);
    struct moments before = score_bins_moments(&base), now = score_bins_moments(&current);
    vectors_expect(group, "cohen_d", cohen_d(&before, &now));
    vectors_expect(group, "hedges_J_approx", hedges_j_approximate(648));
    vectors_expect(group, "hedges_J_exact", hedges_j(648));
    vectors_expect(group, "hedges_g", hedges_g(&before, &now));
}

static void bootstrap(json_t *group)
{
    double resampled[22], statistics[BOOTSTRAP_ROUNDS];
    struct random random = {(uint64_t)vectors_number(group, "seed")};
    struct interval ends =
        bootstrap_percentile((struct bootstrap_sample){X12, 12}, (struct bootstrap_sample){Y10, 10},
                             bootstrap_mean_difference, NULL, 0.05, &random,
                             (struct bootstrap_room){resampled, statistics});
    double sum = 0;
    for (size_t i = 0; i < BOOTSTRAP_ROUNDS; i++)
        sum += statistics[i];
    vectors_expect(group, "R", BOOTSTRAP_ROUNDS);
    vectors_expect_interval(group, "ci95", ends);
    vectors_expect(group, "min", statistics[0]);
    vectors_expect(group, "max", statistics[BOOTSTRAP_ROUNDS - 1]);
    vectors_expect(group, "mean", sum / BOOTSTRAP_ROUNDS);
}

static void categorical(json_t *group)
{
    double base[5], current[5], residuals[5];
    uint64_t before[5], now[5];
    vectors_numbers(group, "base", base, 5);
    vectors_numbers(group, "cur", current, 5);
    for (size_t i = 0; i < 5; i++) {
        before[i] = (uint64_t)base[i];
        now[i] = (uint64_t)current[i];
    }
    struct count_pair counts = {before, now, 5};
    struct homogeneity test = homogeneity_test(counts);
    vectors_expect(group, "chi2", test.chi_square);
    vectors_expect(group, "df", test.df);
    vectors_expect(group, "p", test.p);
    vectors_expect(group, "cramers_v", test.cramers_v);
    vectors_expect(group, "G", test.g);
    vectors_expect(group, "G_p", test.g_p);
    vectors_expect(group, "tvd", total_variation(counts));
    vectors_expect(group, "linf", l_infinity(counts));
    vectors_expect(group, "psi_raw", population_stability_index(counts, 0));
    vectors_expect(group, "js_distance_base2", sqrt(jensen_shannon_bits(counts)));
    double p;
    vectors_expect(group, "one_sample_chi2", chi_square_one_sample(counts, &p));
    vectors_expect(group, "one_sample_p", p);
    for (size_t i = 0; i < 5; i++)
        residuals[i] = standardised_residual(counts, i);
    vectors_expect_numbers(group, "std_residuals_cur", residuals, 5);
    json_t *evidence = vectors_take(group, "dirichlet_multinomial_log_evalue");
    double concentration = vectors_number(evidence, "concentration");
    vectors_expect(evidence, "log_e", dirichlet_multinomial_log_e(counts, concentration));
}

static void mde(json_t *group)
{
    double z = minimum_detectable_effect(1, 0.05, 0.8), p95 = 0.95 * 0.05, p99 = 0.99 * 0.01;
    vectors_expect(group, "z_sum", z);
    vectors_expect(group, "mde_sd0.25_n5000_n500", z * difference_error(0.0625, 5000, 0.0625, 500));
    vectors_expect(group, "mde_p0.95_n5000_n500", z * difference_error(p95, 5000, p95, 500));
    vectors_expect(group, "n_per_arm_sd0.25_delta0.02",
                   ceil(sample_size_per_arm(0.0625, 0.02, 0.05, 0.8)));
    vectors_expect(group, "n_per_arm_p0.95_delta0.02",
                   ceil(sample_size_per_arm(p95, 0.02, 0.05, 0.8)));
    vectors_expect(group, "n_per_arm_p0.99_delta0.01",
                   ceil(sample_size_per_arm(p99, 0.01, 0.05, 0.8)));
}

const struct vectors_entry VECTORS_WINDOWS[] = {
    {"psi_10_quantile_bins", psi_10_quantile_bins},
    {"ks_two_sample", ks_two_sample},
    {"jensen_shannon", jensen_shannon},
    {"wasserstein1", wasserstein},
    {"mann_whitney_cliff", mann_whitney_cliff},
    {"welch_t", welch},
    {"hodges", hodges},
    {"bootstrap_percentile", bootstrap},
    {"categorical", categorical},
    {"mde", mde},
    {NULL, NULL},
};
