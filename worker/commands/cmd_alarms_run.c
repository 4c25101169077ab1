/* assay alarms run: watches stores, tells of alarms. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/json_read.h"
#include "worker/alarm/alarm_cycle.h"
#include "worker/commands/alarm_outlet.h"
#include "worker/commands/cmd_alarms.h"
#include "worker/commands/commands.h"

static const struct arg_table TABLE = {
    .description =
        "Watches each criterion of each model in the stores of workers, and tells once when its "
        "scores got worse and once\nwhen that is over. A stream's first --baseline is learned, "
        "then frozen: later scores are compared with it by a\nShiryaev-Roberts e-detector, every "
        "hour and every five minutes. Look as often as you like: false alarms stay within\n"
        "--false-alarms. A criterion that changed (options, judge, prompt) has another hash: that "
        "is a new stream, which\nlearns its own baseline; an alarm of the old one ends then, and "
        "says so. Told besides, outside of the budget:\nerrors, lost coverage, silence. "
        "Buckets are kept as they were when they closed, later rows join the next one.\n\nExit "
        "status: 0 ended as asked, 1 --once and an alarm fires, 2 wrong usage, 3 it could not go "
        "on.",
    .groups = ALARM_OPTION_GROUP,
    .group_count = ALARM_OPTION_GROUPS,
};

enum { RETRY_MS = 60 * 1000, FLUSH_MS = 30 * 1000, AHEAD_MS = 60 * 60 * 1000 };

struct watch {
    const struct alarm_options *options;
    struct alarm_settings settings;
    struct alarm_state *state;
    struct alarm_cycle *cycle;
    struct alarm_outlet *outlet;
    sigset_t wanted; /* signals that end it */
    int signals;     /* readable when it is to end */
    struct buffer partial; /* what was missing last time: said when it changes */
};

static void tell(void *owner, struct str json)
{
    const struct watch *watch = owner;
    if (watch->options->json) {
        printf("%.*s\n", STR_ARGS(json));
    } else {
        json_t *event = json_read(json, &JSON_LIMITS_DOCUMENT, NULL);
        printf("%s  %s\n", json_string_value(json_object_get(event, "at")),
               json_string_value(json_object_get(event, "text")));
        json_decref(event);
    }
    fflush(stdout);
}

static void tell_partial(struct watch *watch, const struct problems *partial)
{
    struct buffer now = {0};
    for (size_t i = 0; i < partial->count; i++)
        buffer_printf(&now, "assay alarms run: %s\n", partial->lines[i]);
    if (!str_equal(buffer_str(&now), buffer_str(&watch->partial)))
        fputs(now.size ? now.data : "assay alarms run: all is read, all is known again\n", stderr);
    buffer_clear(&watch->partial);
    watch->partial = now;
}

/* A worker that hangs is waited for; nobody needs to wait for that with SIGTERM: the state is whole
 * at any moment, as after a kill. */
static volatile sig_atomic_t end_code = EXIT_FINE;

static void end_now(int signal)
{
    (void)signal;
    _exit(end_code);
}

/* Rules for what nobody has, a slip of the pen mostly. */
static void check_names(const struct watch *watch, const char *option,
                        const struct alarm_named *names, int64_t name_count,
                        struct problems *partial)
{
    size_t count;
    const struct alarm_stream *const *streams =
        alarm_engine_streams(alarm_cycle_engine(watch->cycle), &count);
    for (int64_t i = 0; count > 0 && i < name_count; i++) {
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known = known || strcmp(streams[j]->series.criterion, names[i].name) == 0 ||
                    strcmp(streams[j]->series.dimension, names[i].name) == 0;
        if (!known)
            problems_add(partial, "", "--%s %s: no criterion and no dimension has that name yet",
                         option, names[i].name);
    }
}

static bool close_due(struct watch *watch, int64_t now_ms, size_t *out_shards, struct error *error)
{
    struct problems partial = {0};
    pthread_sigmask(SIG_UNBLOCK, &watch->wanted, NULL);
    bool fine = alarm_cycle_run(watch->cycle, now_ms, &partial, out_shards, error);
    pthread_sigmask(SIG_BLOCK, &watch->wanted, NULL);
    const struct alarm_rules *rules = &watch->settings.rules;
    check_names(watch, "objective", rules->objectives, rules->objective_count, &partial);
    check_names(watch, "tolerance", rules->tolerances, rules->tolerance_count, &partial);
    tell_partial(watch, &partial);
    problems_clear(&partial);
    return fine;
}

