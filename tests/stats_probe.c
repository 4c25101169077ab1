/* stats_probe: the statistics on arguments that a Python test chooses (test_stats.py).
 *
 * A line in: {"function": NAME, "numbers": [..]} or {"function": NAME, "base": [..], "current":
 * [..]} with bins 0 .. 1000. A line out: a JSON list of numbers, null for what is not finite. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "worker/stats/categories.h"
#include "worker/stats/distributions.h"
#include "worker/stats/kolmogorov_smirnov.h"
#include "worker/stats/means.h"
#include "worker/stats/multiplicity.h"
#include "worker/stats/paired.h"
#include "worker/stats/proportion.h"
#include "worker/stats/ranks.h"
#include "worker/stats/special.h"
#include "worker/stats/two_proportions.h"

enum { NUMBERS_MAX = 512, LINE_BYTES_MAX = 1 << 20 };

static double in[NUMBERS_MAX], out[NUMBERS_MAX];
static size_t in_count;
static struct score_bins base, current;
static struct ks_scratch scratch;

/* Each reads `in` or the windows, fills `out` and returns how many. */
typedef size_t probe_function(void);

static size_t give(double value)
{
    out[0] = value;
    return 1;
}

static size_t give_interval(struct interval interval)
{
    out[0] = interval.low;
    out[1] = interval.high;
    return 2;
}

static size_t probe_normal(void)
{
    out[0] = normal_cdf(in[0]);
    out[1] = normal_sf(in[0]);
    return 2;
}
static size_t probe_normal_quantile(void)
{
    return give(normal_quantile(in[0]));
}
static size_t probe_chi_square(void)
{
    return give(chi_square_sf(in[0], in[1]));
}
static size_t probe_chi_square_quantile(void)
{
    return give(chi_square_quantile(in[0], in[1]));
}
static size_t probe_student_t(void)
{
    return give(student_t_sf(in[0], in[1]));
}
static size_t probe_student_t_quantile(void)
{
    return give(student_t_quantile(in[0], in[1]));
}
static size_t probe_gamma(void)
{
    out[0] = gamma_p(in[0], in[1]);
    out[1] = gamma_q(in[0], in[1]);
    return 2;
}
static size_t probe_beta(void)
{
    return give(beta_i(in[0], in[1], in[2], 1 - in[2]));
}
static size_t probe_beta_quantile(void)
{
    return give(beta_quantile(in[0], in[1], in[2]));
}
static size_t probe_log_beta(void)
{
    return give(log_beta(in[0], in[1]));
}
static size_t probe_binomial(void)
{
    int64_t k = (int64_t)in[0], n = (int64_t)in[1];
    out[0] = binomial_cdf(k, n, in[2]);
    out[1] = binomial_sf(k, n, in[2]);
    out[2] = binomial_mass(k, n, in[2]);
    return 3;
}
static size_t probe_binomial_quantile(void)
{
    return give((double)binomial_quantile(in[0], (int64_t)in[1], in[2]));
}
static size_t probe_kolmogorov(void)
{
    return give(kolmogorov_sf(in[0]));
}
static size_t probe_clopper_pearson(void)
{
    return give_interval(clopper_pearson_interval(in[0], in[1], in[2]));
}
static size_t probe_wilson(void)
{
    return give_interval(wilson_interval(in[0], in[1], in[2]));
}
static size_t probe_fisher(void)
{
    return give(fisher_exact_p((struct two_proportions){in[0], in[1], in[2], in[3]}));
}
static size_t probe_mcnemar(void)
{
    return give(mcnemar_test((struct paired_verdicts){0, in[0], in[1], 0}).exact_p);
}
static size_t probe_fdr(void)
{
    size_t order[NUMBERS_MAX];
    benjamini_hochberg(in, in_count, order, out);
    benjamini_yekutieli(in, in_count, order, out + in_count);
    return 2 * in_count;
}
static size_t probe_welch(void)
{
    struct moments before = score_bins_moments(&base), now = score_bins_moments(&current);
    struct mean_difference test = welch_t(&before, &now, 0.05);
    out[0] = test.t;
    out[1] = test.df;
    out[2] = test.p;
    out[3] = test.ci.low;
    out[4] = test.ci.high;
    return 5;
}
static size_t probe_ks(void)
{
    double d = ks_statistic(&base, &current).d;
    out[0] = d;
    out[1] =
        ks_exact_p_without_ties(score_bins_total(&base), score_bins_total(&current), d, &scratch);
    return 2;
}
static size_t probe_distances(void)
{
    struct count_pair fine = {base.counts, current.counts, SCORE_BINS};
    out[0] = wasserstein1(&base, &current);
    out[1] = sqrt(jensen_shannon_bits(fine));
    return 2;
}
static size_t probe_ranks(void)
{
    struct mann_whitney test = mann_whitney(&base, &current);
    struct brunner_munzel effect = brunner_munzel(&base, &current, 0.05);
    out[0] = test.u;
    out[1] = test.p;
    out[2] = effect.t;
    out[3] = effect.p;
    out[4] = mann_whitney_exact_p(score_bins_total(&base), score_bins_total(&current), test.u);
    out[5] = hodges_lehmann(&base, &current, 0.05).shift;
    return 6;
}
static size_t probe_homogeneity(void)
{
    struct count_pair counts = {base.counts, current.counts, SCORE_BINS};
    struct homogeneity test = homogeneity_test(counts);
    out[0] = test.chi_square;
    out[1] = test.p;
    out[2] = test.g;
    out[3] = test.df;
    return 4;
}

