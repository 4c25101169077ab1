/* trend: how a mean went through a window, in equal parts of time. */
#ifndef ASSAY_TREND_H
#define ASSAY_TREND_H

#include "schema/base/buffer.h"
#include "worker/report/reading/level.h"
#include "worker/report/reading/time_range.h"

enum { TREND_PARTS_MAX = 24 };

/* The scores that were kept with one threshold: integers, so that order does not show. */
struct sampled_parts {
    uint64_t threshold;
    struct score_sums parts[TREND_PARTS_MAX];
};

/* Zero-initialise; trend_clear gives the memory back. */
struct trend {
    struct sampled_parts *sampled; /* ascending by threshold */
    size_t sampled_count;
};

/* How many parts a window has: TREND_PARTS_MAX, fewer when it is shorter than 5 minutes each. */
size_t trend_part_count(struct time_range window);
/* When a part begins; that of the count is the window's end. */
int64_t trend_part_ms(struct time_range window, size_t part);

/* Scores at a time inside of the window; bins below SCORE_BINS. What has more than
 * SAMPLING_THRESHOLDS_MAX thresholds is not told of: level_add refuses it before. */
void trend_add(struct trend *trend, struct time_range window, int64_t at_ms, uint64_t threshold,
               const struct bin_count *scores, size_t score_count);
/* Scores of a part, and their mean weighted by 1 / probability (Hajek); NAN without any. */
uint64_t trend_n(const struct trend *trend, size_t part);
double trend_mean(const struct trend *trend, size_t part);
void trend_clear(struct trend *trend);

/* The means as a line of blocks, a blank where there is none; in ASCII: digits 0 (lowest) to 9.
 * The height stands for the range of the means, at least 0.05, so that noise stays low. */
void trend_sparkline(const struct trend *trend, size_t part_count, bool ascii, struct buffer *out);

#endif
