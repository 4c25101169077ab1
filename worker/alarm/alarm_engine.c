/* alarm_engine: all streams together: what closed buckets say, in order of time. */
#include "worker/alarm/alarm_engine.h"

#include <assert.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/alarm/alarm_silence.h"
#include "worker/alarm/alarm_snapshot.h"

/* An onset and a change of a criterion so near to each other are told together. */
enum { CHANGE_NEAR_MS = 2 * ALARM_HOUR_MS };

struct alarm_engine {
    struct alarm_rules rules;
    alarm_words *words;
    alarm_tell *tell;
    void *owner;
    struct alarm_stream **streams; /* ascending by id */
    size_t stream_count;
    struct alarm_model *models;
    size_t model_count;
    double detector_hours;
};

struct alarm_engine *alarm_engine_new(const struct alarm_rules *rules, alarm_words *words,
                                      alarm_tell *tell, void *owner)
{
    struct alarm_engine *engine = memory_new(1, sizeof *engine);
    engine->rules = *rules;
    engine->words = words;
    engine->tell = tell;
    engine->owner = owner;
    return engine;
}

void alarm_engine_free(struct alarm_engine *engine)
{
    if (!engine)
        return;
    for (size_t i = 0; i < engine->stream_count; i++)
        alarm_stream_free(engine->streams[i]);
    for (size_t i = 0; i < engine->model_count; i++)
        free(engine->models[i].model);
    free(engine->streams);
    free(engine->models);
    free(engine);
}

void alarm_engine_configure(struct alarm_engine *engine, const struct alarm_rules *rules)
{
    engine->rules = *rules;
    for (size_t i = 0; i < engine->stream_count; i++)
        alarm_stream_configure(engine->streams[i], &engine->rules);
}

static struct alarm_model *model_of(struct alarm_engine *engine, const char *name)
{
    for (size_t i = 0; i < engine->model_count; i++)
        if (strcmp(engine->models[i].model, name) == 0)
            return &engine->models[i];
    engine->models = memory_resize(engine->models, engine->model_count + 1, sizeof *engine->models);
    engine->models[engine->model_count] = (struct alarm_model){.model = memory_copy_string(name)};
    return &engine->models[engine->model_count++];
}

bool alarm_engine_stream(struct alarm_engine *engine, const struct alarm_series *series)
{
    assert(engine->stream_count == 0 ||
           engine->streams[engine->stream_count - 1]->series.id < series->id);
    if (engine->stream_count == ALARM_STREAMS_MAX)
        return false;
    engine->streams =
        memory_resize(engine->streams, engine->stream_count + 1, sizeof(struct alarm_stream *));
    engine->streams[engine->stream_count++] = alarm_stream_new(series, &engine->rules);
    return true;
}

