/* alarm_history: the last hours of a stream, by segment. */
#include "worker/alarm/alarm_history.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/alarm/alarm_rules.h"
#include "worker/stats/sampling.h"

/* The set of hours within this of the likeliest covers 93 to 98 % (tests/README.md). */
static const double ONSET_DROP = 3;

static void merge(struct alarm_sums *into, const struct alarm_sums *other)
{
    survey_merge(&into->survey, &other->survey);
    into->wyy += other->wyy;
    into->ends += other->ends;
}

static struct alarm_segment *segment_of(struct alarm_history *history, int64_t id)
{
    size_t at = 0;
    while (at < history->segment_count && history->segments[at].segment < id)
        at++;
    if (at < history->segment_count && history->segments[at].segment == id)
        return &history->segments[at];
    if (history->segment_count >= ALARM_SEGMENTS_MAX && id != ALARM_SEGMENT_OTHERS)
        return segment_of(history, ALARM_SEGMENT_OTHERS);
    history->segments =
        memory_resize(history->segments, history->segment_count + 1, sizeof *history->segments);
    memmove(history->segments + at + 1, history->segments + at,
            (history->segment_count - at) * sizeof *history->segments);
    history->segments[at] = (struct alarm_segment){
        .segment = id, .hours = memory_new(history->hour_room + 1, sizeof(struct alarm_sums))};
    history->segment_count++;
    return &history->segments[at];
}

/* Drops the oldest hours so that `count` further ones have room. */
static void forget(struct alarm_history *history, size_t count)
{
    size_t gone = count < history->hour_count ? count : history->hour_count;
    for (size_t i = 0; i < history->segment_count; i++)
        memmove(history->segments[i].hours, history->segments[i].hours + gone,
                (history->hour_count - gone) * sizeof(struct alarm_sums));
    history->hour_count -= gone;
    history->first_hour_ms += (int64_t)count * ALARM_HOUR_MS;
}

static void grow(struct alarm_history *history, size_t room)
{
    for (size_t i = 0; i < history->segment_count; i++)
        history->segments[i].hours =
            memory_resize(history->segments[i].hours, room + 1, sizeof(struct alarm_sums));
    history->hour_room = room;
}

/* The index of an hour, with room for it and the hours before it. */
static size_t hour_at(struct alarm_history *history, int64_t hour_ms)
{
    if (history->hour_count == 0)
        history->first_hour_ms = hour_ms;
    size_t at = (size_t)((hour_ms - history->first_hour_ms) / ALARM_HOUR_MS);
    if (at >= ALARM_HOURS_MAX) {
        forget(history, at - ALARM_HOURS_MAX + 1);
        at = ALARM_HOURS_MAX - 1;
    }
    if (at >= history->hour_room)
        grow(history, at < 2 * history->hour_room ? 2 * history->hour_room : at + 24);
    for (; history->hour_count <= at; history->hour_count++)
        for (size_t i = 0; i < history->segment_count; i++)
            history->segments[i].hours[history->hour_count] = (struct alarm_sums){0};
    return at;
}

void alarm_history_add(struct alarm_history *history, int64_t segment, uint64_t threshold,
                       int64_t close_ms, const struct bin_count *scores, size_t score_count)
{
    double probability = sampling_probability(threshold), n = 0, sum = 0, squares = 0;
    int64_t hour_ms = (close_ms - 1) / ALARM_HOUR_MS * ALARM_HOUR_MS;
    struct alarm_sums added = {0};
    if (!(probability > 0))
        return;
    for (size_t i = 0; i < score_count; i++) {
        double score = score_of_bin(scores[i].bin), count = scores[i].count;
        n += count;
        sum += count * score;
        squares += count * score * score;
        if (scores[i].bin == 0 || scores[i].bin == SCORE_BIN_TOP)
            added.ends += scores[i].count;
    }
    survey_add(&added.survey, 1 / probability, n, sum, squares);
    added.wyy = squares / probability;
    struct alarm_segment *of = segment_of(history, segment);
    size_t at = hour_at(history, hour_ms);
    merge(&of->hours[at], &added);
}

