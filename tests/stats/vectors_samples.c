/* vectors: sampling, weights, human labels, agreement. */
#include "tests/stats/vectors.h"

#include <math.h>
#include <stdlib.h>

#include "worker/stats/agreement.h"
#include "worker/stats/mix.h"
#include "worker/stats/prediction_powered.h"
#include "worker/stats/priority_sample.h"
#include "worker/stats/random.h"
#include "worker/stats/rogan_gladen.h"
#include "worker/stats/sampling.h"
#include "worker/stats/survey.h"

enum { ROWS_MAX = 100 };

static void kitagawa(json_t *group)
{
    struct mix_segment segments[4];
    const char *names[4], *name;
    json_t *row;
    size_t count = 0;
    json_t *members = vectors_members(group, "segments_nb_meanb_nc_meanc");
    json_object_foreach(members, name, row)
    {
        names[count] = name;
        segments[count++] = (struct mix_segment){vectors_cell(row, 0),
                                                 vectors_cell(row, 1),
                                                 vectors_cell(row, 2),
                                                 vectors_cell(row, 3),
                                                 0,
                                                 0};
    }
    struct mix_split split = kitagawa_decomposition(segments, count);
    vectors_expect(group, "mean_base", split.mean_base);
    vectors_expect(group, "mean_cur", split.mean_current);
    vectors_expect(group, "delta_total", split.delta);
    json_t *within = vectors_take(group, "within"), *mix = vectors_take(group, "mix");
    for (size_t i = 0; i < count; i++) {
        vectors_expect(within, names[i], segments[i].within);
        vectors_expect(mix, names[i], segments[i].mix);
    }
    vectors_expect(group, "within_sum", split.within);
    vectors_expect(group, "mix_sum", split.mix);
    vectors_expect(group, "delta_fixed_baseline_mix", split.delta_fixed_mix);
}

static void check_strata(json_t *c)
{
    struct survey_stratum strata[3];
    struct stratum_size sizes[3];
    double allocation[3], sum = 0, n = 0;
    json_t *rows = vectors_take(c, "N_n_mean_var"), *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        strata[i] = (struct survey_stratum){vectors_cell(row, 0), vectors_cell(row, 1),
                                            vectors_cell(row, 2), vectors_cell(row, 3)};
        sizes[i] = (struct stratum_size){strata[i].population, sqrt(strata[i].variance)};
        sum += strata[i].n * strata[i].mean;
        n += strata[i].n;
    }
    struct stratified_estimate estimate = stratified_estimate(strata, 3);
    vectors_expect(c, "mean", estimate.mean);
    vectors_expect(c, "var", estimate.variance);
    vectors_expect(c, "var_fpc", estimate.variance_finite);
    vectors_expect(c, "unweighted_mean_of_sample", sum / n);
    sampling_allocate(sizes, 3, ALLOCATION_NEYMAN, 230, 0, allocation);
    vectors_expect_numbers(c, "neyman_alloc_230", allocation, 3);
    sampling_allocate(sizes, 3, ALLOCATION_SQUARE_ROOT, 230, 0, allocation);
    vectors_expect_numbers(c, "sqrt_alloc_230", allocation, 3);
}

