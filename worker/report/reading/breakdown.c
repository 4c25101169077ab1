/* breakdown: segments of stores put together by the keys that somebody asks about. */
#include "worker/report/reading/breakdown.h"

#include <jansson.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/store/segment.h"

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The words of a segment that are of our keys. */
static char *part_words(const struct breakdown *breakdown, const char *words)
{
    struct buffer out = {0};
    json_t *all = json_loads(words, 0, NULL);
    buffer_append_str(&out, STR("{"));
    for (size_t i = 0; i < breakdown->key_count; i++) {
        const json_t *value = json_object_get(all, breakdown->keys[i]);
        if (!value)
            continue;
        buffer_append_str(&out, out.size > 1 ? STR(",") : STR(""));
        buffer_append_json(&out, str_of(breakdown->keys[i]));
        buffer_append_str(&out, STR(":"));
        if (json_is_string(value))
            buffer_append_json(&out, str_of(json_string_value(value)));
        else
            buffer_append_str(&out, STR("null"));
    }
    buffer_append_str(&out, STR("}"));
    json_decref(all);
    char *text = memory_copy_str(buffer_str(&out));
    buffer_clear(&out);
    return text;
}

static void copy_keys(struct breakdown *breakdown, const char *const *keys, size_t count)
{
    const char **sorted = memory_new(count + 1, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = keys[i];
    breakdown->key_count = segment_keys_sort(sorted, count);
    breakdown->keys = memory_new(breakdown->key_count + 1, sizeof *breakdown->keys);
    for (size_t i = 0; i < breakdown->key_count; i++)
        breakdown->keys[i] = memory_copy_string(sorted[i]);
    free(sorted);
}

/* Sorts the words and takes doubles out. */
static void keep_distinct(struct breakdown *breakdown, char **words, size_t count)
{
    breakdown->parts = memory_new(count + 1, sizeof *breakdown->parts);
    if (count > 0)
        qsort(words, count, sizeof *words, by_text);
    for (size_t i = 0; i < count; i++) {
        if (breakdown->part_count > 0 &&
            strcmp(breakdown->parts[breakdown->part_count - 1], words[i]) == 0)
            free(words[i]);
        else
            breakdown->parts[breakdown->part_count++] = words[i];
    }
}

static void place_segments(struct breakdown *breakdown, const struct stores *stores)
{
    breakdown->segment_count = stores->segment_count;
    breakdown->part_of = memory_new(stores->segment_count + 1, sizeof *breakdown->part_of);
    for (size_t i = 0; i < stores->segment_count; i++) {
        char *words = part_words(breakdown, stores->segments[i]);
        char **found = bsearch(&words, breakdown->parts, breakdown->part_count,
                               sizeof *breakdown->parts, by_text);
        breakdown->part_of[i] = (size_t)(found - breakdown->parts);
        free(words);
    }
}

bool breakdown_make(struct breakdown *breakdown, const char *const *keys, size_t key_count,
                    const struct stores *stores, struct error *error)
{
    copy_keys(breakdown, keys, key_count);
    char **words = memory_new(stores->segment_count + 1, sizeof *words);
    for (size_t i = 0; i < stores->segment_count; i++)
        words[i] = part_words(breakdown, stores->segments[i]);
    keep_distinct(breakdown, words, stores->segment_count);
    free(words);
    place_segments(breakdown, stores);
    return breakdown->part_count <= BREAKDOWN_PARTS_MAX ||
           error_set(error, ERROR_INPUT,
                     "the stores tell %zu segments apart by these keys, more than %d: ask by fewer",
                     breakdown->part_count, BREAKDOWN_PARTS_MAX);
}

void breakdown_clear(struct breakdown *breakdown)
{
    for (size_t i = 0; i < breakdown->key_count; i++)
        free(breakdown->keys[i]);
    for (size_t i = 0; i < breakdown->part_count; i++)
        free(breakdown->parts[i]);
    free(breakdown->keys);
    free(breakdown->parts);
    free(breakdown->part_of);
    *breakdown = (struct breakdown){0};
}

void breakdown_text(const struct breakdown *breakdown, size_t part, struct buffer *out)
{
    json_t *words = json_loads(breakdown->parts[part], 0, NULL);
    for (size_t i = 0; i < breakdown->key_count; i++) {
        const json_t *value = json_object_get(words, breakdown->keys[i]);
        buffer_printf(out, "%s%s=%s", i ? ", " : "", breakdown->keys[i],
                      json_is_string(value) ? json_string_value(value)
                      : value               ? "(none)"
                                            : "(not told)");
    }
    json_decref(words);
}
