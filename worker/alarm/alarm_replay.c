/* alarm_replay: an engine fed with closed buckets. */
#include "worker/alarm/alarm_replay.h"

#include "worker/store/histogram.h"

struct unpacked {
    struct bin_count scores[BINS];
    size_t count;
};

static void unpack(void *owner, uint32_t bin, uint32_t times)
{
    struct unpacked *unpacked = owner;
    if (unpacked->count < BINS)
        unpacked->scores[unpacked->count++] = (struct bin_count){bin, times};
}

bool alarm_feed(struct alarm_engine *engine, const struct alarm_kept *bucket)
{
    struct unpacked unpacked = {.count = 0};
    if (!bins_each(BINS, bucket->histogram, unpack, &unpacked))
        return false;
    struct alarm_cell cell = {.segment = bucket->segment,
                              .threshold = bucket->threshold,
                              .statuses = bucket->statuses,
                              .passed = bucket->passed,
                              .scores = unpacked.scores,
                              .score_count = unpacked.count};
    return alarm_engine_add(engine, bucket->series, &cell, bucket->at_ms);
}

struct replay {
    struct alarm_state *state;
    struct alarm_engine *engine;
    int64_t closed_to_ms;
};

/* Closes five minutes after five minutes, the empty ones too: silence is told of those. */
static void close_to(struct replay *replay, int64_t to_ms)
{
    while (replay->closed_to_ms < to_ms) {
        int64_t close_ms = replay->closed_to_ms + ALARM_FIVE_MS;
        alarm_engine_close(replay->engine, close_ms);
        replay->closed_to_ms = close_ms;
        struct alarm_rules rules;
        if (alarm_state_rules_change(replay->state, close_ms + ALARM_FIVE_MS) &&
            alarm_state_rules_at(replay->state, close_ms + ALARM_FIVE_MS, &rules))
            alarm_engine_configure(replay->engine, &rules);
    }
}

static void take_bucket(void *owner, const struct alarm_kept *bucket)
{
    struct replay *replay = owner;
    close_to(replay, bucket->at_ms - ALARM_FIVE_MS);
    alarm_feed(replay->engine, bucket);
}

struct alarm_engine *alarm_replay(struct alarm_state *state, alarm_words *words, alarm_tell *tell,
                                  void *owner, struct error *error)
{
    struct alarm_rules rules = alarm_rules_default();
    struct replay replay = {.state = state, .closed_to_ms = alarm_state_from(state)};
    size_t count;
    const struct alarm_series *series = alarm_state_series(state, &count);
    alarm_state_rules_at(state, replay.closed_to_ms + ALARM_FIVE_MS, &rules);
    replay.engine = alarm_engine_new(&rules, words, tell, owner);
    for (size_t i = 0; i < count; i++)
        alarm_engine_stream(replay.engine, &series[i]);
    if (alarm_kept_each_bucket(state, take_bucket, &replay, error)) {
        close_to(&replay, alarm_state_closed_to(state));
        return replay.engine;
    }
    alarm_engine_free(replay.engine);
    return NULL;
}
