/* json_members: members of the JSON objects of reports. */
#ifndef ASSAY_JSON_MEMBERS_H
#define ASSAY_JSON_MEMBERS_H

#include <stdlib.h>

#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/report/drift.h"
#include "worker/report/stores.h"

/* `,"name":`, without the comma where an object begins. */
static inline void add_name(struct buffer *out, const char *name)
{
    char last = out->size > 0 ? out->data[out->size - 1] : '{';
    buffer_printf(out, "%s\"%s\":", last == '{' || last == '[' ? "" : ",", name);
}

static inline void add_number(struct buffer *out, const char *name, double value)
{
    add_name(out, name);
    buffer_append_number(out, value);
}

static inline void add_count(struct buffer *out, const char *name, uint64_t value)
{
    add_name(out, name);
    buffer_printf(out, "%llu", (unsigned long long)value);
}

static inline void add_flag(struct buffer *out, const char *name, bool value)
{
    add_name(out, name);
    buffer_append_str(out, value ? STR("true") : STR("false"));
}

static inline void add_text(struct buffer *out, const char *name, const char *value)
{
    add_name(out, name);
    buffer_append_json(out, str_of(value));
}

static inline void add_time(struct buffer *out, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    add_text(out, name, text);
}

static inline void add_interval(struct buffer *out, const char *name, struct interval interval)
{
    add_name(out, name);
    buffer_append_str(out, STR("["));
    buffer_append_number(out, interval.low);
    buffer_append_str(out, STR(","));
    buffer_append_number(out, interval.high);
    buffer_append_str(out, STR("]"));
}

static inline void add_range(struct buffer *out, const char *name, struct time_range range)
{
    add_name(out, name);
    buffer_append_str(out, STR("{"));
    add_time(out, "from", range.from_ms);
    add_time(out, "to", range.to_ms);
    buffer_append_str(out, STR("}"));
}

static inline void add_texts(struct buffer *out, const char *name, char **texts, size_t count)
{
    add_name(out, name);
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < count; i++) {
        buffer_append_str(out, i ? STR(",") : STR(""));
        buffer_append_json(out, str_of(texts[i]));
    }
    buffer_append_str(out, STR("]"));
}

static inline int by_shard_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The shards that were read, ascending. */
static inline void add_shards(struct buffer *out, const struct stores *stores)
{
    char **names = memory_new(stores->shard_count + 1, sizeof *names);
    for (size_t i = 0; i < stores->shard_count; i++)
        names[i] = stores->shards[i].name;
    qsort(names, stores->shard_count, sizeof *names, by_shard_name);
    add_texts(out, "shards", names, stores->shard_count);
    free(names);
}

/* n, n_eff, mean, ci, missing, missing_bounds: members of the object that is open. */
static inline void add_level_members(struct buffer *out, const struct level *level)
{
    add_count(out, "n", level->n);
    add_number(out, "n_eff", level->n_eff);
    add_number(out, "mean", level->mean);
    add_interval(out, "ci", level->ci);
    add_number(out, "missing", level->missing);
    add_interval(out, "missing_bounds", level->missing_bounds);
}

static inline void add_level(struct buffer *out, const char *name, const struct level *level)
{
    add_name(out, name);
    buffer_append_str(out, STR("{"));
    add_level_members(out, level);
    buffer_append_str(out, STR("}"));
}

#endif
