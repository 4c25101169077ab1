/* onset: since when are scores different? */
#include "worker/stats/onset.h"

#include <math.h>

/* Sums of weighted buckets leave rests of rounding; a bucket with values counts one at least. */
static const double EMPTY = 0.5;

/* n kl(p, q) of k successes: 0 ln 0 is 0. */
static double divergence(double n, double k, double q)
{
    double hits = k > 0 ? k * log(k / n / q) : 0;
    double misses = n - k > 0 ? (n - k) * log((n - k) / n / (1 - q)) : 0;
    return hits + misses;
}

static double ratio_of_verdicts(struct onset_bucket before, struct onset_bucket after)
{
    double rate = (before.sum + after.sum) / (before.n + after.n);
    return divergence(before.n, before.sum, rate) + divergence(after.n, after.sum, rate);
}

static double spread(struct onset_bucket side)
{
    return fmax(side.sum_squares - side.sum * side.sum / side.n, 0);
}

static double ratio_of_scores(struct onset_bucket before, struct onset_bucket after)
{
    double n = before.n + after.n;
    double difference = before.sum / before.n - after.sum / after.n;
    if (difference == 0 || n <= 2)
        return 0;
    double variance = (spread(before) + spread(after)) / (n - 2);
    return before.n * after.n / n * difference * difference / (2 * variance);
}

typedef double ratio_function(struct onset_bucket before, struct onset_bucket after);

static void add(struct onset_bucket *into, struct onset_bucket bucket, double sign)
{
    into->n += sign * bucket.n;
    into->sum += sign * bucket.sum;
    into->sum_squares += sign * bucket.sum_squares;
}

static struct onset scan(const struct onset_bucket *buckets, size_t count, double *profile,
                         ratio_function *ratio)
{
    struct onset_bucket before = {0}, all = {0};
    struct onset onset = {.glr = -INFINITY};
    for (size_t k = 0; k < count; k++)
        add(&all, buckets[k], 1);
    for (size_t k = 0; k < count; k++) {
        struct onset_bucket after = all;
        add(&after, before, -1);
        bool both = before.n > EMPTY && after.n > EMPTY;
        profile[k] = both ? ratio(before, after) : -INFINITY;
        if (profile[k] > onset.glr)
            onset = (struct onset){true, k, profile[k]};
        add(&before, buckets[k], 1);
    }
    return onset;
}

struct onset onset_verdicts(const struct onset_bucket *buckets, size_t count, double *profile)
{
    return scan(buckets, count, profile, ratio_of_verdicts);
}

struct onset onset_scores(const struct onset_bucket *buckets, size_t count, double *profile)
{
    return scan(buckets, count, profile, ratio_of_scores);
}

bool onset_is_possible(const struct onset *onset, const double *profile, size_t k, double drop)
{
    return onset->found && profile[k] > -INFINITY && profile[k] >= onset->glr - drop;
}
