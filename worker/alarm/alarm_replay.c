/* alarm_replay: an engine fed with closed buckets. */
#include "worker/alarm/alarm_replay.h"

#include "schema/base/clock.h"
#include "worker/alarm/alarm_checkpoint.h"
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

/* A new engine at the beginning, or at a checkpoint; false: that does not hold. */
static bool begin(struct replay *replay, int64_t from_ms, bool checkpoint,
                  const struct alarm_listener *listener)
{
    struct alarm_rules rules = alarm_rules_default();
    size_t count;
    const struct alarm_series *series = alarm_state_series(replay->state, &count);
    replay->closed_to_ms = from_ms;
    alarm_state_rules_at(replay->state, from_ms + ALARM_FIVE_MS, &rules, &replay->error);
    replay->engine = alarm_engine_new(&rules, listener->words, listener->tell, listener->owner);
    for (size_t i = 0; i < count; i++)
        alarm_engine_stream(replay->engine, &series[i]);
    if (!checkpoint)
        return true;
    if (alarm_checkpoint_read(replay->state, from_ms, replay->engine)) {
        alarm_engine_configure(replay->engine, &rules);
        return true;
    }
    alarm_engine_free(replay->engine);
    replay->engine = NULL;
    return false;
}

static bool begin_at_checkpoint(struct replay *replay, enum alarm_replay_start start,
                                const struct alarm_listener *listener)
{
    int64_t times[ALARM_CHECKPOINTS_MAX];
    size_t count = alarm_checkpoint_times(replay->state, times);
    for (size_t i = 0; i < count; i++) {
        int64_t at_ms = times[start == ALARM_REPLAY_SHORTEST ? count - 1 - i : i];
        if (begin(replay, at_ms, true, listener))
            return true;
    }
    return false;
}

/* Where all buckets are kept, the longest replay begins with the first of them, and so does any
 * when no checkpoint holds. */
static bool begin_somewhere(struct replay *replay, enum alarm_replay_start start,
                            const struct alarm_listener *listener, struct error *error)
{
    char kept_from[CLOCK_TEXT_BYTES];
    int64_t first_ms = alarm_state_from(replay->state);
    bool all_kept = alarm_state_kept_from(replay->state) == first_ms;
    if (all_kept && start == ALARM_REPLAY_LONGEST)
        return begin(replay, first_ms, false, listener);
    if (begin_at_checkpoint(replay, start, listener))
        return true;
    if (all_kept)
        return begin(replay, first_ms, false, listener);
    clock_format_rfc3339(alarm_state_kept_from(replay->state), kept_from);
    return error_set(error, ERROR_FATAL,
                     "alarms.sqlite cannot be replayed: no checkpoint in it is of this version of "
                     "assay and whole, and buckets before %s are no longer kept. Go on with the "
                     "version that wrote it, or begin anew with another --state",
                     kept_from);
}

static bool replay_rest(struct replay *replay, struct error *error)
{
    if (!alarm_kept_each_bucket(replay->state, replay->closed_to_ms, take_bucket, replay, error))
        return false;
    if (replay->error.kind == ERROR_NONE)
        close_to(replay, alarm_state_closed_to(replay->state));
    return replay->error.kind == ERROR_NONE ||
           error_set(error, replay->error.kind, "alarms.sqlite cannot be replayed: %s",
                     replay->error.text);
}

struct alarm_engine *alarm_replay(struct alarm_state *state, enum alarm_replay_start start,
                                  const struct alarm_listener *listener, int64_t *out_from_ms,
                                  struct error *error)
{
    struct replay replay = {.state = state};
    if (!begin_somewhere(&replay, start, listener, error))
        return NULL;
    *out_from_ms = replay.closed_to_ms;
    if (replay_rest(&replay, error))
        return replay.engine;
    alarm_engine_free(replay.engine);
    return NULL;
}
