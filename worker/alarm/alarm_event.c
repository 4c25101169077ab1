/* alarm_event: an alarm began or is over: what is told, as JSON and as a sentence. */
#include "worker/alarm/alarm_event.h"

#include <math.h>
#include <stdio.h>

#include "schema/base/clock.h"
#include "schema/base/hash.h"
#include "schema/base/json_read.h"
#include "worker/alarm/alarm_rules.h"

static const struct {
    const char *name, *severity;
} KINDS[ALARM_KINDS] = {
    [ALARM_DRIFT] = {"drift", "page"},           [ALARM_BURN] = {"burn_fast", "page"},
    [ALARM_BURN_SLOW] = {"burn_slow", "ticket"}, [ALARM_ERRORS] = {"errors", "ticket"},
    [ALARM_COVERAGE] = {"coverage", "ticket"},   [ALARM_SILENCE] = {"silence", "page"},
};

const char *alarm_kind_name(enum alarm_kind kind)
{
    return KINDS[kind].name;
}

const char *alarm_kind_severity(enum alarm_kind kind)
{
    return KINDS[kind].severity;
}

/* ---- identity ---- */

static void name_alarm(const struct alarm_event *event, struct buffer *out)
{
    const char *parts[] = {KINDS[event->kind].name, event->model, event->rubric, event->criterion,
                           event->hash};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buffer_append_json(out, str_of(parts[i]));
        buffer_append(out, ",", 1);
    }
    buffer_printf(out, "%lld", (long long)event->onset_ms);
}

