/* alarm_outlet: what assay alarms run tells others with: HTTP, AWS keys, outbox, gauges. */
#include "worker/commands/alarm_outlet.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/alarm/alarm_deliver.h"
#include "worker/alarm/alarm_gauges.h"
#include "worker/alarm/alarm_target.h"
#include "worker/options/rubric_list.h"

static const char SECRET_VARIABLE[] = "ASSAY_WEBHOOK_SECRET";
enum { REQUEST_MS = 10 * 1000, CLOSE_MS = 5 * 1000 };

struct alarm_outlet {
    const struct alarm_options *options;
    struct alarm_state *state;
    struct arg_words models;
    struct buffer secret;
    char region[REGION_BYTES];
    struct keyring *keyring;
    struct http *http;
    struct alarm_deliver *deliver;
    struct alarm_gauges *gauges;
};

/* ---- the outside ---- */

/* Kept in the environment, as keys are, and taken out of it: children need not know. */
static bool read_secret(struct alarm_outlet *outlet, struct error *error)
{
    const char *text = getenv(SECRET_VARIABLE);
    if (!text)
        return true;
    bool good = alarm_webhook_secret(text, &outlet->secret);
    unsetenv(SECRET_VARIABLE);
    return good || error_set(error, ERROR_FATAL,
                             "%s is empty, or not base64 behind whsec_: see standardwebhooks.com",
                             SECRET_VARIABLE);
}

static bool needs_aws(const struct alarm_options *options, const struct alarm_settings *settings)
{
    bool needs = settings->gauges;
    const char *place;
    for (size_t i = 0; i < options->targets.count; i++)
        needs = needs || alarm_target_find(options->targets.values[i], &place)->service;
    return needs;
}

static bool open_aws(struct alarm_outlet *outlet, struct error *error)
{
    const struct alarm_options *options = outlet->options;
    const struct keyring_options keys = {
        .credentials = {.profile = options->profile, .region = options->region}};
    if (!region_find(options->region, options->profile, outlet->region, error))
        return false;
    outlet->keyring = keyring_open(&keys, error);
    return outlet->keyring != NULL;
}

static bool open_deliver(struct alarm_outlet *outlet, struct error *error)
{
    const struct alarm_options *options = outlet->options;
    const struct alarm_deliver_config config = {.http = outlet->http,
                                                .targets = options->targets.values,
                                                .target_count = options->targets.count,
                                                .secret = buffer_str(&outlet->secret),
                                                .region = outlet->region,
                                                .aws_url = options->url,
                                                .keyring = outlet->keyring,
                                                .timeout_ms = REQUEST_MS};
    outlet->deliver = alarm_deliver_new(&config, outlet->state, error);
    return outlet->deliver != NULL;
}

static bool open_gauges(struct alarm_outlet *outlet, struct error *error)
{
    const struct publisher_config config = {
        .naming = {.preset = metric_preset_find("default"),
                   .namespace_template = outlet->options->namespace},
        .region = outlet->region,
        .endpoint_url = outlet->options->url,
        .http = outlet->http,
        .keyring = outlet->keyring};
    outlet->gauges = alarm_gauges_new(&PUBLISHER_CLOUDWATCH, &config, outlet->state, error);
    return outlet->gauges != NULL;
}

struct alarm_outlet *alarm_outlet_open(const struct alarm_options *options,
                                       const struct alarm_settings *settings,
                                       struct alarm_state *state, struct error *error)
{
    struct alarm_outlet *outlet = memory_new(1, sizeof *outlet);
    outlet->options = options;
    outlet->state = state;
    outlet->http = http_new();
    arg_words_split(&outlet->models, &options->models);
    if (read_secret(outlet, error) &&
        (!needs_aws(options, settings) || open_aws(outlet, error)) && open_deliver(outlet, error) &&
        (!settings->gauges || open_gauges(outlet, error)))
        return outlet;
    alarm_outlet_close(outlet);
    return NULL;
}

void alarm_outlet_close(struct alarm_outlet *outlet)
{
    if (!outlet)
        return;
    int64_t end_ms = clock_steady_ms() + CLOSE_MS;
    while (http_in_flight(outlet->http) > 0 && clock_steady_ms() < end_ms)
        http_pause(outlet->http, 10);
    http_free(outlet->http);
    alarm_deliver_free(outlet->deliver);
    alarm_gauges_free(outlet->gauges);
    keyring_close(outlet->keyring);
    if (outlet->secret.data)
        explicit_bzero(outlet->secret.data, outlet->secret.size);
    buffer_clear(&outlet->secret);
    arg_words_clear(&outlet->models);
    free(outlet);
}

const char *const *alarm_outlet_models(const struct alarm_outlet *outlet, size_t *out_count)
{
    *out_count = outlet->models.count;
    return (const char *const *)outlet->models.words;
}

/* ---- moving ---- */

bool alarm_outlet_turn(struct alarm_outlet *outlet, struct error *error)
{
    http_turn(outlet->http);
    int64_t now_ms = clock_wall_ms();
    return alarm_deliver_turn(outlet->deliver, now_ms, error) &&
           (!outlet->gauges || alarm_gauges_turn(outlet->gauges, now_ms, error));
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

bool alarm_outlet_wait(struct alarm_outlet *outlet, int signals, int64_t wait_ms)
{
    struct pollfd files[] = {{.fd = signals, .events = POLLIN},
                             {.fd = http_descriptor(outlet->http), .events = POLLIN}};
    int64_t now_ms = clock_wall_ms();
    int http_ms = http_wait_ms(outlet->http);
    wait_ms = least(wait_ms, alarm_deliver_wait_ms(outlet->deliver, now_ms));
    if (outlet->gauges)
        wait_ms = least(wait_ms, alarm_gauges_wait_ms(outlet->gauges, now_ms));
    wait_ms = http_ms >= 0 ? least(wait_ms, http_ms) : wait_ms;
    poll(files, 2, (int)(wait_ms > 0 ? wait_ms : 0));
    return (files[0].revents & POLLIN) != 0;
}

static bool is_idle(struct alarm_outlet *outlet, int64_t until_ms)
{
    return alarm_deliver_idle(outlet->deliver, until_ms) &&
           (!outlet->gauges || alarm_gauges_idle(outlet->gauges));
}

bool alarm_outlet_flush(struct alarm_outlet *outlet, int signals, int64_t wait_ms,
                        struct error *error)
{
    int64_t end_ms = clock_wall_ms() + wait_ms;
    for (;;) {
        if (!alarm_outlet_turn(outlet, error))
            return false;
        int64_t left_ms = end_ms - clock_wall_ms();
        if (left_ms <= 0 || is_idle(outlet, end_ms) || alarm_outlet_wait(outlet, signals, left_ms))
            return true;
    }
}
