/* rubric_read: from a rubric's JSON to its criteria, with everything that is wrong. */
#include "rubrics/rubric_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rubrics/applies.h"
#include "rubrics/criterion_read.h"
#include "rubrics/rubric_examples.h"
#include "rubrics/rubric_when.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct rubric_keys {
    const char *name, *description;
    const json_t *version, *criteria, *applies_to, *composite, *examples, *include;
    const char *extends;
};

static const struct json_field RUBRIC_KEYS[] = {
    {"name", JSON_KIND_STRING, true, offsetof(struct rubric_keys, name), 0, 0, NULL},
    {"version", JSON_KIND_ANY, false, offsetof(struct rubric_keys, version), 0, 0, NULL},
    {"description", JSON_KIND_STRING, false, offsetof(struct rubric_keys, description), 0, 0, NULL},
    {"applies_to", JSON_KIND_OBJECT, false, offsetof(struct rubric_keys, applies_to), 0, 0, NULL},
    {"criteria", JSON_KIND_ARRAY, false, offsetof(struct rubric_keys, criteria), 0, 0, NULL},
    {"composite", JSON_KIND_OBJECT, false, offsetof(struct rubric_keys, composite), 0, 0, NULL},
    {"examples", JSON_KIND_ARRAY, false, offsetof(struct rubric_keys, examples), 0, 0, NULL},
    {"extends", JSON_KIND_STRING, false, offsetof(struct rubric_keys, extends), 0, 0, NULL},
    {"include", JSON_KIND_ARRAY, false, offsetof(struct rubric_keys, include), 0, 0, NULL},
};

static const char *const COMPOSITE_METHODS[] = {[COMPOSITE_MEAN] = "mean",
                                                [COMPOSITE_GEOMETRIC] = "geometric",
                                                [COMPOSITE_MINIMUM] = "minimum",
                                                NULL};

struct composite_keys {
    const char *method;
};

static const struct json_field COMPOSITE_KEYS[] = {
    {"method", JSON_KIND_STRING, true, offsetof(struct composite_keys, method), 0, 0,
     COMPOSITE_METHODS},
};

/* ---- the criteria ---- */

static void check_twice(const struct rubric *rubric, struct problems *problems)
{
    char at[RUBRIC_PATH_BYTES];
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const char *name = rubric->criteria[i].name;
        for (size_t j = 0; name && j < i; j++) {
            if (!rubric->criteria[j].name || strcmp(name, rubric->criteria[j].name) != 0)
                continue;
            snprintf(at, sizeof at, "%.90s.name", rubric->criterion_paths[i]);
            problems_add(problems, at, "\"%.64s\" is also the name of %s", name,
                         rubric->criterion_paths[j]);
            break;
        }
    }
}

static void check_weights(const struct rubric *rubric, struct problems *problems)
{
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (rubric->criteria[i].weight > 0)
            return;
    problems_add(problems, "criteria", "every weight is 0: nothing would count");
}

static void read_criteria(struct rubric *rubric, const json_t *criteria, struct problems *problems)
{
    size_t count = json_array_size(criteria);
    if (count < 1 || count > RUBRIC_CRITERIA_MAX) {
        problems_add(problems, "criteria", "must be a list of 1 to %d criteria, not %zu",
                     RUBRIC_CRITERIA_MAX, count);
        return;
    }
    rubric->criteria = memory_new(count, sizeof *rubric->criteria);
    rubric->criterion_count = count;
    for (size_t i = 0; i < count; i++)
        criterion_read(rubric, json_array_get(criteria, i), &rubric->criteria[i],
                       rubric->criterion_paths[i], problems);
    check_twice(rubric, problems);
    check_weights(rubric, problems);
    rubric_when_read(rubric, problems);
}

/* ---- the rubric ---- */

static void check_version(const json_t *version, struct problems *problems)
{
    if (version && !json_is_string(version) && !json_is_integer(version))
        problems_add(problems, "version", "must be a string or a whole number");
}

bool rubric_read_keys(const json_t *document, const char *path, struct problems *problems)
{
    struct rubric_keys keys = {0};
    size_t before = problems->total;
    if (!json_read_fields(document, RUBRIC_KEYS, COUNT(RUBRIC_KEYS), &keys, path, problems))
        return false;
    if (keys.criteria || keys.extends || keys.include)
        return problems->total == before;
    char at[RUBRIC_PATH_BYTES];
    snprintf(at, sizeof at, "%.80s%scriteria", path, *path ? "." : "");
    return problems_add(problems, at, "is missing; it must be a list of criteria");
}

static enum composite_method read_composite(const json_t *composite, struct problems *problems)
{
    struct composite_keys keys = {0};
    json_read_fields(composite, COMPOSITE_KEYS, COUNT(COMPOSITE_KEYS), &keys, "composite",
                     problems);
    for (int i = 0; keys.method && COMPOSITE_METHODS[i]; i++)
        if (strcmp(keys.method, COMPOSITE_METHODS[i]) == 0)
            return (enum composite_method)i;
    return COMPOSITE_MEAN;
}

bool rubric_read(struct rubric *rubric, struct problems *problems)
{
    size_t before = problems->total;
    struct problems told = {0}; /* once already, by rubric_resolve, with the places they are at */
    struct rubric_keys keys = {0};
    json_read_fields(rubric->document, RUBRIC_KEYS, COUNT(RUBRIC_KEYS), &keys, "", &told);
    problems_clear(&told);
    criterion_check_name(keys.name, "", "name", problems);
    check_version(keys.version, problems);
    if (keys.applies_to)
        applies_check(keys.applies_to, "applies_to", problems);
    if (keys.composite)
        rubric->composite = read_composite(keys.composite, problems);
    if (keys.criteria)
        read_criteria(rubric, keys.criteria, problems);
    if (keys.examples)
        rubric_examples_check(rubric, keys.examples, problems);
    rubric->name = keys.name;
    rubric->description = keys.description;
    rubric->applies_to = keys.applies_to;
    return problems->total == before;
}

const char *rubric_composite_name(enum composite_method method)
{
    return COMPOSITE_METHODS[method];
}
