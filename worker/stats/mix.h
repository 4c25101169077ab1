/* mix: quality change apart from traffic change. */
#ifndef ASSAY_MIX_H
#define ASSAY_MIX_H

#include <stddef.h>

/* Counts (or Hajek weights) and means of a segment in both windows. A segment absent from a window
 * (n = 0) takes its mean from the other: its change is all mix. */
struct mix_segment {
    double n_base, mean_base, n_current, mean_current;
    double within, mix; /* out: its contributions */
};

/* Kitagawa 1955, shares averaged over both windows: delta = within + mix, exactly. */
struct mix_split {
    double mean_base, mean_current;
    double delta;           /* current - base */
    double within, mix;     /* quality inside segments; shares of segments */
    double delta_fixed_mix; /* the change had the shares stayed as in the baseline */
};

/* NAN when a window is empty. */
struct mix_split kitagawa_decomposition(struct mix_segment *segments, size_t count);

#endif
