/* report_options: what commands that read stores are told. */
#include "worker/options/report_options.h"

#include <string.h>

#include "schema/base/clock.h"
#include "worker/report/reading/time_words.h"

const struct arg REPORT_ARGS[REPORT_ARG_COUNT] = {
    {.name = "store",
     .value = "DIR",
     .kind = ARG_LIST,
     .offset = offsetof(struct report_options, stores),
     .help = "a folder of shards; give it again for the stores of other workers"},
    {.name = "model",
     .value = "NAME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct report_options, model),
     .help = "only this model; default: all"},
    {.name = "window",
     .value = "RANGE",
     .kind = ARG_TEXT,
     .offset = offsetof(struct report_options, window),
     .help = "what is asked about: FROM..TO (RFC 3339 or dates, UTC), or a length that ends at "
             "--at, such as 24h or 7d"},
    {.name = "at",
     .value = "TIME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct report_options, at),
     .help = "the time that lengths count back from, RFC 3339; default: now"},
    {.name = "format",
     .value = "text|json",
     .kind = ARG_TEXT,
     .offset = offsetof(struct report_options, format),
     .help = "for people or for programs; default text"},
};

const char *const REPORT_TEXT_OR_JSON[] = {"text", "json", NULL};

static bool find_format(const char *format, const char *const *formats, size_t *out_format)
{
    for (size_t i = 0; formats[i]; i++)
        if (strcmp(format, formats[i]) == 0) {
            *out_format = i;
            return true;
        }
    return false;
}

bool report_options_check(const struct report_options *options, const char *const *formats,
                          size_t *out_format, struct error *error)
{
    if (!find_format(options->format, formats, out_format))
        return error_set(error, ERROR_INPUT, "--format \"%.40s\" is neither %s nor %s%s%s",
                         options->format, formats[0], formats[1], formats[2] ? " nor " : "",
                         formats[2] ? formats[2] : "");
    if (options->stores.count == 0)
        return error_set(error, ERROR_INPUT, "--store is missing: name a folder of shards");
    return true;
}

bool report_options_at(const struct report_options *options, int64_t *out_ms, struct error *error)
{
    *out_ms = clock_wall_ms();
    if (options->at && !clock_parse_rfc3339(str_of(options->at), out_ms))
        return error_set(error, ERROR_INPUT,
                         "--at \"%.80s\" is no time: give RFC 3339, such as 2026-03-01T12:00:00Z",
                         options->at);
    return true;
}

bool report_options_window(const struct report_options *options, struct time_range *out,
                           struct error *error)
{
    struct time_words words = {0};
    return report_options_at(options, &words.end_ms, error) &&
           time_range_parse(options->window, "--window", &words, out, error);
}

bool report_options_open(const struct report_options *options, struct stores *out,
                         struct error *error)
{
    for (size_t i = 0; i < options->stores.count; i++)
        if (!stores_add(out, options->stores.values[i], error))
            return false;
    if (out->shard_count == 0)
        return error_set(error, ERROR_INPUT, "no shard could be read: %.300s",
                         out->partial.count ? out->partial.lines[0] : "");
    return true;
}
