/* alarm_health: whether a stream still gets its scores: errors and coverage. */
#include "worker/alarm/alarm_health.h"

#include "worker/stats/proportion.h"

static const double SURELY = 0.001;

void alarm_health_add(const struct status_counts *statuses, struct alarm_stream *stream)
{
    stream->asked.scored += statuses->scored;
    stream->asked.skipped += statuses->skipped;
    stream->asked.error += statuses->error;
}

/* A share of the hour's scores: when it is trouble, and when it no longer is. */
struct share {
    enum alarm_kind kind;
    uint64_t part, all;
    double begins_above, ends_at;
};

static void look(struct alarm_stream *stream, const struct alarm_close *close,
                 const struct share *share)
{
    double part = (double)share->part, all = (double)share->all;
    bool firing = stream->onset_ms[share->kind] != 0;
    bool begins = !firing && wilson_lower(part, all, SURELY) > share->begins_above;
    bool ends = firing && part / all <= share->ends_at;
    if (!begins && !ends)
        return;
    struct alarm_event event =
        alarm_stream_event(stream, close, share->kind, ends ? "recovered" : NULL);
    event.share = part / all;
    event.limit = share->begins_above;
    event.count = share->all;
    close->tell(close->owner, &event);
}

void alarm_health_close(struct alarm_stream *stream, const struct alarm_close *close)
{
    struct status_counts asked = stream->asked;
    uint64_t all = asked.scored + asked.skipped + asked.error;
    stream->asked = (struct status_counts){0};
    if (all < ALARM_HEALTH_COUNT_MIN || stream->phase == ALARM_RETIRED)
        return;
    double errors = close->rules->errors_max, rise = close->rules->coverage_drop;
    look(stream, close, &(struct share){ALARM_ERRORS, asked.error, all, errors, errors / 2});
    if (stream->phase == ALARM_WATCHING)
        look(stream, close,
             &(struct share){ALARM_COVERAGE, asked.skipped, all, stream->base_skipped + rise,
                             stream->base_skipped + rise / 2});
}