static struct alarm_cycle *open_cycle(struct watch *watch, struct error *error)
{
    const struct alarm_options *options = watch->options;
    struct alarm_cycle_config config = {.stores = options->stores.values,
                                        .store_count = options->stores.count,
                                        .targets = options->targets.values,
                                        .target_count = options->targets.count,
                                        .gauges = watch->settings.gauges,
                                        .from_ms = watch->settings.from_ms,
                                        .grace_ms = watch->settings.grace_ms,
                                        .late_ms = watch->settings.late_ms,
                                        .keep_ms = watch->settings.keep_ms,
                                        .rules = watch->settings.rules,
                                        .told = tell,
                                        .owner = watch};
    config.models = alarm_outlet_models(watch->outlet, &config.model_count);
    return alarm_cycle_new(&config, watch->state, error);
}

static int64_t now_of(const struct watch *watch)
{
    return watch->settings.at_ms ? watch->settings.at_ms : clock_wall_ms();
}

static bool check_clock(const struct watch *watch, struct error *error)
{
    int64_t closed_ms = alarm_state_closed_to(watch->state);
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(closed_ms, text);
    return closed_ms <= now_of(watch) + AHEAD_MS ||
           error_set(error, ERROR_FATAL,
                     "in %.200s all is closed up to %s, which is to come: the clock is wrong, or "
                     "was when that was written. Set it right, or begin anew with another --state",
                     watch->options->state, text);
}

static bool open_watch(struct watch *watch, struct error *error)
{
    watch->state = alarm_state_open(watch->options->state, ALARM_OPEN_WRITE, error);
    if (!watch->state)
        return false;
    watch->outlet = alarm_outlet_open(watch->options, &watch->settings, watch->state, error);
    watch->cycle = watch->outlet ? open_cycle(watch, error) : NULL;
    return watch->cycle && check_clock(watch, error);
}

static void close_watch(struct watch *watch)
{
    alarm_cycle_free(watch->cycle);
    alarm_outlet_close(watch->outlet);
    alarm_state_close(watch->state);
    buffer_clear(&watch->partial);
    if (watch->signals >= 0)
        close(watch->signals);
}

/* Until a signal comes. What is still due after a look, because nothing can be read, waits. */
static bool go_on(struct watch *watch, struct error *error)
{
    for (int64_t look_ms = 0;;) {
        int64_t now_ms = clock_wall_ms();
        if (now_ms >= look_ms) {
            size_t shards;
            if (!close_due(watch, now_ms, &shards, error))
                return false;
            look_ms = alarm_cycle_due_ms(watch->cycle);
            look_ms = look_ms > now_ms ? look_ms : now_ms + RETRY_MS;
        }
        if (!alarm_outlet_turn(watch->outlet, error))
            return false;
        int64_t wait_ms = look_ms - clock_wall_ms();
        if (alarm_outlet_wait(watch->outlet, watch->signals,
                              wait_ms < RETRY_MS ? wait_ms : RETRY_MS))
            return true;
    }
}

static int look_once(struct watch *watch, struct error *error)
{
    end_code = EXIT_INTERRUPTED;
    bool due = now_of(watch) >= alarm_cycle_due_ms(watch->cycle);
    size_t shards;
    if (!close_due(watch, now_of(watch), &shards, error) ||
        !alarm_outlet_flush(watch->outlet, watch->signals, FLUSH_MS, error))
        return EXIT_COULD_NOT;
    if (due && shards == 0) {
        error_set(error, ERROR_INPUT,
                  "no store could be read: --store must name where workers keep live shards, or "
                  "listen");
        return EXIT_COULD_NOT;
    }
    return alarm_engine_firing(alarm_cycle_engine(watch->cycle)) ? EXIT_BELOW : EXIT_FINE;
}

/* Signals are waited for with all else, but while stores are read. */
static void catch_signals(struct watch *watch)
{
    sigemptyset(&watch->wanted);
    sigaddset(&watch->wanted, SIGTERM);
    sigaddset(&watch->wanted, SIGINT);
    pthread_sigmask(SIG_BLOCK, &watch->wanted, NULL);
    signal(SIGTERM, end_now);
    signal(SIGINT, end_now);
    signal(SIGPIPE, SIG_IGN);
    watch->signals = signalfd(-1, &watch->wanted, SFD_CLOEXEC);
}

static int watch_stores(struct watch *watch, struct error *error)
{
    catch_signals(watch);
    if (!open_watch(watch, error))
        return EXIT_COULD_NOT;
    if (watch->options->once)
        return look_once(watch, error);
    return go_on(watch, error) ? EXIT_FINE : EXIT_COULD_NOT;
}

int cmd_alarms_run(int argc, char **argv)
{
    struct alarm_options options = alarm_options_default();
    struct watch watch = {.options = &options, .signals = -1};
    struct arg_list operands = {0};
    struct error error = {0};
    int code;
    if (args_start(&TABLE, argc, argv, &options, &operands, &code)) {
        code = alarm_options_read(&options, &watch.settings, &error) ? watch_stores(&watch, &error)
                                                                     : EXIT_USAGE;
        if (error.kind != ERROR_NONE)
            fprintf(stderr, "assay alarms run: %s\n", error.text);
        close_watch(&watch);
    }
    args_clear(&TABLE, &options);
    return code;
}
