/* alarm_stream: one stream: a criterion's hash of one model, from its baseline to its alarms. */
#include "worker/alarm/alarm_stream.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/alarm/alarm_health.h"

/* Intervals that are shown miss the truth with this probability; alarms do not use them. */
static const double ALPHA = 0.05;
static const char RECOVERED[] = "recovered";
enum { CLEAR_WINDOW_MS = 24 * ALARM_HOUR_MS, FIVES_AN_HOUR = 12 };

void alarm_series_clear(struct alarm_series *series)
{
    free(series->model);
    free(series->rubric);
    free(series->criterion);
    free(series->dimension);
    free(series->hash);
}

struct alarm_stream *alarm_stream_new(const struct alarm_series *series,
                                      const struct alarm_rules *rules)
{
    struct alarm_stream *stream = memory_new(1, sizeof *stream);
    stream->series = (struct alarm_series){
        .id = series->id,
        .model = memory_copy_string(series->model),
        .rubric = memory_copy_string(series->rubric),
        .criterion = memory_copy_string(series->criterion),
        .dimension = memory_copy_string(series->dimension),
        .hash = memory_copy_string(series->hash),
    };
    alarm_stream_configure(stream, rules);
    return stream;
}

void alarm_stream_free(struct alarm_stream *stream)
{
    if (!stream)
        return;
    alarm_series_clear(&stream->series);
    level_clear(&stream->base);
    level_clear(&stream->five);
    level_clear(&stream->hour);
    alarm_history_clear(&stream->history);
    alarm_burn_free(stream->burn);
    free(stream);
}

static void set_bound(struct alarm_stream *stream, const struct alarm_rules *rules)
{
    stream->tolerance = alarm_rules_tolerance(
        rules, stream->series.criterion, stream->series.dimension, stream->base_level.verdicts);
    stream->bound = level_bound(&stream->base_level, stream->tolerance);
}

void alarm_stream_configure(struct alarm_stream *stream, const struct alarm_rules *rules)
{
    double objective =
        alarm_rules_objective(rules, stream->series.criterion, stream->series.dimension);
    if (objective > 0 && !stream->burn)
        stream->burn = alarm_burn_new();
    if (stream->burn)
        stream->burn->objective = objective;
    if (stream->frozen_ms)
        set_bound(stream, rules);
}

/* A mean that is no higher than the tolerance cannot fall by more. */
static bool has_bound(const struct alarm_stream *stream)
{
    return stream->bound > 0 && stream->bound < 1;
}

/* Something is promised of it. */
static bool burns(const struct alarm_stream *stream)
{
    return stream->burn && stream->burn->objective > 0;
}

size_t alarm_stream_detectors(const struct alarm_stream *stream, const struct alarm_rules *rules)
{
    if (stream->phase == ALARM_RETIRED || !stream->first_ms)
        return 0;
    return burns(stream) +
           (stream->phase == ALARM_WATCHING && has_bound(stream) ? 1 + rules->fast : 0);
}

static bool know_threshold(struct alarm_stream *stream, uint64_t threshold)
{
    for (size_t i = 0; i < stream->threshold_count; i++)
        if (stream->thresholds[i] == threshold)
            return true;
    if (stream->threshold_count == SAMPLING_THRESHOLDS_MAX)
        return false;
    stream->thresholds[stream->threshold_count++] = threshold;
    return true;
}

bool alarm_stream_add(struct alarm_stream *stream, const struct alarm_cell *cell, int64_t close_ms)
{
    if (!know_threshold(stream, cell->threshold))
        return false;
    level_add(&stream->five, 0, cell->threshold, cell->scores, cell->score_count, cell->statuses);
    if (!stream->first_ms)
        stream->first_ms = close_ms;
    stream->last_ms = close_ms;
    if (cell->score_count > 0)
        alarm_history_add(&stream->history, cell->segment, cell->threshold, close_ms, cell->scores,
                          cell->score_count);
    if (burns(stream))
        alarm_burn_add(stream->burn, cell->threshold, cell->statuses.scored, cell->passed);
    return true;
}

/* ---- events ---- */

