/* mix: quality change apart from traffic change. */
#include "worker/stats/mix.h"

#include <math.h>

/* The mean of a segment that a window lacks is the other window's. */
static double mean_or(double n, double mean, double other)
{
    return n > 0 ? mean : other;
}

struct mix_split kitagawa_decomposition(struct mix_segment *segments, size_t count)
{
    double n_base = 0, n_current = 0;
    struct mix_split split = {0};
    for (size_t i = 0; i < count; i++) {
        n_base += segments[i].n_base;
        n_current += segments[i].n_current;
    }
    if (!(n_base > 0 && n_current > 0))
        return (struct mix_split){NAN, NAN, NAN, NAN, NAN, NAN};
    for (size_t i = 0; i < count; i++) {
        const struct mix_segment *s = &segments[i];
        if (s->n_base > 0)
            split.mean_base += s->n_base / n_base * s->mean_base;
        if (s->n_current > 0)
            split.mean_current += s->n_current / n_current * s->mean_current;
    }
    double middle = (split.mean_base + split.mean_current) / 2;
    for (size_t i = 0; i < count; i++) {
        struct mix_segment *s = &segments[i];
        double share_base = s->n_base / n_base, share_current = s->n_current / n_current;
        double before = mean_or(s->n_base, s->mean_base, s->mean_current);
        double after = mean_or(s->n_current, s->mean_current, s->mean_base);
        s->within = (share_base + share_current) / 2 * (after - before);
        s->mix = (share_current - share_base) * ((before + after) / 2 - middle);
        split.within += s->within;
        split.mix += s->mix;
        split.delta_fixed_mix += share_base * (after - before);
    }
    split.delta = split.mean_current - split.mean_base;
    return split;
}
