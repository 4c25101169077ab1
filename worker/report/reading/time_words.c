/* time_words: windows of time, as people type them. */
#include "worker/report/reading/time_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/clock.h"

enum { MINUTE_MS = 60 * 1000, GRAIN_MS = 5 * MINUTE_MS, DAYS_MAX = 400 };

static int64_t unit_ms(const char *unit)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"m", MINUTE_MS}, {"h", 60 * MINUTE_MS}, {"d", 24 * 60 * MINUTE_MS}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].name) == 0)
            return units[i].ms;
    return 0;
}

int64_t time_length_parse(const char *text)
{
    char *unit;
    long count = strtol(text, &unit, 10);
    int64_t ms = unit_ms(unit);
    if (text[0] < '0' || text[0] > '9' || ms == 0 || count > DAYS_MAX * 24 * 60)
        return 0;
    return count * ms <= DAYS_MAX * unit_ms("d") ? count * ms : 0;
}

static bool parse_time(struct str text, int64_t *out_ms)
{
    char midnight[CLOCK_TEXT_BYTES];
    if (text.size == strlen("2026-01-31")) {
        snprintf(midnight, sizeof midnight, "%.*sT00:00:00Z", STR_ARGS(text));
        text = str_of(midnight);
    }
    return clock_parse_rfc3339(text, out_ms);
}

/* The time of the latest mark of this text. */
static bool find_mark(struct str text, const struct time_words *words, int64_t *out_ms)
{
    bool found = false;
    for (size_t i = 0; words->marks && i < words->marks->count; i++) {
        const struct owned_mark *mark = &words->marks->items[i];
        if (!str_is(text, mark->text) ||
            !mark_is_of(mark, words->model, INT64_MIN, words->end_ms + 1))
            continue;
        found = true;
        *out_ms = mark->at_ms;
    }
    return found;
}

static bool parse_end(struct str text, const struct time_words *words, int64_t *out_ms)
{
    return parse_time(text, out_ms) || find_mark(text, words, out_ms);
}

/* False: it is no range. */
static bool parse_range(const char *text, const struct time_words *words, struct time_range *out)
{
    const char *dots = strstr(text, "..");
    int64_t length_ms = time_length_parse(dots ? dots + 2 : text);
    if (!dots) {
        *out = (struct time_range){words->end_ms - length_ms, words->end_ms};
        return length_ms > 0;
    }
    if (!parse_end((struct str){text, (size_t)(dots - text)}, words, &out->from_ms))
        return false;
    out->to_ms = out->from_ms + length_ms;
    return length_ms > 0 || parse_end(str_of(dots + 2), words, &out->to_ms);
}

bool time_range_parse(const char *text, const char *what, const struct time_words *words,
                      struct time_range *out, struct error *error)
{
    struct time_range range = {0};
    if (!parse_range(text, words, &range))
        return error_set(error, ERROR_INPUT,
                         "%s \"%.80s\" is no range of time: give FROM..TO (RFC 3339, dates in "
                         "UTC%s) or a length such as 24h or 7d, at most %d days",
                         what, text, words->marks ? ", or what was marked there" : "", DAYS_MAX);
    if (!words->exact) {
        range.from_ms -= range.from_ms % GRAIN_MS;
        range.to_ms -= range.to_ms % GRAIN_MS;
    }
    if (range.from_ms >= range.to_ms)
        return error_set(error, ERROR_INPUT, "%s \"%.80s\" is empty: it must end %safter it begins",
                         what, text, words->exact ? "" : "at least 5 minutes ");
    *out = range;
    return true;
}
