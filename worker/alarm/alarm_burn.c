/* alarm_burn: how fast the failures that an objective allows are used up. */
#include "worker/alarm/alarm_burn.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/alarm/alarm_stream.h"
#include "worker/stats/sampling.h"

enum { HOUR = 12, DAY = 24 * HOUR }; /* in buckets of 5 minutes */

static const struct tier {
    enum alarm_kind kind;
    double limit;
    int64_t long_fives, short_fives;
} TIERS[] = {
    {ALARM_BURN, 14.4, HOUR, 1},
    {ALARM_BURN, 6, 6 * HOUR, HOUR / 2},
    {ALARM_BURN_SLOW, 1, 3 * DAY, 6 * HOUR},
};
enum { TIER_COUNT = sizeof TIERS / sizeof *TIERS };

struct alarm_burn *alarm_burn_new(void)
{
    struct alarm_burn *burn = memory_new(1, sizeof *burn);
    e_detector_init(&burn->detector, E_DETECTOR_SHIRYAEV_ROBERTS);
    burn->log_evidence = -INFINITY;
    return burn;
}

void alarm_burn_free(struct alarm_burn *burn)
{
    if (!burn)
        return;
    level_clear(&burn->verdicts);
    free(burn);
}

void alarm_burn_add(struct alarm_burn *burn, uint64_t threshold, uint64_t scored, uint64_t passed)
{
    double probability = sampling_probability(threshold);
    size_t at = (size_t)(burn->closed % ALARM_BURN_FIVES);
    struct bin_count verdicts[] = {{0, (uint32_t)(scored - passed)},
                                   {SCORE_BIN_TOP, (uint32_t)passed}};
    struct status_counts statuses = {.scored = scored};
    if (!(probability > 0) || !level_add(&burn->verdicts, 0, threshold, verdicts, 2, statuses))
        return;
    burn->scored[at] += (double)scored / probability;
    burn->failed[at] += (double)(scored - passed) / probability;
}

/* Of the last `fives` closed buckets. */
static double sum_of(const double ring[ALARM_BURN_FIVES], int64_t closed, int64_t fives)
{
    double sum = 0;
    for (int64_t i = 0; i < fives && i < closed; i++)
        sum += ring[(closed - 1 - i) % ALARM_BURN_FIVES];
    return sum;
}

double alarm_burn_rate(const struct alarm_burn *burn, int64_t fives)
{
    double scored = sum_of(burn->scored, burn->closed, fives);
    double failed = sum_of(burn->failed, burn->closed, fives);
    return scored > 0 ? failed / scored / (1 - burn->objective) : 0;
}

static void tell(struct alarm_stream *stream, const struct alarm_close *close,
                 const struct tier *tier, const char *over_reason)
{
    struct alarm_event event = alarm_stream_event(stream, close, tier->kind, over_reason);
    event.objective = stream->burn->objective;
    event.burn_limit = tier->limit;
    event.burn_long = alarm_burn_rate(stream->burn, tier->long_fives);
    event.burn_short = alarm_burn_rate(stream->burn, tier->short_fives);
    event.long_ms = tier->long_fives * ALARM_FIVE_MS;
    event.short_ms = tier->short_fives * ALARM_FIVE_MS;
    close->tell(close->owner, &event);
}

/* The first tier of a kind whose long window is beyond its limit, the short one too when it is to
 * begin: so that it begins only while it goes on, and does not end at the first good minutes. */
static const struct tier *burning(const struct alarm_burn *burn, enum alarm_kind kind, bool begin)
{
    for (size_t i = 0; i < TIER_COUNT; i++) {
        const struct tier *tier = &TIERS[i];
        if (tier->kind == kind && alarm_burn_rate(burn, tier->long_fives) >= tier->limit &&
            (!begin || alarm_burn_rate(burn, tier->short_fives) >= tier->limit))
            return tier;
    }
    return NULL;
}

static const struct tier *first_of(enum alarm_kind kind)
{
    size_t i = 0;
    while (TIERS[i].kind != kind)
        i++;
    return &TIERS[i];
}

static void restart(struct alarm_burn *burn)
{
    e_detector_init(&burn->detector, E_DETECTOR_SHIRYAEV_ROBERTS);
    burn->log_evidence = -INFINITY;
}

static void look(struct alarm_stream *stream, const struct alarm_close *close, enum alarm_kind kind,
                 double log_a)
{
    struct alarm_burn *burn = stream->burn;
    bool firing = stream->onset_ms[kind] != 0;
    const struct tier *tier = burning(burn, kind, !firing), *first = first_of(kind);
    bool heard = sum_of(burn->scored, burn->closed, first->long_fives) > 0;
    if (firing && !tier && heard) /* without rows nobody knows */
        tell(stream, close, first, "recovered");
    else if (!firing && tier && burn->log_evidence >= log_a) {
        tell(stream, close, tier, NULL);
        restart(burn);
    }
}

void alarm_burn_close(struct alarm_stream *stream, const struct alarm_close *close)
{
    struct alarm_burn *burn = stream->burn;
    if (burn->verdicts.statuses.scored > 0)
        burn->log_evidence = e_detector_step(
            &burn->detector, level_log_wealth(&burn->verdicts, burn->objective, false));
    level_clear(&burn->verdicts);
    burn->closed++;
    look(stream, close, ALARM_BURN, log(close->detector_hours * HOUR));
    if (!stream->onset_ms[ALARM_BURN] || stream->onset_ms[ALARM_BURN_SLOW])
        look(stream, close, ALARM_BURN_SLOW, log(close->detector_hours * HOUR));
    size_t next = (size_t)(burn->closed % ALARM_BURN_FIVES);
    burn->scored[next] = burn->failed[next] = 0;
}