static const struct {
    const char *name;
    probe_function *function;
} PROBES[] = {
    {"normal", probe_normal},
    {"normal_quantile", probe_normal_quantile},
    {"chi_square", probe_chi_square},
    {"chi_square_quantile", probe_chi_square_quantile},
    {"student_t", probe_student_t},
    {"student_t_quantile", probe_student_t_quantile},
    {"gamma", probe_gamma},
    {"beta", probe_beta},
    {"beta_quantile", probe_beta_quantile},
    {"log_beta", probe_log_beta},
    {"binomial", probe_binomial},
    {"binomial_quantile", probe_binomial_quantile},
    {"kolmogorov", probe_kolmogorov},
    {"clopper_pearson", probe_clopper_pearson},
    {"wilson", probe_wilson},
    {"fisher", probe_fisher},
    {"mcnemar", probe_mcnemar},
    {"fdr", probe_fdr},
    {"welch", probe_welch},
    {"ks", probe_ks},
    {"distances", probe_distances},
    {"ranks", probe_ranks},
    {"homogeneity", probe_homogeneity},
};

static void read_bins(const json_t *list, struct score_bins *bins)
{
    size_t i;
    json_t *bin;
    *bins = (struct score_bins){0};
    json_array_foreach(list, i, bin) bins->counts[json_integer_value(bin)]++;
}

static void answer(const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "function"));
    const json_t *numbers = json_object_get(request, "numbers");
    in_count = json_array_size(numbers);
    for (size_t i = 0; i < in_count && i < NUMBERS_MAX; i++)
        in[i] = json_number_value(json_array_get(numbers, i));
    read_bins(json_object_get(request, "base"), &base);
    read_bins(json_object_get(request, "current"), &current);
    for (size_t p = 0; name && p < sizeof PROBES / sizeof *PROBES; p++) {
        if (strcmp(PROBES[p].name, name) != 0)
            continue;
        size_t count = PROBES[p].function();
        for (size_t i = 0; i < count; i++)
            if (isfinite(out[i]))
                printf("%c%.17g", i ? ',' : '[', out[i]);
            else
                printf("%cnull", i ? ',' : '[');
        puts("]");
        return;
    }
    puts("\"unknown function\"");
}

int main(void)
{
    static char line[LINE_BYTES_MAX];
    while (fgets(line, sizeof line, stdin)) {
        json_t *request = json_loads(line, 0, NULL);
        answer(request);
        json_decref(request);
    }
    return 0;
}
