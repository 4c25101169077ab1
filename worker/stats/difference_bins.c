/* difference_bins: the exact histogram of differences of paired scores. */
#include "worker/stats/difference_bins.h"

void difference_bins_add(struct difference_bins *bins, double a, double b)
{
    bins->counts[SCORE_BIN_TOP + score_bin_of(b) - score_bin_of(a)]++;
}

/* Of q: exact up to 9e12 pairs. */
struct whole_sums {
    int64_t n, s1, s2;
};

static struct whole_sums whole_sums(const struct difference_bins *bins)
{
    struct whole_sums sums = {0};
    for (int64_t q = -SCORE_BIN_TOP; q <= SCORE_BIN_TOP; q++) {
        int64_t count = (int64_t)bins->counts[SCORE_BIN_TOP + q];
        sums.n += count;
        sums.s1 += count * q;
        sums.s2 += count * q * q;
    }
    return sums;
}

struct difference_sums difference_bins_sums(const struct difference_bins *bins)
{
    struct whole_sums sums = whole_sums(bins);
    double top = SCORE_BIN_TOP;
    return (struct difference_sums){(double)sums.n, (double)sums.s1 / top,
                                    (double)sums.s2 / (top * top)};
}

struct moments difference_bins_moments(const struct difference_bins *bins)
{
    struct whole_sums sums = whole_sums(bins);
    if (sums.n == 0)
        return (struct moments){0};
    double n = (double)sums.n, top = SCORE_BIN_TOP;
    /* The difference cancels in floating point: 128 bits hold it exactly. */
    __int128 spread = (__int128)sums.n * sums.s2 - (__int128)sums.s1 * sums.s1;
    return (struct moments){n, (double)sums.s1 / (n * top), (double)spread / n / (top * top)};
}

/* How many of `count` coins show heads. */
static int64_t heads(uint64_t count, struct random *random)
{
    int64_t found = 0;
    for (; count >= 64; count -= 64)
        found += __builtin_popcountll(random_next(random));
    if (count > 0)
        found += __builtin_popcountll(random_next(random) >> (64 - count));
    return found;
}

double difference_bins_sign_flip_p(const struct difference_bins *bins, unsigned rounds,
                                   struct random *random)
{
    uint64_t sizes[SCORE_BIN_TOP + 1] = {0};
    int64_t observed = whole_sums(bins).s1;
    unsigned extreme = 0;
    for (int q = 1; q <= SCORE_BIN_TOP; q++)
        sizes[q] = bins->counts[SCORE_BIN_TOP + q] + bins->counts[SCORE_BIN_TOP - q];
    for (unsigned round = 0; round < rounds; round++) {
        int64_t sum = 0;
        for (int64_t q = 1; q <= SCORE_BIN_TOP; q++)
            if (sizes[q] > 0)
                sum += q * (2 * heads(sizes[q], random) - (int64_t)sizes[q]);
        extreme += (sum < 0 ? -sum : sum) >= (observed < 0 ? -observed : observed);
    }
    return (1.0 + extreme) / (1.0 + rounds);
}