static struct alarm_stream *find(const struct alarm_engine *engine, int64_t id)
{
    size_t low = 0, high = engine->stream_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (engine->streams[middle]->series.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < engine->stream_count && engine->streams[low]->series.id == id;
    return found ? engine->streams[low] : NULL;
}

bool alarm_engine_knows(const struct alarm_engine *engine, int64_t id)
{
    return find(engine, id) != NULL;
}

bool alarm_engine_add(struct alarm_engine *engine, int64_t id, const struct alarm_cell *cell,
                      int64_t close_ms)
{
    struct alarm_stream *stream = find(engine, id);
    assert(stream);
    alarm_silence_heard(model_of(engine, stream->series.model), close_ms);
    return alarm_stream_add(stream, cell, close_ms);
}

/* ---- a criterion with another hash ---- */

static bool same_criterion(const struct alarm_stream *a, const struct alarm_stream *b)
{
    return a != b && strcmp(a->series.model, b->series.model) == 0 &&
           strcmp(a->series.rubric, b->series.rubric) == 0 &&
           strcmp(a->series.criterion, b->series.criterion) == 0;
}

/* The stream that had this criterion before; NULL: none. */
static const struct alarm_stream *before(const struct alarm_engine *engine,
                                         const struct alarm_stream *stream)
{
    const struct alarm_stream *found = NULL;
    for (size_t i = 0; i < engine->stream_count; i++) {
        const struct alarm_stream *other = engine->streams[i];
        if (same_criterion(other, stream) && other->first_ms && stream->first_ms &&
            other->first_ms < stream->first_ms && (!found || other->first_ms > found->first_ms))
            found = other;
    }
    return found;
}

/* A stream without rows in an hour in which the criterion had some under another hash is retired;
 * one that comes back, after a rollback say, goes on with the baseline it had. */
static void retire(struct alarm_engine *engine, const struct alarm_close *close)
{
    int64_t hour_ms = close->at_ms - ALARM_HOUR_MS;
    for (size_t i = 0; i < engine->stream_count; i++) {
        struct alarm_stream *now = engine->streams[i];
        if (now->last_ms <= hour_ms)
            continue;
        if (now->phase == ALARM_RETIRED)
            alarm_stream_revive(now, close->at_ms);
        for (size_t j = 0; j < engine->stream_count; j++) {
            struct alarm_stream *other = engine->streams[j];
            if (other->phase != ALARM_RETIRED && other->first_ms && other->last_ms <= hour_ms &&
                same_criterion(other, now))
                alarm_stream_retire(other, close);
        }
    }
}

/* ---- telling ---- */

static void add_change(struct alarm_event *event, const struct alarm_stream *old,
                       const struct alarm_stream *new)
{
    if (event->change_count < ALARM_CHANGES_MAX)
        event->changes[event->change_count++] =
            (struct alarm_change){new->first_ms - ALARM_FIVE_MS, new->series.criterion,
                                  old->series.hash, new->series.hash};
}

/* Criteria of the model that changed about when its scores got worse. */
static void find_changes(const struct alarm_engine *engine, struct alarm_event *event)
{
    for (size_t i = 0; event->onset.found && i < engine->stream_count; i++) {
        const struct alarm_stream *stream = engine->streams[i], *old = before(engine, stream);
        int64_t at_ms = stream->first_ms;
        if (old && strcmp(stream->series.model, event->model) == 0 &&
            at_ms >= event->onset.first_ms - CHANGE_NEAR_MS &&
            at_ms <= event->onset.last_ms + CHANGE_NEAR_MS)
            add_change(event, old, stream);
    }
}

static void pass_on(void *owner, const struct alarm_event *event)
{
    const struct alarm_engine *engine = owner;
    struct alarm_event whole = *event;
    if (whole.kind == ALARM_DRIFT && !whole.over)
        find_changes(engine, &whole);
    if (whole.has_segment)
        whole.segment_words = engine->words(engine->owner, whole.segment);
    engine->tell(engine->owner, &whole);
}

/* Before anything of the bucket is looked at, so that the threshold does not depend on it. */
static void share_budget(struct alarm_engine *engine)
{
    size_t detectors = 0;
    for (size_t i = 0; i < engine->stream_count; i++)
        detectors += alarm_stream_detectors(engine->streams[i], &engine->rules);
    engine->detector_hours = engine->rules.false_alarm_hours * (double)(detectors ? detectors : 1);
}

void alarm_engine_close(struct alarm_engine *engine, int64_t close_ms)
{
    share_budget(engine);
    const struct alarm_close close = {.rules = &engine->rules,
                                      .at_ms = close_ms,
                                      .detector_hours = engine->detector_hours,
                                      .tell = pass_on,
                                      .owner = engine};
    bool hour = close_ms % ALARM_HOUR_MS == 0;
    for (size_t i = 0; i < engine->stream_count; i++) {
        alarm_stream_close_five(engine->streams[i], &close);
        if (hour)
            alarm_stream_close_hour(engine->streams[i], &close);
    }
    for (size_t i = 0; i < engine->model_count; i++)
        alarm_silence_close(&engine->models[i], &close);
    if (hour)
        retire(engine, &close);
}

const struct alarm_stream *const *alarm_engine_streams(const struct alarm_engine *engine,
                                                       size_t *out_count)
{
    *out_count = engine->stream_count;
    return (const struct alarm_stream *const *)engine->streams;
}

double alarm_engine_detector_hours(const struct alarm_engine *engine)
{
    return engine->detector_hours;
}

size_t alarm_engine_firing(const struct alarm_engine *engine)
{
    size_t firing = 0;
    for (size_t i = 0; i < engine->stream_count; i++)
        for (int kind = 0; kind < ALARM_KINDS; kind++)
            firing += engine->streams[i]->onset_ms[kind] != 0;
    for (size_t i = 0; i < engine->model_count; i++)
        firing += engine->models[i].onset_ms != 0;
    return firing;
}

/* ---- as bytes ---- */

static void walk_model(struct pack *pack, struct alarm_model *model)
{
    int64_t hours = model->hours;
    pack_text(pack, &model->model);
    pack_int(pack, &model->last_ms);
    pack_int(pack, &hours);
    pack_int(pack, &model->last_hour);
    pack_int(pack, &model->onset_ms);
    model->hours = (uint32_t)hours;
}

void alarm_engine_snapshot(struct alarm_engine *engine, struct pack *pack)
{
    pack_real(pack, &engine->detector_hours);
    pack_count(pack, &engine->model_count, ALARM_STREAMS_MAX);
    if (!pack->out)
        engine->models = memory_new(engine->model_count + 1, sizeof *engine->models);
    for (size_t i = 0; i < engine->model_count; i++)
        walk_model(pack, &engine->models[i]);
}

bool alarm_engine_snapshot_stream(struct alarm_engine *engine, int64_t id, struct pack *pack)
{
    struct alarm_stream *stream = find(engine, id);
    if (stream)
        alarm_snapshot_stream(pack, stream);
    return stream != NULL;
}