static void survey_estimators(json_t *group)
{
    double y[ROWS_MAX], p[ROWS_MAX], ids[ROWS_MAX], totals[4], weights[ROWS_MAX];
    size_t clusters[ROWS_MAX], count = vectors_numbers(group, "y", y, ROWS_MAX);
    vectors_numbers(group, "pi", p, ROWS_MAX);
    vectors_numbers(group, "clusters", ids, ROWS_MAX);
    struct survey_sums halves[2] = {0};
    for (size_t i = 0; i < count; i++) {
        weights[i] = 1 / p[i];
        clusters[i] = (size_t)ids[i];
        survey_add(&halves[i % 2], weights[i], 1, y[i], y[i] * y[i]);
    }
    survey_merge(&halves[0], &halves[1]);
    struct survey_estimate estimate = survey_estimate(&halves[0]);
    vectors_expect(group, "ht_total", estimate.total);
    vectors_expect(group, "N_hat", estimate.population);
    vectors_expect(group, "hajek_mean", estimate.mean);
    vectors_expect(group, "ht_total_var_finite", estimate.total_variance_finite);
    vectors_expect(group, "hajek_var_finite", estimate.variance_finite);
    vectors_expect(group, "hajek_var_superpop", estimate.variance);
    vectors_expect(group, "n_eff_kish", estimate.n_eff);
    vectors_expect(group, "deff_kish", estimate.deff);
    vectors_expect(group, "hajek_var_cluster",
                   survey_cluster_variance(y, weights, clusters, count, 4, totals));
    vectors_expect(group, "deff_cluster_m5_rho0.3", survey_cluster_deff(5, 0.3));
    check_strata(vectors_take(group, "stratified"));
    json_t *c = vectors_take(group, "wilson_with_n_eff");
    double n_eff, rate = vectors_number(c, "p_hat");
    struct interval ends = survey_wilson(rate, vectors_number(c, "var_hat"), 0.05, &n_eff);
    vectors_expect(c, "n_eff=p(1-p)/var", n_eff);
    vectors_expect(c, "lo95", ends.low);
    vectors_expect(c, "hi95", ends.high);
}

static uint64_t hex(json_t *object, const char *key)
{
    return strtoull(json_string_value(vectors_take(object, key)), NULL, 16);
}

static void check_kept_shares(json_t *group, const uint8_t key[SIPHASH_KEY_BYTES])
{
    const char *p;
    json_t *expected;
    json_t *members = vectors_members(group, "kept_of_req-000001..req-010000");
    json_object_foreach(members, p, expected)
    {
        uint64_t threshold = sampling_threshold(strtod(p, NULL));
        int kept = 0;
        for (unsigned i = 1; i <= 10000; i++) {
            char id[16];
            snprintf(id, sizeof id, "req-%06u", i);
            kept += sampling_keeps(sampling_randomness(key, str_of(id)), threshold);
        }
        assert_int_equal(kept, json_integer_value(expected));
    }
}

static void hash_sampling(json_t *group)
{
    uint8_t key[SIPHASH_KEY_BYTES];
    for (uint8_t i = 0; i < SIPHASH_KEY_BYTES; i++)
        key[i] = i;
    assert_string_equal(json_string_value(vectors_take(group, "key_hex")),
                        "000102030405060708090a0b0c0d0e0f");
    const char *p;
    json_t *text, *row;
    size_t i;
    json_t *members = vectors_members(group, "threshold_hex");
    json_object_foreach(members, p, text)
    {
        uint64_t threshold = sampling_threshold(strtod(p, NULL));
        assert_true(threshold == strtoull(json_string_value(text), NULL, 16));
        vectors_close("probability", sampling_probability(threshold), strtod(p, NULL), 1e-15);
    }
    json_t *rows = vectors_take(group, "ids");
    json_array_foreach(rows, i, row)
    {
        struct str id = str_of(json_string_value(vectors_take(row, "id")));
        uint64_t randomness = sampling_randomness(key, id);
        assert_true(hash_sip(key, id) == hex(row, "hash_hex"));
        assert_true(randomness == hex(row, "rv_hex"));
        assert_int_equal(sampling_keeps(randomness, sampling_threshold(0.5)),
                         vectors_bool(row, "keep_p0.5"));
        assert_int_equal(sampling_keeps(randomness, sampling_threshold(0.1)),
                         vectors_bool(row, "keep_p0.1"));
    }
    check_kept_shares(group, key);
}

