/* agreement: how alike several answers or raters are. */
#include "worker/stats/agreement.h"

#include <math.h>

#include "worker/stats/moments.h"

/* -p ln p, 0 for p = 0. */
static double entropy_term(double p)
{
    return p > 0 ? -p * log(p) : 0;
}

struct agreement agreement_of(const size_t *clusters, size_t count)
{
    double k = 0, largest = 0, pairs = 0, entropy = 0, occupied = 0;
    for (size_t i = 0; i < count; i++)
        k += (double)clusters[i];
    if (k == 0)
        return (struct agreement){0, NAN, NAN, NAN, NAN, NAN};
    for (size_t i = 0; i < count; i++) {
        double size = (double)clusters[i];
        largest = fmax(largest, size);
        pairs += size * (size - 1);
        entropy += entropy_term(size / k);
        occupied += size > 0;
    }
    return (struct agreement){
        .k = k,
        .modal_share = largest / k,
        .pairwise = k > 1 ? pairs / (k * (k - 1)) : NAN,
        .entropy_nats = entropy,
        .entropy_normalised = k > 1 ? entropy / log(k) : 0,
        .miller_madow_nats = entropy + (occupied - 1) / (2 * k),
    };
}

double semantic_entropy(const size_t *ids, const double *log_likelihood, size_t count,
                        size_t cluster_count, double *out_probabilities)
{
    double all = 0, entropy = 0;
    if (count == 0)
        return NAN;
    for (size_t c = 0; c < cluster_count; c++)
        out_probabilities[c] = 0;
    double highest = -INFINITY; /* taken off, so that nothing underflows together */
    for (size_t i = 0; i < count; i++)
        highest = fmax(highest, log_likelihood[i]);
    for (size_t i = 0; i < count; i++) {
        double likelihood = exp(log_likelihood[i] - highest);
        out_probabilities[ids[i]] += likelihood;
        all += likelihood;
    }
    for (size_t c = 0; c < cluster_count; c++) {
        out_probabilities[c] /= all;
        entropy += entropy_term(out_probabilities[c]);
    }
    return entropy;
}

/* C(right, k) / C(n, k). */
static double share_of_choices(size_t n, size_t right, size_t k)
{
    double share = 1;
    for (size_t i = 0; i < k && share > 0; i++)
        share *= right > i ? (double)(right - i) / (double)(n - i) : 0;
    return share;
}

double pass_at_k(size_t n, size_t c, size_t k)
{
    return k >= 1 && k <= n && c <= n ? 1 - share_of_choices(n, n - c, k) : NAN;
}

double pass_hat_k(size_t n, size_t c, size_t k)
{
    return k >= 1 && k <= n && c <= n ? share_of_choices(n, c, k) : NAN;
}

struct fleiss fleiss_kappa(const size_t *counts, size_t subjects, size_t categories)
{
    double raters = 0, agreement = 0, chance = 0, rows = (double)subjects;
    for (size_t c = 0; subjects > 0 && c < categories; c++)
        raters += (double)counts[c];
    if (!(raters >= 2))
        return (struct fleiss){NAN, NAN};
    for (size_t c = 0; c < categories; c++) {
        double all = 0;
        for (size_t s = 0; s < subjects; s++) {
            double chosen = (double)counts[s * categories + c];
            all += chosen;
            agreement += chosen * (chosen - 1);
        }
        chance += all / (rows * raters) * (all / (rows * raters));
    }
    agreement /= rows * raters * (raters - 1);
    double kappa = chance < 1 ? (agreement - chance) / (1 - chance) : NAN;
    return (struct fleiss){agreement, kappa};
}

struct cohen cohen_kappa(const uint64_t *table, size_t categories)
{
    double n = 0, same = 0, chance = 0;
    for (size_t i = 0; i < categories * categories; i++)
        n += (double)table[i];
    if (!(n > 0))
        return (struct cohen){NAN, NAN};
    for (size_t i = 0; i < categories; i++) {
        double row = 0, column = 0;
        for (size_t j = 0; j < categories; j++) {
            row += (double)table[i * categories + j];
            column += (double)table[j * categories + i];
        }
        same += (double)table[i * categories + i] / n;
        chance += row / n * (column / n);
    }
    return (struct cohen){same, chance < 1 ? (same - chance) / (1 - chance) : NAN};
}

struct variance_components variance_components(const double *y, size_t prompts, size_t replicates)
{
    struct moments means = {0};
    double within = 0, k = (double)replicates;
    if (prompts < 2 || replicates < 2)
        return (struct variance_components){NAN, NAN, NAN, NAN, NAN};
    for (size_t i = 0; i < prompts; i++) {
        struct moments prompt = moments_of(y + i * replicates, replicates);
        within += prompt.m2;
        moments_add(&means, prompt.mean);
    }
    double mean_square_within = within / ((double)prompts * (k - 1));
    double mean_square_between = k * moments_variance(&means);
    double between = fmax((mean_square_between - mean_square_within) / k, 0);
    double all = between + mean_square_within;
    return (struct variance_components){
        .mean_square_between = mean_square_between,
        .mean_square_within = mean_square_within,
        .between = between,
        .icc = all > 0 ? between / all : NAN,
        .se_of_mean = sqrt(moments_variance(&means) / means.n),
    };
}
