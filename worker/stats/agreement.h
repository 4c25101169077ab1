/* agreement: how alike several answers or raters are. */
#ifndef ASSAY_AGREEMENT_H
#define ASSAY_AGREEMENT_H

#include <stddef.h>
#include <stdint.h>

/* k resamples of one prompt, clustered by meaning: sizes of the clusters. */
struct agreement {
    double k;
    double modal_share; /* the largest cluster's */
    double pairwise;    /* chance that two of them agree: unbiased for every k; NAN for k < 2 */
    double entropy_nats;
    double entropy_normalised; /* by ln k, 0 .. 1; compare only at equal k. 0 for k < 2 */
    double miller_madow_nats;  /* entropy with its bias (K - 1) / (2 k) added back */
};

/* NAN for k = 0. */
struct agreement agreement_of(const size_t *clusters, size_t count);

/* Semantic entropy (Farquhar et al. 2024), nats: a cluster's probability is the share of
 * exp(length-normalised log-likelihood) in it. ids[i] < cluster_count is the answer's cluster;
 * out_probabilities has room for cluster_count. NAN for count = 0. */
double semantic_entropy(const size_t *ids, const double *log_likelihood, size_t count,
                        size_t cluster_count, double *out_probabilities);

/* Of n tries, c right: the chance that k tries without replacement hold at least one right (Chen et
 * al. 2021), or only right ones. 1 <= k <= n, 0 <= c <= n; NAN outside. */
double pass_at_k(size_t n, size_t c, size_t k);
double pass_hat_k(size_t n, size_t c, size_t k);

/* Fleiss 1971: `counts` has a row for each of `subjects`, with how many raters chose each category;
 * the same number of raters, at least 2, in each row. */
struct fleiss {
    double mean_agreement; /* 1 minus the flip rate */
    double kappa;          /* beyond chance; NAN when all chose one category */
};

struct fleiss fleiss_kappa(const size_t *counts, size_t subjects, size_t categories);

/* Cohen 1960, of two raters: table[i * categories + j] items that one called i and the other j. */
struct cohen {
    double agreement; /* share of items on which they agree; NAN without items */
    double kappa;     /* beyond chance; NAN when chance alone would agree on all */
};

struct cohen cohen_kappa(const uint64_t *table, size_t categories);

/* One-way random effects, equal replicates: the mean of all is as sure as its prompts are many. */
struct variance_components {
    double mean_square_between, mean_square_within;
    double between;    /* variance between prompts, at least 0 */
    double icc;        /* between / (between + within); NAN without any spread */
    double se_of_mean; /* from the prompts' means, never from all rows */
};

/* `y` has `replicates` >= 2 values for each of `prompts` >= 2; NAN else. */
struct variance_components variance_components(const double *y, size_t prompts, size_t replicates);

#endif