static void priority_sampling(json_t *group)
{
    enum { K = 4, ITEMS = 8 };
    double w[ITEMS], u[ITEMS], priorities[ITEMS], kept[K], total = 0, estimate = 0;
    struct priority_item room[2][K + 1];
    struct priority_sample samples[2];
    vectors_numbers(group, "w", w, ITEMS);
    vectors_numbers(group, "u", u, ITEMS);
    for (size_t s = 0; s < 2; s++)
        priority_sample_init(&samples[s], room[s], K);
    for (size_t i = 0; i < ITEMS; i++) {
        priorities[i] = w[i] / u[i];
        total += w[i];
        priority_sample_add(&samples[i % 2], i, w[i], u[i]);
    }
    priority_sample_merge(&samples[0], &samples[1]); /* two workers */
    vectors_expect_numbers(group, "priority", priorities, ITEMS);
    vectors_expect(group, "tau", priority_sample_tau(&samples[0]));
    json_t *adjusted = vectors_take(group, "adjusted");
    bool chosen[ITEMS] = {false};
    for (size_t i = priority_sample_first(&samples[0]); i < samples[0].count; i++) {
        char id[8];
        snprintf(id, sizeof id, "%u", (unsigned)room[0][i].id);
        vectors_expect(adjusted, id, priority_sample_weight(&samples[0], i));
        estimate += priority_sample_weight(&samples[0], i);
        chosen[room[0][i].id] = true;
    }
    size_t count = 0;
    for (size_t i = 0; i < ITEMS && count < K; i++)
        if (chosen[i])
            kept[count++] = (double)i;
    vectors_expect_numbers(group, "kept", kept, count);
    vectors_expect(group, "estimated_total", estimate);
    vectors_expect(group, "true_total", total);
}

static void check_ppi(json_t *c, struct ppi_estimate estimate)
{
    vectors_expect(c, "lambda", estimate.lambda);
    vectors_expect(c, "estimate", estimate.estimate);
    vectors_expect(c, "se", estimate.se);
    vectors_expect_interval(c, "ci95", ppi_interval(estimate, 0.05));
    vectors_expect_interval(c, "ci90", ppi_interval(estimate, 0.10));
}

/* The labelled scores and labels of the vectors, and the unlabelled scores by their generator. */
static void read_judged(json_t *group, struct labelled_sums *labelled, struct moments *unlabelled)
{
    double f[80], y[80], all[880], sum = 0, squares = 0;
    struct random random = {4242};
    assert_int_equal(vectors_numbers(group, "f_labeled_q", f, 80), 80);
    assert_int_equal(vectors_numbers(group, "Y", y, 80), 80);
    vectors_scores(4242, 880, 2, all);
    for (size_t i = 0; i < 2 * 880; i++)
        random_next(&random);
    for (size_t i = 0; i < 80; i++) {
        double permille = fmin(fmax(f[i] - 60, 20), 950);
        vectors_close("f_labeled_q", all[i] * SCORE_BIN_TOP, f[i], 1e-8);
        vectors_close("Y", (double)random_below(&random, 1000) < permille, y[i], 0);
        labelled_add(labelled, y[i], f[i] / SCORE_BIN_TOP);
    }
    for (size_t i = 80; i < 880; i++) {
        sum += all[i] * SCORE_BIN_TOP;
        squares += all[i] * all[i] * SCORE_BIN_TOP * SCORE_BIN_TOP;
        moments_add(unlabelled, all[i]);
    }
    vectors_expect(group, "f_unlabeled_sum_q", sum);
    vectors_expect(group, "f_unlabeled_sumsq_q", squares);
}

