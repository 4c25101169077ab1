/* json_members: members of the JSON objects of reports. */
#include "worker/report/pages/json_members.h"

#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "schema/base/utf8.h"

void member_name(struct buffer *out, const char *name)
{
    char last = out->size > 0 ? out->data[out->size - 1] : '{';
    buffer_printf(out, "%s\"%s\":", last == '{' || last == '[' ? "" : ",", name);
}

void member_number(struct buffer *out, const char *name, double value)
{
    member_name(out, name);
    buffer_append_number(out, value);
}

void member_count(struct buffer *out, const char *name, uint64_t value)
{
    member_name(out, name);
    buffer_printf(out, "%llu", (unsigned long long)value);
}

void member_flag(struct buffer *out, const char *name, bool value)
{
    member_name(out, name);
    buffer_append_str(out, value ? STR("true") : STR("false"));
}

void member_text(struct buffer *out, const char *name, const char *value)
{
    member_name(out, name);
    buffer_append_json(out, str_of(value));
}

void member_time(struct buffer *out, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    member_text(out, name, text);
}

void member_interval(struct buffer *out, const char *name, struct interval interval)
{
    member_name(out, name);
    buffer_append_str(out, STR("["));
    buffer_append_number(out, interval.low);
    buffer_append_str(out, STR(","));
    buffer_append_number(out, interval.high);
    buffer_append_str(out, STR("]"));
}

void member_range(struct buffer *out, const char *name, struct time_range range)
{
    member_name(out, name);
    buffer_append_str(out, STR("{"));
    member_time(out, "from", range.from_ms);
    member_time(out, "to", range.to_ms);
    buffer_append_str(out, STR("}"));
}

/* Paths of files need not be UTF-8, and messages are cut where they are too long. */
static void add_any_text(struct buffer *out, const char *text)
{
    struct buffer clean = {0};
    struct str rest = str_of(text);
    if (utf8_valid(rest)) {
        buffer_append_json(out, rest);
        return;
    }
    for (size_t i = 0; i < rest.size; i++)
        buffer_append(&clean, (unsigned char)rest.data[i] < 0x80 ? rest.data + i : "?", 1);
    buffer_append_json(out, buffer_str(&clean));
    buffer_clear(&clean);
}

void member_texts(struct buffer *out, const char *name, char **texts, size_t count)
{
    member_name(out, name);
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < count; i++) {
        buffer_append_str(out, i ? STR(",") : STR(""));
        add_any_text(out, texts[i]);
    }
    buffer_append_str(out, STR("]"));
}

static int by_shard_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void member_shards(struct buffer *out, const struct stores *stores)
{
    char **names = memory_new(stores->shard_count + 1, sizeof *names);
    for (size_t i = 0; i < stores->shard_count; i++)
        names[i] = stores->shards[i].name;
    qsort(names, stores->shard_count, sizeof *names, by_shard_name);
    member_texts(out, "shards", names, stores->shard_count);
    free(names);
}

static void member_traffic_window(struct buffer *out, const char *name,
                                  const struct traffic_window *window)
{
    member_name(out, name);
    if (!window->strata) {
        buffer_append_str(out, STR("null"));
        return;
    }
    buffer_append_str(out, STR("{"));
    member_number(out, "requests", window->requests);
    member_count(out, "arrived", window->arrived);
    member_count(out, "kept", window->kept);
    buffer_append_str(out, STR("}"));
}

void member_traffic(struct buffer *out, const struct traffic_counts *counts,
                    const char *const *windows, size_t window_count)
{
    member_name(out, "traffic");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < counts->count; i++) {
        buffer_append_str(out, i ? STR(",{") : STR("{"));
        member_text(out, "model", counts->models[i].model);
        for (size_t w = 0; w < window_count; w++)
            member_traffic_window(out, windows[w], &counts->models[i].windows[w]);
        buffer_append_str(out, STR("}"));
    }
    buffer_append_str(out, STR("]"));
}

void member_level_members(struct buffer *out, const struct level *level)
{
    member_count(out, "n", level->n);
    member_number(out, "n_eff", level->n_eff);
    member_number(out, "mean", level->mean);
    member_interval(out, "ci", level->ci);
    member_number(out, "missing", level->missing);
    member_interval(out, "missing_bounds", level->missing_bounds);
}

void member_level(struct buffer *out, const char *name, const struct level *level)
{
    member_name(out, name);
    buffer_append_str(out, STR("{"));
    member_level_members(out, level);
    buffer_append_str(out, STR("}"));
}
