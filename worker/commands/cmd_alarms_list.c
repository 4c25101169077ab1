/* assay alarms list, assay alarms replay: what alarms saw, and whether it holds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "worker/alarm/alarm_checkpoint.h"
#include "worker/alarm/alarm_replay.h"
#include "worker/options/args.h"
#include "worker/commands/cmd_alarms.h"
#include "worker/commands/commands.h"

struct list_options {
    const char *state;
    bool json;
};

static const struct arg ARGS[] = {
    {"state", "DIR", ARG_TEXT, offsetof(struct list_options, state),
     "what assay alarms run keeps; it may be running", 0, 0},
    {"json", NULL, ARG_FLAG, offsetof(struct list_options, json),
     "write each alarm as a line of schema/alarm-event.schema.json", 0, 0},
};
static const struct arg_group GROUPS[] = {{"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0}};

static const struct arg_table LIST_TABLE = {
    .description = "Shows every stream with its frozen baseline, and every alarm so far.\n\n"
                   "Exit status: 0 fine, 1 an alarm fires, 2 wrong usage, 3 the state could not be "
                   "read.",
    .groups = GROUPS,
    .group_count = 1,
};
static const struct arg_table REPLAY_TABLE = {
    .description =
        "Computes every alarm again from the closed buckets that are kept (--keep of assay "
        "alarms run), under the rules\nthat were in force then, and compares with what "
        "was told, and with the state that assay alarms run would go on\nfrom.\n\nExit "
        "status: 0 the same to the byte, 1 not the same, 2 wrong usage, 3 the state could "
        "not be read.",
    .groups = GROUPS,
    .group_count = 1,
};

/* Events, one a line of JSON. */
struct told {
    struct alarm_state *state;
    struct buffer lines;
    size_t count;
};

static void add_line(struct told *told, struct str json)
{
    buffer_append_str(&told->lines, json);
    buffer_append(&told->lines, "\n", 1);
    told->count++;
}

static void add_kept(void *owner, int64_t number, struct str json)
{
    (void)number;
    add_line(owner, json);
}

static void add_event(void *owner, const struct alarm_event *event)
{
    struct buffer json = {0};
    alarm_event_json(event, &json);
    add_line(owner, buffer_str(&json));
    buffer_clear(&json);
}

static const char *words_of(void *owner, int64_t segment)
{
    const struct told *told = owner;
    return alarm_state_segment_words(told->state, segment);
}

struct reading {
    struct alarm_state *state;
    struct alarm_engine *engine; /* as alarms run would go on with it */
    struct told resumed;         /* what it told on the way */
};

static struct alarm_engine *replay_into(struct told *told, struct alarm_state *state,
                                        enum alarm_replay_start start, int64_t *out_from_ms,
                                        struct error *error)
{
    const struct alarm_listener listener = {words_of, add_event, told};
    told->state = state;
    return alarm_replay(state, start, &listener, out_from_ms, error);
}

static bool read_state(struct reading *reading, const char *dir, struct error *error)
{
    int64_t from_ms;
    reading->state = alarm_state_open(dir, ALARM_OPEN_READ, error);
    if (reading->state)
        reading->engine =
            replay_into(&reading->resumed, reading->state, ALARM_REPLAY_SHORTEST, &from_ms, error);
    return reading->engine != NULL;
}

static void clear(struct reading *reading)
{
    alarm_engine_free(reading->engine);
    buffer_clear(&reading->resumed.lines);
    alarm_state_close(reading->state);
}

/* ---- list ---- */

/* What fires of it, else how far it is. */
static void print_phase(const struct alarm_stream *stream)
{
    static const char *const phases[] = {
        [ALARM_LEARNING] = "learning", [ALARM_WATCHING] = "watching", [ALARM_RETIRED] = "retired"};
    const char *before = "FIRING: ";
    bool fires = false;
    for (int kind = 0; kind < ALARM_KINDS; kind++) {
        if (!stream->onset_ms[kind])
            continue;
        printf("%s%s", before, alarm_kind_name((enum alarm_kind)kind));
        before = " and ";
        fires = true;
    }
    if (!fires)
        fputs(phases[stream->phase], stdout);
}

static void print_baseline(const struct alarm_stream *stream, double log_threshold)
{
    char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(stream->first_ms - ALARM_FIVE_MS, from);
    clock_format_rfc3339(stream->frozen_ms, to);
    printf(", baseline %.3f of %llu scores %.16s..%.16s UTC, tolerance %g", stream->base_level.mean,
           (unsigned long long)stream->base_level.n, from, to, stream->tolerance);
    if (isfinite(stream->log_slow) && stream->phase == ALARM_WATCHING)
        printf(", evidence %.1f of %.1f", stream->log_slow, log_threshold);
}