static void ppi(json_t *group)
{
    struct labelled_sums labelled = {0};
    struct moments unlabelled = {0};
    read_judged(group, &labelled, &unlabelled);
    vectors_expect(group, "n", labelled.label.n);
    vectors_expect(group, "N", unlabelled.n);
    struct moments all = unlabelled;
    moments_merge(&all, &labelled.judge);
    vectors_expect(group, "judge_only_mean", all.mean);
    check_ppi(vectors_take(group, "human_only"),
              ppi_mean(&labelled, &unlabelled, 0, PPI_DIVISOR_N));
    check_ppi(vectors_take(group, "ppi_lambda1"),
              ppi_mean(&labelled, &unlabelled, 1, PPI_DIVISOR_N));
    double tuned = ppi_lambda(&labelled, &unlabelled, PPI_DIVISOR_N, true);
    check_ppi(vectors_take(group, "ppi_plus_plus_ppi_py(ddof0)"),
              ppi_mean(&labelled, &unlabelled, tuned, PPI_DIVISOR_N));
    tuned = ppi_lambda(&labelled, &unlabelled, PPI_DIVISOR_N_MINUS_1, false);
    check_ppi(vectors_take(group, "ppi_plus_plus_glide(ddof1)"),
              ppi_mean(&labelled, &unlabelled, tuned, PPI_DIVISOR_N_MINUS_1));
    double rho = labelled_correlation(&labelled);
    vectors_expect(group, "rho", rho);
    vectors_expect(group, "variance_ratio_vs_human_theory_1-rho2*N/(n+N)",
                   ppi_variance_ratio(rho, 80, 800));
}

static void ppi_by_stratum(json_t *group)
{
    double weights[2];
    struct ppi_estimate strata[2];
    json_t *rows = vectors_take(group, "W_theta_se"), *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        weights[i] = vectors_cell(row, 0);
        strata[i] = (struct ppi_estimate){1, vectors_cell(row, 1), vectors_cell(row, 2)};
    }
    struct ppi_estimate estimate = ppi_stratified(weights, strata, 2);
    vectors_expect(group, "estimate", estimate.estimate);
    vectors_expect(group, "se", estimate.se);
}

static void ppi_ipw_active(json_t *group)
{
    double f[ROWS_MAX], xi[ROWS_MAX], p[ROWS_MAX], y[ROWS_MAX], z[ROWS_MAX];
    struct ppi_item items[ROWS_MAX];
    size_t count = vectors_numbers(group, "f", f, ROWS_MAX);
    vectors_numbers(group, "xi", xi, ROWS_MAX);
    vectors_numbers(group, "pi", p, ROWS_MAX);
    vectors_numbers(group, "y", y, ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct ppi_item){f[i], xi[i] > 0 ? y[i] : NAN, p[i], xi[i] > 0};
        z[i] = ppi_weighted(&items[i], 1, 1).estimate;
    }
    vectors_expect_numbers(group, "z", z, count);
    struct ppi_estimate estimate = ppi_weighted(items, count, 1);
    vectors_expect(group, "estimate", estimate.estimate);
    vectors_expect(group, "se", estimate.se);
}

static void corrected_rates(json_t *group)
{
    json_t *cases = vectors_take(group, "cases"), *c;
    size_t i;
    json_array_foreach(cases, i, c)
    {
        struct judged_rate judged = {vectors_number(c, "k"),   vectors_number(c, "n"),
                                     vectors_number(c, "kse"), vectors_number(c, "nse"),
                                     vectors_number(c, "ksp"), vectors_number(c, "nsp")};
        struct rogan_gladen rate = rogan_gladen(judged, 0.05);
        double reach = 1.959963984540054 * rate.se;
        vectors_expect(c, "apparent", rate.apparent);
        vectors_expect(c, "Se", rate.sensitivity);
        vectors_expect(c, "Sp", rate.specificity);
        vectors_expect(c, "rogan_gladen", rate.rate);
        vectors_expect(c, "se_delta_method", rate.se);
        vectors_expect_interval(c, "wald95",
                                (struct interval){rate.rate - reach, rate.rate + reach});
        vectors_expect_interval(c, "lang_reiczigel95", rate.ci);
        vectors_expect(c, "shift_dP", rate.shift);
    }
}

static size_t whole_numbers(json_t *object, const char *key, size_t *out)
{
    double numbers[ROWS_MAX];
    size_t count = vectors_numbers(object, key, numbers, ROWS_MAX);
    for (size_t i = 0; i < count; i++)
        out[i] = (size_t)numbers[i];
    return count;
}

