/* alarm_replay: an engine fed with closed buckets. */
#include "worker/alarm/alarm_replay.h"

#include "schema/base/clock.h"
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

enum alarm_fed alarm_feed(struct alarm_engine *engine, const struct alarm_kept *bucket)
{
    struct unpacked unpacked = {.count = 0};
    if (!alarm_engine_knows(engine, bucket->series) || bucket->passed > bucket->statuses.scored ||
        !bins_each(BINS, bucket->histogram, unpack, &unpacked))
        return ALARM_DAMAGED;
    struct alarm_cell cell = {.segment = bucket->segment,
                              .threshold = bucket->threshold,
                              .statuses = bucket->statuses,
                              .passed = bucket->passed,
                              .scores = unpacked.scores,
                              .score_count = unpacked.count};
    return alarm_engine_add(engine, bucket->series, &cell, bucket->at_ms) ? ALARM_FED
                                                                          : ALARM_LEFT_OUT;
}

struct replay {
    struct alarm_state *state;
    struct alarm_engine *engine;
    int64_t closed_to_ms;
    struct error error; /* what is kept is damaged */
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
            alarm_state_rules_at(replay->state, close_ms + ALARM_FIVE_MS, &rules, &replay->error))
            alarm_engine_configure(replay->engine, &rules);
    }
}

static void take_bucket(void *owner, const struct alarm_kept *bucket)
{
    struct replay *replay = owner;
    char at[CLOCK_TEXT_BYTES];
    if (replay->error.kind != ERROR_NONE)
        return;
    close_to(replay, bucket->at_ms - ALARM_FIVE_MS);
    if (alarm_feed(replay->engine, bucket) != ALARM_DAMAGED)
        return;
    clock_format_rfc3339(bucket->at_ms, at);
    error_set(&replay->error, ERROR_FATAL, "the bucket that ends at %s is damaged", at);
}

struct alarm_engine *alarm_replay(struct alarm_state *state, alarm_words *words, alarm_tell *tell,
                                  void *owner, struct error *error)
{
    struct alarm_rules rules = alarm_rules_default();
    struct replay replay = {.state = state, .closed_to_ms = alarm_state_from(state)};
    size_t count;
    const struct alarm_series *series = alarm_state_series(state, &count);
    alarm_state_rules_at(state, replay.closed_to_ms + ALARM_FIVE_MS, &rules, &replay.error);
    replay.engine = alarm_engine_new(&rules, words, tell, owner);
    for (size_t i = 0; i < count; i++)
        alarm_engine_stream(replay.engine, &series[i]);
    bool read = alarm_kept_each_bucket(state, take_bucket, &replay, error);
    if (read && replay.error.kind == ERROR_NONE)
        close_to(&replay, alarm_state_closed_to(state));
    if (read && replay.error.kind == ERROR_NONE)
        return replay.engine;
    if (read)
        error_set(error, replay.error.kind, "alarms.sqlite cannot be replayed: %s",
                  replay.error.text);
    alarm_engine_free(replay.engine);
    return NULL;
}