void alarm_history_freeze(struct alarm_history *history)
{
    int64_t end_ms = history->first_hour_ms + (int64_t)history->hour_count * ALARM_HOUR_MS;
    for (size_t i = 0; i < history->segment_count; i++)
        history->segments[i].base =
            alarm_history_sums(history, &history->segments[i], history->first_hour_ms, end_ms);
}

void alarm_history_clear(struct alarm_history *history)
{
    for (size_t i = 0; i < history->segment_count; i++)
        free(history->segments[i].hours);
    free(history->segments);
    *history = (struct alarm_history){0};
}

struct alarm_sums alarm_history_sums(const struct alarm_history *history,
                                     const struct alarm_segment *segment, int64_t from_ms,
                                     int64_t to_ms)
{
    struct alarm_sums sums = {0};
    for (size_t i = 0; i < history->hour_count; i++) {
        int64_t hour_ms = history->first_hour_ms + (int64_t)i * ALARM_HOUR_MS;
        if (hour_ms >= from_ms && hour_ms < to_ms)
            merge(&sums, &segment->hours[i]);
    }
    return sums;
}

struct alarm_sums alarm_history_all(const struct alarm_history *history, int64_t from_ms,
                                    int64_t to_ms)
{
    struct alarm_sums all = {0};
    for (size_t i = 0; i < history->segment_count; i++) {
        struct alarm_sums one = alarm_history_sums(history, &history->segments[i], from_ms, to_ms);
        merge(&all, &one);
    }
    return all;
}

static bool verdicts_only(const struct alarm_sums *sums)
{
    return (double)sums->ends >= sums->survey.n;
}

struct level alarm_sums_level(const struct alarm_sums *sums, double alpha)
{
    return level_of_survey(&sums->survey, verdicts_only(sums), alpha);
}

/* A weighted hour counts as many values as it tells: n_eff. */
static struct onset_bucket bucket_of(const struct alarm_sums *sums)
{
    const struct survey_sums *survey = &sums->survey;
    double scale = survey->w > 0 ? survey->w / survey->ww : 0;
    return (struct onset_bucket){survey->w * scale, survey->wy * scale, sums->wyy * scale};
}

struct alarm_onset alarm_history_onset(const struct alarm_history *history, int64_t from_ms)
{
    struct onset_bucket buckets[ALARM_HOURS_MAX];
    double profile[ALARM_HOURS_MAX];
    struct alarm_sums all = {0};
    int64_t start_ms = from_ms > history->first_hour_ms ? from_ms : history->first_hour_ms;
    size_t skipped = (size_t)((start_ms - history->first_hour_ms) / ALARM_HOUR_MS), count = 0;
    for (size_t i = skipped; i < history->hour_count; i++) {
        struct alarm_sums hour = {0};
        for (size_t s = 0; s < history->segment_count; s++)
            merge(&hour, &history->segments[s].hours[i]);
        merge(&all, &hour);
        buckets[count++] = bucket_of(&hour);
    }
    if (count < 2)
        return (struct alarm_onset){0};
    struct onset onset = verdicts_only(&all) ? onset_verdicts(buckets, count, profile)
                                             : onset_scores(buckets, count, profile);
    int64_t base_ms = history->first_hour_ms + (int64_t)skipped * ALARM_HOUR_MS;
    size_t first = onset.since, last = onset.since;
    for (size_t k = 0; onset.found && k < count; k++) {
        if (!onset_is_possible(&onset, profile, k, ONSET_DROP))
            continue;
        first = k < first ? k : first;
        last = k > last ? k : last;
    }
    return (struct alarm_onset){
        .found = onset.found,
        .since_ms = base_ms + (int64_t)onset.since * ALARM_HOUR_MS,
        .first_ms = base_ms + (int64_t)first * ALARM_HOUR_MS,
        .last_ms = base_ms + (int64_t)last * ALARM_HOUR_MS,
    };
}