static void check_agreement(json_t *c)
{
    size_t clusters[ROWS_MAX], count = whole_numbers(c, "cluster_counts", clusters);
    struct agreement agreement = agreement_of(clusters, count);
    vectors_expect(c, "k", agreement.k);
    vectors_expect(c, "modal_share", agreement.modal_share);
    vectors_expect(c, "pairwise_agreement", agreement.pairwise);
    vectors_expect(c, "entropy_nats", agreement.entropy_nats);
    vectors_expect(c, "entropy_bits", agreement.entropy_nats / M_LN2);
    vectors_expect(c, "entropy_normalised_by_ln_k", agreement.entropy_normalised);
    vectors_expect(c, "miller_madow_nats", agreement.miller_madow_nats);
}

static void check_semantic_entropy(json_t *c)
{
    size_t ids[ROWS_MAX], count = whole_numbers(c, "ids", ids);
    double log_likelihood[ROWS_MAX], probabilities[3];
    vectors_numbers(c, "loglik_length_normalised", log_likelihood, ROWS_MAX);
    vectors_expect(c, "entropy_nats",
                   semantic_entropy(ids, log_likelihood, count, 3, probabilities));
    json_t *expected = vectors_take(c, "cluster_probs");
    vectors_expect(expected, "0", probabilities[0]);
    vectors_expect(expected, "1", probabilities[1]);
    vectors_expect(expected, "2", probabilities[2]);
}

static size_t flat(json_t *rows, double *out)
{
    size_t i, j, count = 0;
    json_t *row, *value;
    json_array_foreach(rows, i, row) json_array_foreach(row, j, value) out[count++] =
        json_number_value(value);
    return count;
}

static void check_raters(json_t *fleiss_group, json_t *components)
{
    double numbers[ROWS_MAX];
    size_t counts[ROWS_MAX], count = flat(vectors_take(fleiss_group, "counts_fail_pass"), numbers);
    for (size_t i = 0; i < count; i++)
        counts[i] = (size_t)numbers[i];
    struct fleiss fleiss = fleiss_kappa(counts, count / 2, 2);
    vectors_expect(fleiss_group, "mean_agreement", fleiss.mean_agreement);
    vectors_expect(fleiss_group, "kappa", fleiss.kappa);
    vectors_expect(fleiss_group, "flip_rate=1-agreement", 1 - fleiss.mean_agreement);
    count = flat(vectors_take(components, "y"), numbers);
    struct variance_components parts = variance_components(numbers, count / 3, 3);
    vectors_expect(components, "MSB", parts.mean_square_between);
    vectors_expect(components, "MSW_within", parts.mean_square_within);
    vectors_expect(components, "between", parts.between);
    vectors_expect(components, "icc", parts.icc);
    vectors_expect(components, "se_of_mean", parts.se_of_mean);
}

static void self_consistency(json_t *group)
{
    json_t *list = vectors_take(group, "cases"), *c;
    size_t i;
    json_array_foreach(list, i, c) check_agreement(c);
    check_semantic_entropy(vectors_take(group, "semantic_entropy_weighted"));
    list = vectors_take(group, "pass_at_k_n10");
    json_array_foreach(list, i, c)
    {
        size_t right = (size_t)vectors_number(c, "c"), k = (size_t)vectors_number(c, "k");
        vectors_expect(c, "pass_at_k", pass_at_k(10, right, k));
        vectors_expect(c, "pass_hat_k_all_k_pass", pass_hat_k(10, right, k));
    }
    check_raters(vectors_take(group, "fleiss"), vectors_take(group, "variance_components"));
}

const struct vectors_entry VECTORS_SAMPLES[] = {
    {"kitagawa_decomposition", kitagawa},
    {"survey_estimators", survey_estimators},
    {"hash_sampling", hash_sampling},
    {"priority_sampling", priority_sampling},
    {"ppi_mean", ppi},
    {"ppi_stratified", ppi_by_stratum},
    {"ppi_ipw_active", ppi_ipw_active},
    {"rogan_gladen", corrected_rates},
    {"self_consistency", self_consistency},
    {NULL, NULL},
};
