/* alarm_cycle: closes what can be closed, tells what follows from it. */
#include "worker/alarm/alarm_cycle.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/alarm/alarm_checkpoint.h"
#include "worker/alarm/alarm_collect.h"
#include "worker/alarm/alarm_gauges.h"
#include "worker/alarm/alarm_outbox.h"
#include "worker/alarm/alarm_replay.h"

/* A long history is closed in parts, each in one transaction; the last day gets a checkpoint. */
enum { PART_MS = 24 * ALARM_HOUR_MS };

struct alarm_cycle {
    struct alarm_cycle_config config;
    struct alarm_state *state;
    struct alarm_engine *engine;
    bool live;             /* else events are those of a replay, which the state holds already */
    int64_t now_ms, to_ms; /* of this run */
    struct buffer *told;   /* events of the open transaction */
    size_t told_count;
};

static void keep_event(struct alarm_cycle *cycle, const struct alarm_event *event, struct str json)
{
    char id[ALARM_ID_BYTES], alarm[ALARM_ID_BYTES];
    alarm_event_id(event, id);
    alarm_event_key(event, alarm);
    int64_t number = alarm_state_add_event(cycle->state, id, alarm, event->at_ms, json);
    if (event->at_ms >= cycle->now_ms - ALARM_TELL_MS)
        alarm_outbox_add(cycle->state, number, alarm, event->over, cycle->config.targets,
                         cycle->config.target_count, clock_wall_ms());
}

static void take_event(void *owner, const struct alarm_event *event)
{
    struct alarm_cycle *cycle = owner;
    if (!cycle->live)
        return;
    cycle->told = memory_resize(cycle->told, cycle->told_count + 1, sizeof *cycle->told);
    struct buffer *json = &cycle->told[cycle->told_count++];
    *json = (struct buffer){0};
    alarm_event_json(event, json);
    keep_event(cycle, event, buffer_str(json));
}

static const char *words_of(void *owner, int64_t segment)
{
    const struct alarm_cycle *cycle = owner;
    return alarm_state_segment_words(cycle->state, segment);
}

/* Durable now: whoever listens may hear of them. */
static void tell(struct alarm_cycle *cycle)
{
    for (size_t i = 0; i < cycle->told_count; i++) {
        if (cycle->config.told)
            cycle->config.told(cycle->config.owner, buffer_str(&cycle->told[i]));
        buffer_clear(&cycle->told[i]);
    }
    cycle->told_count = 0;
}

struct alarm_cycle *alarm_cycle_new(const struct alarm_cycle_config *config,
                                    struct alarm_state *state, struct error *error)
{
    struct alarm_cycle *cycle = memory_new(1, sizeof *cycle);
    cycle->config = *config;
    cycle->state = state;
    const struct alarm_listener listener = {words_of, take_event, cycle};
    int64_t from_ms;
    cycle->engine = alarm_replay(state, ALARM_REPLAY_SHORTEST, &listener, &from_ms, error);
    if (cycle->engine)
        return cycle;
    alarm_cycle_free(cycle);
    return NULL;
}

void alarm_cycle_free(struct alarm_cycle *cycle)
{
    if (!cycle)
        return;
    alarm_engine_free(cycle->engine);
    for (size_t i = 0; i < cycle->told_count; i++)
        buffer_clear(&cycle->told[i]);
    free(cycle->told);
    free(cycle);
}

const struct alarm_engine *alarm_cycle_engine(const struct alarm_cycle *cycle)
{
    return cycle->engine;
}

int64_t alarm_cycle_due_ms(const struct alarm_cycle *cycle)
{
    return alarm_state_closed_to(cycle->state) + ALARM_FIVE_MS + cycle->config.grace_ms;
}