static void print_stream(const struct alarm_stream *stream, double log_threshold)
{
    const struct alarm_series *series = &stream->series;
    printf("%s / %s / %s (%.8s)  ", series->model, series->rubric, series->criterion, series->hash);
    print_phase(stream);
    if (stream->frozen_ms)
        print_baseline(stream, log_threshold);
    else
        printf(", %llu scores so far", (unsigned long long)stream->base.statuses.scored);
    putchar('\n');
}

static void print_streams(const struct reading *reading)
{
    size_t count;
    char closed[CLOCK_TEXT_BYTES];
    const struct alarm_stream *const *streams = alarm_engine_streams(reading->engine, &count);
    double log_threshold = log(alarm_engine_detector_hours(reading->engine));
    clock_format_rfc3339(alarm_state_closed_to(reading->state), closed);
    printf("%zu streams, seen up to %.16s UTC\n", count, closed);
    for (size_t i = 0; i < count; i++)
        print_stream(streams[i], log_threshold);
}

static void print_event(void *owner, int64_t number, struct str json)
{
    (void)owner;
    (void)number;
    json_t *event = json_read(json, &JSON_LIMITS_DOCUMENT, NULL);
    printf("%s  %s\n", json_string_value(json_object_get(event, "at")),
           json_string_value(json_object_get(event, "text")));
    json_decref(event);
}

static void print_line(void *owner, int64_t number, struct str json)
{
    (void)owner;
    (void)number;
    printf("%.*s\n", STR_ARGS(json));
}

static int list(struct reading *reading, bool json, struct error *error)
{
    if (!json)
        print_streams(reading);
    if (!alarm_state_each_event(reading->state, 0, json ? print_line : print_event, NULL, error))
        return EXIT_COULD_NOT;
    return alarm_engine_firing(reading->engine) ? EXIT_BELOW : EXIT_FINE;
}

/* ---- replay ---- */

struct proof {
    struct told kept, replayed;
    int64_t from_ms; /* what was told before is not replayed */
    bool same_state; /* as the one that alarms run would go on from */
};

static bool prove(struct reading *reading, struct proof *proof, struct error *error)
{
    struct buffer longest = {0}, shortest = {0};
    struct alarm_engine *engine =
        replay_into(&proof->replayed, reading->state, ALARM_REPLAY_LONGEST, &proof->from_ms, error);
    if (!engine)
        return false;
    alarm_checkpoint_bytes(engine, &longest);
    alarm_checkpoint_bytes(reading->engine, &shortest);
    proof->same_state = str_equal(buffer_str(&longest), buffer_str(&shortest));
    buffer_clear(&longest);
    buffer_clear(&shortest);
    alarm_engine_free(engine);
    return alarm_state_each_event(reading->state, proof->from_ms, add_kept, &proof->kept, error);
}

static void print_proof(const struct reading *reading, const struct proof *proof, bool same)
{
    char from[CLOCK_TEXT_BYTES];
    printf("%zu alarms told", proof->kept.count);
    clock_format_rfc3339(proof->from_ms, from);
    if (proof->from_ms > alarm_state_from(reading->state))
        printf(" since %.16s UTC", from);
    printf(", %zu replayed: %s\n", proof->replayed.count,
           same                ? "the same to the byte"
           : proof->same_state ? "NOT THE SAME"
                               : "NOT THE SAME EVIDENCE as assay alarms run would go on with");
}

static int replay(struct reading *reading, bool json, struct error *error)
{
    struct proof proof = {0};
    bool proven = prove(reading, &proof, error);
    bool same = proven && proof.same_state &&
                str_equal(buffer_str(&proof.kept.lines), buffer_str(&proof.replayed.lines));
    if (proven && json)
        fwrite(proof.replayed.lines.data, 1, proof.replayed.lines.size, stdout);
    else if (proven)
        print_proof(reading, &proof, same);
    buffer_clear(&proof.kept.lines);
    buffer_clear(&proof.replayed.lines);
    return !proven ? EXIT_COULD_NOT : same ? EXIT_FINE : EXIT_BELOW;
}

static int start(const struct arg_table *table, int argc, char **argv,
                 int (*answer)(struct reading *reading, bool json, struct error *error))
{
    struct list_options options = {0};
    struct reading reading = {0};
    struct arg_list operands = {0};
    struct error error = {0};
    int code;
    if (!args_start(table, argc, argv, &options, &operands, &code))
        return code;
    code = EXIT_USAGE;
    if (!options.state)
        error_set(&error, ERROR_INPUT, "--state is missing: name the folder of assay alarms run");
    else if (!read_state(&reading, options.state, &error))
        code = EXIT_COULD_NOT;
    else
        code = answer(&reading, options.json, &error);
    if (error.kind != ERROR_NONE)
        fprintf(stderr, "%s: %s\n", argv[0], error.text);
    clear(&reading);
    return code;
}

int cmd_alarms_list(int argc, char **argv)
{
    return start(&LIST_TABLE, argc, argv, list);
}

int cmd_alarms_replay(int argc, char **argv)
{
    return start(&REPLAY_TABLE, argc, argv, replay);
}
