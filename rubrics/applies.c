/* applies: which samples a rubric or a criterion is meant for. */
#include "rubrics/applies.h"

#include <stddef.h>
#include "rubrics/glob.h"
#include "schema/base/json_read.h"

/* What a glob may be held against, and where the sample has it. */
static const struct {
    const char *key;
    size_t offset;
} FIELDS[] = {
    {"model", offsetof(struct sample, model)},
    {"endpoint", offsetof(struct sample, endpoint)},
    {"route", offsetof(struct sample, route)},
};

enum { FIELD_COUNT = sizeof FIELDS / sizeof *FIELDS };

static bool check_globs(const json_t *globs, const char *path, struct problems *problems)
{
    if (json_is_string(globs))
        return json_string_length(globs) ? true : problems_add(problems, path, "must not be empty");
    size_t count = json_array_size(globs);
    if (count == 0 || count > APPLIES_GLOBS_MAX)
        return problems_add(problems, path, "must be a pattern or a list of 1 to %d patterns",
                            APPLIES_GLOBS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!json_string_length(json_array_get(globs, i)))
            return problems_add(problems, path, "entry %zu must be a pattern such as \"prod-*\"",
                                i);
    return true;
}

static void check_tags(const json_t *tags, const char *path, struct problems *problems)
{
    const char *key;
    json_t *globs;
    char at[512]; /* path and key, with room to spare */
    json_object_foreach((json_t *)tags, key, globs)
    {
        snprintf(at, sizeof at, "%s.%.100s", path, key);
        check_globs(globs, at, problems);
    }
}

bool applies_check(const json_t *applies_to, const char *path, struct problems *problems)
{
    struct {
        const json_t *globs[FIELD_COUNT], *tags;
    } read = {0};
    struct json_field fields[FIELD_COUNT + 1];
    for (size_t i = 0; i < FIELD_COUNT; i++)
        fields[i] = (struct json_field){
            .key = FIELDS[i].key, .kind = JSON_KIND_ANY, .offset = i * sizeof read.globs[0]};
    fields[FIELD_COUNT] = (struct json_field){
        .key = "tags", .kind = JSON_KIND_OBJECT, .offset = FIELD_COUNT * sizeof read.globs[0]};
    size_t before = problems->total;
    json_read_fields(applies_to, fields, FIELD_COUNT + 1, &read, path, problems);
    char at[256];
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        snprintf(at, sizeof at, "%s.%s", path, FIELDS[i].key);
        if (read.globs[i])
            check_globs(read.globs[i], at, problems);
    }
    snprintf(at, sizeof at, "%s.tags", path);
    check_tags(read.tags, at, problems);
    return problems->total == before;
}

static struct str string_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

static bool any_matches(const json_t *globs, struct str text)
{
    if (json_is_string(globs))
        return glob_matches(string_of(globs), text);
    for (size_t i = 0; i < json_array_size(globs); i++)
        if (glob_matches(string_of(json_array_get(globs, i)), text))
            return true;
    return false;
}

static struct str tag_value(const struct sample *sample, const char *key)
{
    for (size_t i = 0; i < sample->tag_count; i++)
        if (str_is(sample->tags[i].key, key))
            return sample->tags[i].value;
    return (struct str){0};
}

bool applies_to_sample(const json_t *applies_to, const struct sample *sample)
{
    if (!applies_to)
        return true;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const json_t *globs = json_object_get(applies_to, FIELDS[i].key);
        struct str text = *(const struct str *)((const char *)sample + FIELDS[i].offset);
        if (globs && !any_matches(globs, text))
            return false;
    }
    const char *key;
    json_t *globs;
    json_object_foreach(json_object_get(applies_to, "tags"), key, globs)
    {
        if (!any_matches(globs, tag_value(sample, key)))
            return false;
    }
    return true;
}
