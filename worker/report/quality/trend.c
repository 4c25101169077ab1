/* trend: how a mean went through a window, in equal parts of time. */
#include "worker/report/quality/trend.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/stats/sampling.h"

static const int64_t GRAIN_MS = 5 * 60 * 1000; /* of rollups */
static const double SPARKLINE_RANGE_MIN = 0.05;

size_t trend_part_count(struct time_range window)
{
    int64_t grains = (window.to_ms - window.from_ms) / GRAIN_MS;
    return grains < TREND_PARTS_MAX ? (size_t)grains : (size_t)TREND_PARTS_MAX;
}

/* Parts begin at whole grains, so that a rollup's bucket lies in one of them. */
int64_t trend_part_ms(struct time_range window, size_t part)
{
    int64_t grains = (window.to_ms - window.from_ms) / GRAIN_MS;
    int64_t count = (int64_t)trend_part_count(window);
    return window.from_ms + ((int64_t)part * grains + count - 1) / count * GRAIN_MS;
}

static size_t part_of(struct time_range window, int64_t at_ms)
{
    int64_t grains = (window.to_ms - window.from_ms) / GRAIN_MS;
    return (size_t)((at_ms - window.from_ms) / GRAIN_MS * (int64_t)trend_part_count(window) /
                    grains);
}

static struct sampled_parts *parts_of(struct trend *trend, uint64_t threshold)
{
    size_t at = 0;
    while (at < trend->sampled_count && trend->sampled[at].threshold < threshold)
        at++;
    if (at < trend->sampled_count && trend->sampled[at].threshold == threshold)
        return &trend->sampled[at];
    if (trend->sampled_count == SAMPLING_THRESHOLDS_MAX)
        return NULL;
    trend->sampled =
        memory_resize(trend->sampled, trend->sampled_count + 1, sizeof *trend->sampled);
    memmove(trend->sampled + at + 1, trend->sampled + at,
            (trend->sampled_count - at) * sizeof *trend->sampled);
    trend->sampled[at] = (struct sampled_parts){.threshold = threshold};
    trend->sampled_count++;
    return &trend->sampled[at];
}

void trend_add(struct trend *trend, struct time_range window, int64_t at_ms, uint64_t threshold,
               const struct bin_count *scores, size_t score_count)
{
    struct sampled_parts *sampled = parts_of(trend, threshold);
    if (!sampled)
        return;
    struct score_sums *part = &sampled->parts[part_of(window, at_ms)];
    for (size_t i = 0; i < score_count; i++) {
        uint64_t bin = scores[i].bin, count = scores[i].count;
        part->n += count;
        part->s1 += count * bin;
        part->s2 += count * bin * bin;
    }
}

uint64_t trend_n(const struct trend *trend, size_t part)
{
    uint64_t n = 0;
    for (size_t i = 0; i < trend->sampled_count; i++)
        n += trend->sampled[i].parts[part].n;
    return n;
}

double trend_mean(const struct trend *trend, size_t part)
{
    double weight = 0, sum = 0;
    for (size_t i = 0; i < trend->sampled_count; i++) {
        const struct score_sums *sums = &trend->sampled[i].parts[part];
        double probability = sampling_probability(trend->sampled[i].threshold);
        if (sums->n == 0 || !(probability > 0))
            continue;
        weight += (double)sums->n / probability;
        sum += (double)sums->s1 / SCORE_BIN_TOP / probability;
    }
    return weight > 0 ? sum / weight : NAN;
}

void trend_clear(struct trend *trend)
{
    free(trend->sampled);
    *trend = (struct trend){0};
}

void trend_sparkline(const struct trend *trend, size_t part_count, bool ascii, struct buffer *out)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    const char *const *marks = ascii ? digits : blocks;
    size_t top = (ascii ? sizeof digits / sizeof *digits : sizeof blocks / sizeof *blocks) - 1;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < part_count; i++) {
        double mean = trend_mean(trend, i);
        low = isnan(mean) ? low : fmin(low, mean);
        high = isnan(mean) ? high : fmax(high, mean);
    }
    double middle = (low + high) / 2, range = fmax(high - low, SPARKLINE_RANGE_MIN);
    for (size_t i = 0; i < part_count; i++) {
        double mean = trend_mean(trend, i), height = (mean - middle) / range + 0.5;
        size_t mark = isnan(mean) ? 0 : (size_t)lround(height * (double)top);
        buffer_append_str(out, isnan(mean) ? STR(" ") : str_of(marks[mark]));
    }
}
