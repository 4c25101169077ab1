/* distance: how far two distributions are apart. */
#include "worker/stats/distance.h"

#include <math.h>

#include "worker/stats/distributions.h"

double wasserstein1(const struct score_bins *base, const struct score_bins *current)
{
    double n1 = (double)score_bins_total(base), n2 = (double)score_bins_total(current), sum = 0;
    uint64_t below1 = 0, below2 = 0;
    for (size_t q = 0; q < SCORE_BIN_TOP; q++) {
        below1 += base->counts[q];
        below2 += current->counts[q];
        sum += fabs((double)below1 / n1 - (double)below2 / n2);
    }
    return sum / SCORE_BIN_TOP;
}

static double total_of(const uint64_t *counts, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += counts[i];
    return (double)total;
}

/* p log2(p / m), 0 for p = 0. */
static double bits(double p, double m)
{
    return p > 0 ? p * log2(p / m) : 0;
}

double jensen_shannon_bits(struct count_pair counts)
{
    double n1 = total_of(counts.base, counts.count), n2 = total_of(counts.current, counts.count);
    double sum = 0;
    if (!(n1 > 0 && n2 > 0))
        return NAN;
    for (size_t i = 0; i < counts.count; i++) {
        double p = (double)counts.base[i] / n1, q = (double)counts.current[i] / n2;
        sum += bits(p, (p + q) / 2) + bits(q, (p + q) / 2);
    }
    return fmax(sum / 2, 0);
}

double total_variation(struct count_pair counts)
{
    double n1 = total_of(counts.base, counts.count), n2 = total_of(counts.current, counts.count);
    double sum = 0;
    for (size_t i = 0; i < counts.count; i++)
        sum += fabs((double)counts.base[i] / n1 - (double)counts.current[i] / n2);
    return n1 > 0 && n2 > 0 ? sum / 2 : NAN;
}

double l_infinity(struct count_pair counts)
{
    double n1 = total_of(counts.base, counts.count), n2 = total_of(counts.current, counts.count);
    double largest = 0;
    for (size_t i = 0; i < counts.count; i++)
        largest = fmax(largest, fabs((double)counts.base[i] / n1 - (double)counts.current[i] / n2));
    return n1 > 0 && n2 > 0 ? largest : NAN;
}

static void count_into(const struct decile_bins *deciles, const struct score_bins *bins,
                       uint64_t out[DECILE_BINS_MAX])
{
    size_t bin = 0;
    for (size_t q = 0; q < SCORE_BINS; q++) {
        if (bin + 1 < deciles->count && q > deciles->edges[bin])
            bin++;
        out[bin] += bins->counts[q];
    }
}

void decile_bins_fill(struct decile_bins *deciles, const struct score_bins *base,
                      const struct score_bins *current)
{
    *deciles = (struct decile_bins){0};
    if (score_bins_total(base) == 0)
        return;
    size_t edges = 0;
    for (int tenth = 1; tenth < DECILE_BINS_MAX; tenth++) {
        size_t edge = score_bins_quantile(base, tenth / 10.0);
        if (edge < SCORE_BIN_TOP && (edges == 0 || edge > deciles->edges[edges - 1]))
            deciles->edges[edges++] = edge;
    }
    deciles->count = edges + 1;
    count_into(deciles, base, deciles->base);
    count_into(deciles, current, deciles->current);
}

struct count_pair decile_bins_counts(const struct decile_bins *deciles)
{
    return (struct count_pair){deciles->base, deciles->current, deciles->count};
}

double population_stability_index(struct count_pair counts, double add)
{
    double n1 = total_of(counts.base, counts.count), n2 = total_of(counts.current, counts.count);
    double added = add * (double)counts.count, sum = 0;
    if (!(n1 > 0 && n2 > 0))
        return NAN;
    for (size_t i = 0; i < counts.count; i++) {
        double p = ((double)counts.base[i] + add) / (n1 + added);
        double q = ((double)counts.current[i] + add) / (n2 + added);
        if (p > 0 || q > 0)
            sum += (q - p) * log(q / p);
    }
    return sum;
}

struct psi_noise psi_noise(double psi, size_t bins, double n1, double n2)
{
    if (bins < 2 || !(n1 > 0 && n2 > 0))
        return (struct psi_noise){NAN, NAN, NAN};
    double scale = 1 / n1 + 1 / n2, df = (double)(bins - 1);
    return (struct psi_noise){
        .mean = df * scale,
        .p99 = scale * chi_square_quantile(0.99, df),
        .p = chi_square_sf(psi / scale, df),
    };
}