static void short_hash(struct str text, char out[ALARM_ID_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    hash_sha256(text, digest);
    hash_hex(digest, (ALARM_ID_BYTES - 1) / 2, out);
}

void alarm_event_key(const struct alarm_event *event, char out[ALARM_ID_BYTES])
{
    struct buffer name = {0};
    name_alarm(event, &name);
    short_hash(buffer_str(&name), out);
    buffer_clear(&name);
}

void alarm_event_id(const struct alarm_event *event, char out[ALARM_ID_BYTES])
{
    struct buffer name = {0};
    name_alarm(event, &name);
    buffer_append_str(&name, event->over ? STR(",over") : STR(",firing"));
    short_hash(buffer_str(&name), out);
    buffer_clear(&name);
}

/* ---- a sentence ---- */

static void add_minute(struct buffer *out, int64_t ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    buffer_printf(out, "%.10s %.5s UTC", text, text + 11);
}

/* "language=de, route=chat". */
static void add_words(struct buffer *out, const char *words)
{
    json_t *object = json_read(str_of(words), &JSON_LIMITS_DOCUMENT, NULL);
    const char *key, *between = "";
    json_t *value;
    json_object_foreach(object, key, value)
    {
        const char *text = json_string_value(value);
        buffer_printf(out, "%s%s=%s", between, key, text ? text : "(none)");
        between = ", ";
    }
    if (!*between)
        buffer_append_str(out, STR("(not told apart)"));
    json_decref(object);
}

static void tell_segment(const struct alarm_event *event, struct buffer *out)
{
    buffer_append_str(out, STR(", most in "));
    add_words(out, event->segment_words);
    buffer_printf(out, " (%.3f -> %.3f)", event->segment_base.mean, event->segment_now.mean);
}

static void tell_drift(const struct alarm_event *event, struct buffer *out)
{
    buffer_printf(out, "%.3f -> %.3f (%+.3f", event->base.mean, event->now.mean,
                  event->difference.delta);
    if (!isnan(event->difference.ci.low))
        buffer_printf(out, " [%+.3f, %+.3f]", event->difference.ci.low, event->difference.ci.high);
    buffer_printf(out, ", tolerance %g)", event->tolerance);
    if (event->onset.found) {
        buffer_append_str(out, event->over ? STR(", well again since about ")
                                           : STR(", since about "));
        add_minute(out, event->onset.since_ms);
    }
    if (event->has_segment)
        tell_segment(event, out);
    for (size_t i = 0; i < event->change_count; i++)
        buffer_printf(out, "%s %s changed", i ? "," : ", about when", event->changes[i].criterion);
}

static void tell_numbers(const struct alarm_event *event, struct buffer *out)
{
    switch (event->kind) {
    case ALARM_DRIFT:
        tell_drift(event, out);
        return;
    case ALARM_BURN:
    case ALARM_BURN_SLOW:
        buffer_printf(out,
                      "failures come %.3g times as fast as the objective of %g %% allows, in the "
                      "last %g h (limit %g)",
                      event->burn_long, event->objective * 100,
                      (double)event->long_ms / ALARM_HOUR_MS, event->burn_limit);
        return;
    case ALARM_ERRORS:
        buffer_printf(out, "%.1f %% of %llu scores in the last hour were errors (limit %.1f %%)",
                      event->share * 100, (unsigned long long)event->count, event->limit * 100);
        return;
    case ALARM_COVERAGE:
        buffer_printf(out, "%.1f %% of %llu scores in the last hour were skipped (limit %.1f %%)",
                      event->share * 100, (unsigned long long)event->count, event->limit * 100);
        return;
    case ALARM_SILENCE:
        buffer_append_str(out, STR("rows last came at "));
        add_minute(out, event->last_row_ms);
        return;
    case ALARM_KINDS:
        return;
    }
}

void alarm_event_text(const struct alarm_event *event, struct buffer *out)
{
    static const char *const begins[ALARM_KINDS] = {
        [ALARM_DRIFT] = "WORSE",
        [ALARM_BURN] = "OBJECTIVE AT RISK",
        [ALARM_BURN_SLOW] = "OBJECTIVE MISSED",
        [ALARM_ERRORS] = "ERRORS",
        [ALARM_COVERAGE] = "COVERAGE",
        [ALARM_SILENCE] = "SILENT",
    };
    buffer_printf(out, "%s%s  %s", event->over ? "OVER: " : "", begins[event->kind], event->model);
    if (*event->criterion)
        buffer_printf(out, " / %s", event->criterion);
    buffer_append_str(out, STR("  "));
    if (event->over && strcmp(event->reason, "criterion_changed") == 0)
        buffer_append_str(out, STR("the criterion was changed and is learned anew"));
    else
        tell_numbers(event, out);
}

/* ---- JSON ---- */

static void add_name(struct buffer *out, const char *name)
{
    char last = out->data[out->size - 1];
    buffer_printf(out, "%s\"%s\":", last == '{' || last == '[' ? "" : ",", name);
}

static void add_number(struct buffer *out, const char *name, double value)
{
    add_name(out, name);
    buffer_append_number(out, value);
}

static void add_text(struct buffer *out, const char *name, const char *value)
{
    add_name(out, name);
    buffer_append_json(out, str_of(value));
}

static void add_time(struct buffer *out, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    add_text(out, name, text);
}

static void add_interval(struct buffer *out, const char *name, struct interval interval)
{
    add_name(out, name);
    buffer_append(out, "[", 1);
    buffer_append_number(out, interval.low);
    buffer_append(out, ",", 1);
    buffer_append_number(out, interval.high);
    buffer_append(out, "]", 1);
}

static void add_level(struct buffer *out, const char *name, const struct level *level)
{
    add_name(out, name);
    buffer_printf(out, "{\"n\":%llu", (unsigned long long)level->n);
    add_number(out, "n_eff", level->n_eff);
    add_number(out, "mean", level->mean);
    add_interval(out, "ci", level->ci);
    buffer_append(out, "}", 1);
}

static void add_range(struct buffer *out, const char *name, int64_t from_ms, int64_t to_ms)
{
    add_name(out, name);
    buffer_append(out, "{", 1);
    add_time(out, "from", from_ms);
    add_time(out, "to", to_ms);
    buffer_append(out, "}", 1);
}

static void add_changes(struct buffer *out, const struct alarm_event *event)
{
    add_name(out, "changes");
    buffer_append(out, "[", 1);
    for (size_t i = 0; i < event->change_count; i++) {
        const struct alarm_change *change = &event->changes[i];
        buffer_append_str(out, i ? STR(",{") : STR("{"));
        add_time(out, "at", change->at_ms);
        add_text(out, "criterion", change->criterion);
        add_text(out, "from_hash", change->from_hash);
        add_text(out, "to_hash", change->to_hash);
        buffer_append(out, "}", 1);
    }
    buffer_append(out, "]", 1);
}

static void add_since(struct buffer *out, const struct alarm_onset *onset)
{
    add_time(out, "since", onset->since_ms);
    add_name(out, "since_set");
    buffer_append(out, "{", 1);
    add_time(out, "first", onset->first_ms);
    add_time(out, "last", onset->last_ms);
    buffer_append(out, "}", 1);
}

static void add_drift(struct buffer *out, const struct alarm_event *event)
{
    add_range(out, "baseline_range", event->base_from_ms, event->base_to_ms);
    add_level(out, "baseline", &event->base);
    add_range(out, "window", event->now_from_ms, event->at_ms);
    add_level(out, "now", &event->now);
    add_number(out, "delta", event->difference.delta);
    add_interval(out, "ci", event->difference.ci);
    add_number(out, "tolerance", event->tolerance);
    add_number(out, "bound", event->bound);
    if (event->onset.found)
        add_since(out, &event->onset);
    if (event->over)
        return;
    add_text(out, "detector", event->detector);
    add_number(out, "log_evidence", event->log_evidence);
    add_number(out, "log_threshold", event->log_threshold);
    if (event->has_segment) {
        add_name(out, "segment");
        buffer_printf(out, "{\"words\":%s", event->segment_words);
        add_level(out, "baseline", &event->segment_base);
        add_level(out, "now", &event->segment_now);
        buffer_append(out, "}", 1);
    }
    add_changes(out, event);
}

static void add_details(struct buffer *out, const struct alarm_event *event)
{
    switch (event->kind) {
    case ALARM_DRIFT:
        add_drift(out, event);
        return;
    case ALARM_BURN:
    case ALARM_BURN_SLOW:
        add_number(out, "objective", event->objective);
        add_number(out, "burn_long", event->burn_long);
        add_number(out, "burn_short", event->burn_short);
        add_number(out, "burn_limit", event->burn_limit);
        add_number(out, "long_minutes", (double)event->long_ms / 60000);
        add_number(out, "short_minutes", (double)event->short_ms / 60000);
        return;
    case ALARM_ERRORS:
    case ALARM_COVERAGE:
        add_number(out, "share", event->share);
        add_number(out, "limit", event->limit);
        add_number(out, "count", (double)event->count);
        return;
    case ALARM_SILENCE:
        add_time(out, "last_row", event->last_row_ms);
        return;
    case ALARM_KINDS:
        return;
    }
}

void alarm_event_json(const struct alarm_event *event, struct buffer *out)
{
    char id[ALARM_ID_BYTES], key[ALARM_ID_BYTES];
    struct buffer text = {0};
    alarm_event_id(event, id);
    alarm_event_key(event, key);
    alarm_event_text(event, &text);
    buffer_append_str(out, STR("{\"version\":1"));
    add_text(out, "id", id);
    add_text(out, "alarm", key);
    add_text(out, "state", event->over ? "over" : "firing");
    if (event->over)
        add_text(out, "reason", event->reason);
    add_text(out, "kind", KINDS[event->kind].name);
    add_text(out, "severity", KINDS[event->kind].severity);
    add_text(out, "text", text.data);
    add_text(out, "model", event->model);
    if (*event->criterion) {
        add_text(out, "rubric", event->rubric);
        add_text(out, "criterion", event->criterion);
        add_text(out, "dimension", event->dimension);
        add_text(out, "criterion_hash", event->hash);
    }
    add_time(out, "at", event->at_ms);
    add_time(out, "onset", event->onset_ms);
    add_details(out, event);
    buffer_append(out, "}", 1);
    buffer_clear(&text);
}
