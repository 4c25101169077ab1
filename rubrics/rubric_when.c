/* rubric_when: which criteria wait for which. */
#include "rubrics/rubric_when.h"

#include <stdio.h>
#include <string.h>
#include "evaluators/registry.h"
#include "schema/base/json_read.h"
#include "schema/question.h"

struct when_keys {
    const json_t *failed, *passed;
};

static const struct json_field WHEN_KEYS[] = {
    {"failed", JSON_KIND_ARRAY, false, offsetof(struct when_keys, failed), 0, 0, NULL},
    {"passed", JSON_KIND_ARRAY, false, offsetof(struct when_keys, passed), 0, 0, NULL},
};

static size_t find(const struct rubric *rubric, const char *name)
{
    size_t i = 0;
    while (i < rubric->criterion_count &&
           !(rubric->criteria[i].name && strcmp(rubric->criteria[i].name, name) == 0))
        i++;
    return i;
}

static uint64_t read_names(const struct rubric *rubric, size_t self, const json_t *names,
                           const char *path, struct problems *problems)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        char at[RUBRIC_PATH_BYTES + 24];
        snprintf(at, sizeof at, "%s[%zu]", path, i);
        const char *name = json_string_value(json_array_get(names, i));
        size_t index = name ? find(rubric, name) : rubric->criterion_count;
        if (!name)
            problems_add(problems, at, "must be the name of a criterion");
        else if (index == rubric->criterion_count)
            problems_add(problems, at, "\"%.64s\" is no criterion of this rubric", name);
        else if (index == self)
            problems_add(problems, at, "a criterion cannot wait for itself");
        else
            mask |= UINT64_C(1) << index;
    }
    return mask;
}

static void read_when(struct rubric *rubric, size_t index, struct problems *problems)
{
    struct criterion *criterion = &rubric->criteria[index];
    struct when_keys keys = {0};
    char path[RUBRIC_PATH_BYTES], at[RUBRIC_PATH_BYTES + 16];
    snprintf(path, sizeof path, "%.90s.sample.when", rubric->criterion_paths[index]);
    if (!json_read_fields(criterion->when, WHEN_KEYS, 2, &keys, path, problems))
        return;
    snprintf(at, sizeof at, "%s.failed", path);
    criterion->when_failed = read_names(rubric, index, keys.failed, at, problems);
    snprintf(at, sizeof at, "%s.passed", path);
    criterion->when_passed = read_names(rubric, index, keys.passed, at, problems);
    if (json_array_size(keys.failed) + json_array_size(keys.passed) == 0)
        problems_add(problems, path, "names no criterion; say {\"failed\": [\"NAME\"]}, or passed");
    if (criterion->evaluator && criterion->evaluator->compare)
        problems_add(problems, path,
                     "%s compares the responses of a group, which cannot wait for what was said of "
                     "one of them; leave when out",
                     criterion->evaluator->name);
}

/* How many rounds of questions are asked one after the other, up to this criterion's own; chain[i]
 * is 0 while it is not known. False: round in a circle. */
static bool measure_chains(const struct rubric *rubric, unsigned chain[RUBRIC_CRITERIA_MAX],
                           uint64_t *out_circle)
{
    uint64_t known = 0, all = rubric->criterion_count == 64
                                  ? ~UINT64_C(0)
                                  : (UINT64_C(1) << rubric->criterion_count) - 1;
    for (bool more = true; more && known != all;) {
        more = false;
        for (size_t i = 0; i < rubric->criterion_count; i++) {
            const struct criterion *criterion = &rubric->criteria[i];
            uint64_t named = criterion->when_failed | criterion->when_passed;
            if ((known >> i & 1) || (named & ~known))
                continue;
            for (size_t j = 0; j < rubric->criterion_count; j++)
                if ((named >> j & 1) && chain[j] > chain[i])
                    chain[i] = chain[j];
            if (criterion->evaluator && criterion->state)
                chain[i] += evaluator_rounds(criterion->evaluator, criterion->state);
            known |= UINT64_C(1) << i;
            more = true;
        }
    }
    *out_circle = all & ~known;
    return known == all;
}

static void check_chains(const struct rubric *rubric, struct problems *problems)
{
    unsigned chain[RUBRIC_CRITERIA_MAX] = {0};
    uint64_t circle;
    char path[RUBRIC_PATH_BYTES];
    bool ends = measure_chains(rubric, chain, &circle);
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        snprintf(path, sizeof path, "%.90s.sample.when", rubric->criterion_paths[i]);
        if (!ends && (circle >> i & 1)) {
            problems_add(problems, path, "these criteria wait for each other in a circle");
            return;
        }
        if (chain[i] > QUESTION_ROUNDS_MAX)
            problems_add(problems, path,
                         "with those it waits for it takes %u rounds of questions to models, one "
                         "after the other; at most %d are asked",
                         chain[i], QUESTION_ROUNDS_MAX);
    }
}

void rubric_when_read(struct rubric *rubric, struct problems *problems)
{
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (rubric->criteria[i].when)
            read_when(rubric, i, problems);
    for (size_t i = 0; i < rubric->criterion_count; i++)
        rubric->awaited |= rubric->criteria[i].when_failed | rubric->criteria[i].when_passed;
    check_chains(rubric, problems);
}
