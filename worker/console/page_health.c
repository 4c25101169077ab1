/* page_health: whether the worker lives, and whether it is ready to work. */
#include <stdio.h>
#include "schema/base/clock.h"
#include "worker/console/console_inside.h"

enum { TICK_MS_MAX = 30000, REASON_BYTES = 160 }; /* a lane not round for so long is dead */

static const char *const WHY_NOT[READINESS_STATES] = {
    [READINESS_NO_ASSIGNMENT] = "it is not told yet which partitions are its own",
    [READINESS_NO_BROKER] = "no broker can be reached",
    [READINESS_NO_TOPIC] = "there is no such topic",
    [READINESS_KAFKA_ERROR] = "the consumer has an error: see the log",
};

/* How long the lane has not come round, in ms; 0: it lives. */
static int64_t dead_for_ms(const struct counters *lane)
{
    int64_t silent = clock_steady_ms() - atomic_load(&lane->ticked_ms);
    return silent < TICK_MS_MAX ? 0 : silent;
}

/* Nothing outside the process matters here: who fails it is killed, and that mends no broker. */
unsigned page_live(struct console *console, struct buffer *out)
{
    for (size_t i = 0; i < console->config.lane_count; i++) {
        int64_t dead = dead_for_ms(console->config.counters[i]);
        if (!dead)
            continue;
        buffer_printf(out, "lane %zu has not come round for %lld s\n", i, (long long)dead / 1000);
        return STATUS_UNAVAILABLE;
    }
    buffer_append_str(out, STR("ok\n"));
    return STATUS_OK;
}

static void add_reason(struct buffer *reasons, const char *reason)
{
    buffer_append(reasons, ",", reasons->size > 0);
    buffer_append_json(reasons, str_of(reason));
}

static void add_lane(struct buffer *reasons, size_t number, const struct counters *lane)
{
    char reason[REASON_BYTES];
    int64_t dead = dead_for_ms(lane);
    const char *why = WHY_NOT[atomic_load(&lane->readiness)];
    if (dead)
        snprintf(reason, sizeof reason, "lane %zu: it has not come round for %lld s", number,
                 (long long)dead / 1000);
    else if (why)
        snprintf(reason, sizeof reason, "lane %zu: %s", number, why);
    if (dead || why)
        add_reason(reasons, reason);
}

unsigned page_ready(struct console *console, struct buffer *out)
{
    struct buffer reasons = {0};
    if (atomic_load(&console->draining))
        add_reason(&reasons, "draining");
    for (size_t i = 0; i < console->config.lane_count; i++)
        add_lane(&reasons, i, console->config.counters[i]);
    bool ready = reasons.size == 0;
    buffer_printf(out, "{\"ready\":%s,\"reasons\":[", ready ? "true" : "false");
    buffer_append_str(out, buffer_str(&reasons));
    buffer_append_str(out, STR("]}\n"));
    buffer_clear(&reasons);
    return ready ? STATUS_OK : STATUS_UNAVAILABLE;
}