static int64_t floor_to(int64_t ms, int64_t grain_ms)
{
    return ms - ms % grain_ms;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A new state begins a baseline ago, so that what is at hand is learned from at once. */
static void start(struct alarm_cycle *cycle)
{
    int64_t from_ms = cycle->config.from_ms;
    if (alarm_state_from(cycle->state) != 0)
        return;
    if (from_ms == 0)
        from_ms = cycle->now_ms - cycle->config.rules.baseline_ms;
    alarm_state_start(cycle->state, floor_to(from_ms, ALARM_HOUR_MS));
}

/* Streams that the collection found; the engine learns of them in the order of their ids. */
static void meet_series(struct alarm_cycle *cycle, struct problems *partial)
{
    size_t known, count;
    alarm_engine_streams(cycle->engine, &known);
    const struct alarm_series *series = alarm_state_series(cycle->state, &count);
    for (; known < count; known++)
        if (!alarm_engine_stream(cycle->engine, &series[known])) {
            problems_add(partial, "", "more than %d streams: the others are not watched",
                         ALARM_STREAMS_MAX);
            return;
        }
}

static void take_bucket(struct alarm_cycle *cycle, const struct alarm_kept *bucket,
                        struct problems *partial)
{
    size_t known;
    const struct alarm_stream *const *streams = alarm_engine_streams(cycle->engine, &known);
    if (known == 0 || bucket->series > streams[known - 1]->series.id)
        return;
    alarm_kept_add(cycle->state, bucket);
    if (alarm_feed(cycle->engine, bucket) != ALARM_FED)
        problems_add(partial, "",
                     "a criterion has more than %d probabilities of sampling: the "
                     "rest does not count",
                     SAMPLING_THRESHOLDS_MAX);
}

static void close_buckets(struct alarm_cycle *cycle, const struct alarm_collected *collected,
                          int64_t to_ms, struct problems *partial)
{
    size_t next = 0;
    for (int64_t close_ms = alarm_state_closed_to(cycle->state) + ALARM_FIVE_MS; close_ms <= to_ms;
         close_ms += ALARM_FIVE_MS) {
        for (; next < collected->count && collected->buckets[next].at_ms == close_ms; next++)
            take_bucket(cycle, &collected->buckets[next], partial);
        alarm_engine_close(cycle->engine, close_ms);
        if (close_ms % ALARM_CHECKPOINT_MS == 0 && close_ms + ALARM_CHECKPOINT_MS > cycle->to_ms)
            alarm_checkpoint_write(cycle->state, cycle->engine, close_ms, cycle->config.keep_ms);
    }
}

/* As workers name their metrics. */
static const char *gauge_model(const struct alarm_cycle_config *config, const char *model)
{
    for (size_t i = 0; i < config->model_count; i++)
        if (strcmp(config->models[i], model) == 0)
            return model;
    return "other";
}

/* ln M may be of a stream that has seen nothing since it began: 0 evidence is no number. */
static void add_gauges(struct alarm_cycle *cycle, int64_t at_ms)
{
    size_t count;
    const struct alarm_stream *const *streams = alarm_engine_streams(cycle->engine, &count);
    for (size_t i = 0; i < count; i++) {
        const struct alarm_stream *stream = streams[i];
        if (stream->phase != ALARM_WATCHING)
            continue;
        const char *model = gauge_model(&cycle->config, stream->series.model);
        alarm_gauge_add(cycle->state, at_ms, model, "drift_alarm", stream->series.criterion,
                        stream->onset_ms[ALARM_DRIFT] != 0);
        if (isfinite(stream->log_slow))
            alarm_gauge_add(cycle->state, at_ms, model, "drift_log_evidence",
                            stream->series.criterion, stream->log_slow);
    }
}

static bool knows_streams(const struct alarm_cycle *cycle)
{
    size_t count;
    alarm_engine_streams(cycle->engine, &count);
    return count > 0;
}

static bool close_part(struct alarm_cycle *cycle, int64_t to_ms, bool last,
                       struct problems *partial, size_t *out_shards, struct error *error)
{
    struct alarm_collected collected;
    struct alarm_state *state = cycle->state;
    int64_t late_ms = floor_to(alarm_state_closed_to(state) - cycle->config.late_ms, ALARM_HOUR_MS);
    int64_t from_ms = later(alarm_state_from(state), later(alarm_state_taken_from(state), late_ms));
    alarm_state_begin(state);
    if (!alarm_collect(state, cycle->config.stores, cycle->config.store_count, from_ms, to_ms,
                       partial, &collected, error)) {
        alarm_state_rollback(state);
        return false;
    }
    *out_shards = collected.shards;
    if (collected.shards == 0 && !knows_streams(cycle)) {
        alarm_collected_clear(&collected);
        alarm_state_rollback(state);
        return true;
    }
    meet_series(cycle, partial);
    close_buckets(cycle, &collected, to_ms, partial);
    alarm_kept_forget_taken(state, floor_to(to_ms - cycle->config.late_ms, ALARM_HOUR_MS));
    if (last && cycle->config.gauges)
        add_gauges(cycle, to_ms);
    alarm_collected_clear(&collected);
    return alarm_state_commit(state, to_ms, error);
}

bool alarm_cycle_run(struct alarm_cycle *cycle, int64_t now_ms, struct problems *partial,
                     size_t *out_shards, struct error *error)
{
    int64_t to_ms = floor_to(now_ms - cycle->config.grace_ms, ALARM_FIVE_MS);
    bool good = true;
    cycle->now_ms = now_ms;
    cycle->to_ms = to_ms;
    alarm_state_begin(cycle->state);
    start(cycle);
    alarm_state_use_rules(cycle->state, &cycle->config.rules);
    if (!alarm_state_commit(cycle->state, alarm_state_closed_to(cycle->state), error))
        return false;
    alarm_engine_configure(cycle->engine, &cycle->config.rules);
    cycle->live = true;
    *out_shards = 0;
    int64_t before_ms = 0;
    while (good && before_ms != alarm_state_closed_to(cycle->state) &&
           alarm_state_closed_to(cycle->state) < to_ms) {
        before_ms = alarm_state_closed_to(cycle->state);
        bool last = before_ms + PART_MS >= to_ms;
        good =
            close_part(cycle, last ? to_ms : before_ms + PART_MS, last, partial, out_shards, error);
        if (good)
            tell(cycle);
    }
    cycle->live = false;
    return good;
}