struct alarm_event alarm_stream_event(struct alarm_stream *stream, const struct alarm_close *close,
                                      enum alarm_kind kind, const char *over_reason)
{
    struct alarm_event event = {
        .kind = kind,
        .over = over_reason != NULL,
        .reason = over_reason,
        .model = stream->series.model,
        .rubric = stream->series.rubric,
        .criterion = stream->series.criterion,
        .dimension = stream->series.dimension,
        .hash = stream->series.hash,
        .at_ms = close->at_ms,
        .onset_ms = over_reason ? stream->onset_ms[kind] : close->at_ms,
    };
    stream->onset_ms[kind] = over_reason ? 0 : close->at_ms;
    return event;
}

/* The segment whose own drop is surest, when there are several and one dropped by more than the
 * tolerance. */
static void find_segment(const struct alarm_stream *stream, struct alarm_event *event)
{
    const struct alarm_history *history = &stream->history;
    double surest = stream->tolerance;
    for (size_t i = 0; history->segment_count > 1 && i < history->segment_count; i++) {
        const struct alarm_segment *segment = &history->segments[i];
        struct alarm_sums sums =
            alarm_history_sums(history, segment, event->now_from_ms, event->at_ms);
        struct level base = alarm_sums_level(&segment->base, ALPHA);
        struct level now = alarm_sums_level(&sums, ALPHA);
        struct level_difference difference = level_difference(&base, &now, false, ALPHA);
        if (!(-difference.ci.high > surest))
            continue;
        surest = -difference.ci.high;
        event->has_segment = true;
        event->segment = segment->segment;
        event->segment_base = base;
        event->segment_now = now;
    }
}

static void fill_levels(const struct alarm_stream *stream, int64_t from_ms,
                        struct alarm_event *event)
{
    struct alarm_sums sums = alarm_history_all(&stream->history, from_ms, event->at_ms);
    event->base = stream->base_level;
    event->base_from_ms = stream->first_ms - ALARM_FIVE_MS;
    event->base_to_ms = stream->frozen_ms;
    event->now_from_ms = from_ms;
    event->now = alarm_sums_level(&sums, ALPHA);
    event->difference = level_difference(&event->base, &event->now, false, ALPHA);
    event->tolerance = stream->tolerance;
    event->bound = stream->bound;
}

static void fire(struct alarm_stream *stream, const struct alarm_close *close, bool hourly,
                 double log_threshold)
{
    struct alarm_event event = alarm_stream_event(stream, close, ALARM_DRIFT, NULL);
    event.detector = hourly ? "hourly" : "five_minutes";
    event.log_evidence = hourly ? stream->log_slow : stream->log_quick;
    event.log_threshold = log_threshold;
    event.onset = alarm_history_onset(&stream->history, stream->fresh_ms);
    int64_t hour_ms = (close->at_ms - 1) / ALARM_HOUR_MS * ALARM_HOUR_MS;
    fill_levels(stream, event.onset.found ? event.onset.since_ms : hour_ms, &event);
    find_segment(stream, &event);
    e_detector_init(&stream->clear, E_DETECTOR_SHIRYAEV_ROBERTS);
    close->tell(close->owner, &event);
}

static void restart(struct alarm_stream *stream, int64_t at_ms)
{
    e_detector_init(&stream->slow, E_DETECTOR_SHIRYAEV_ROBERTS);
    e_detector_init(&stream->quick, E_DETECTOR_SHIRYAEV_ROBERTS);
    e_detector_init(&stream->clear, E_DETECTOR_SHIRYAEV_ROBERTS);
    stream->log_slow = stream->log_quick = stream->log_clear = -INFINITY;
    stream->fresh_ms = at_ms;
    level_clear(&stream->hour);
}

static void end_drift(struct alarm_stream *stream, const struct alarm_close *close,
                      const char *reason)
{
    struct alarm_event event = alarm_stream_event(stream, close, ALARM_DRIFT, reason);
    int64_t day_ms = close->at_ms - CLEAR_WINDOW_MS;
    int64_t from_ms = day_ms > event.onset_ms ? day_ms : event.onset_ms;
    if (strcmp(reason, RECOVERED) == 0)
        event.onset = alarm_history_onset(&stream->history, event.onset_ms);
    fill_levels(stream, event.onset.found ? event.onset.since_ms : from_ms, &event);
    close->tell(close->owner, &event);
    restart(stream, close->at_ms);
}

/* ---- closing ---- */

static void learn(struct alarm_stream *stream, const struct alarm_close *close)
{
    const struct alarm_rules *rules = close->rules;
    level_merge(&stream->base, &stream->five);
    int64_t since_ms = stream->first_ms - ALARM_FIVE_MS;
    const struct status_counts *statuses = &stream->base.statuses;
    if (!stream->first_ms || close->at_ms - since_ms < rules->baseline_ms ||
        statuses->scored < (uint64_t)rules->baseline_scores)
        return;
    double wanted = (double)(statuses->scored + statuses->skipped + statuses->error);
    stream->base_level = level_of(&stream->base, ALPHA);
    stream->base_skipped = (double)statuses->skipped / wanted;
    stream->frozen_ms = close->at_ms;
    stream->phase = ALARM_WATCHING;
    alarm_history_freeze(&stream->history);
    level_clear(&stream->base);
    restart(stream, stream->first_ms - ALARM_FIVE_MS);
    set_bound(stream, rules);
}

static void watch_five(struct alarm_stream *stream, const struct alarm_close *close)
{
    level_merge(&stream->hour, &stream->five);
    if (!close->rules->fast || !has_bound(stream) || stream->five.statuses.scored == 0 ||
        stream->onset_ms[ALARM_DRIFT])
        return;
    double log_a = log(close->detector_hours * FIVES_AN_HOUR);
    stream->log_quick =
        e_detector_step(&stream->quick, level_log_wealth(&stream->five, stream->bound, false));
    if (stream->log_quick >= log_a)
        fire(stream, close, false, log_a);
}

void alarm_stream_close_five(struct alarm_stream *stream, const struct alarm_close *close)
{
    if (stream->phase == ALARM_LEARNING)
        learn(stream, close);
    else if (stream->phase == ALARM_WATCHING)
        watch_five(stream, close);
    if (burns(stream) && stream->first_ms && stream->phase != ALARM_RETIRED)
        alarm_burn_close(stream, close);
    alarm_health_add(&stream->five.statuses, stream);
    level_clear(&stream->five);
}

static void watch_hour(struct alarm_stream *stream, const struct alarm_close *close)
{
    if (!has_bound(stream) || stream->hour.statuses.scored == 0)
        return;
    double log_a = log(close->detector_hours);
    struct log_wealth drop = level_log_wealth(&stream->hour, stream->bound, false);
    stream->log_slow = e_detector_step(&stream->slow, drop);
    if (!stream->onset_ms[ALARM_DRIFT]) {
        if (stream->log_slow >= log_a)
            fire(stream, close, true, log_a);
        return;
    }
    struct log_wealth rise = level_log_wealth(&stream->hour, stream->bound, true);
    stream->log_clear = e_detector_step(&stream->clear, rise);
    if (stream->log_clear >= log(close->rules->all_clear_hours))
        end_drift(stream, close, RECOVERED);
}

void alarm_stream_close_hour(struct alarm_stream *stream, const struct alarm_close *close)
{
    if (stream->phase == ALARM_WATCHING)
        watch_hour(stream, close);
    alarm_health_close(stream, close);
    level_clear(&stream->hour);
}

void alarm_stream_retire(struct alarm_stream *stream, const struct alarm_close *close)
{
    static const char REASON[] = "criterion_changed";
    if (stream->onset_ms[ALARM_DRIFT])
        end_drift(stream, close, REASON);
    for (int kind = 0; kind < ALARM_KINDS; kind++)
        if (stream->onset_ms[kind]) {
            struct alarm_event event =
                alarm_stream_event(stream, close, (enum alarm_kind)kind, REASON);
            close->tell(close->owner, &event);
        }
    stream->phase = ALARM_RETIRED;
}

void alarm_stream_revive(struct alarm_stream *stream, int64_t at_ms)
{
    stream->phase = stream->frozen_ms ? ALARM_WATCHING : ALARM_LEARNING;
    restart(stream, at_ms);
}
