/* rubric_examples: samples kept in a rubric, with what must come out. */
#include "rubrics/rubric_examples.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "schema/base/json_read.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { PATH_BYTES = 256 };

static const double VALUE_TOLERANCE = 1e-6;
static const char COMPOSITE[] = "composite";

static const struct json_field EXAMPLE_KEYS[] = {
    {"name", JSON_KIND_STRING, true, offsetof(struct rubric_example, name), 0, 0, NULL},
    {"sample", JSON_KIND_OBJECT, true, offsetof(struct rubric_example, sample), 0, 0, NULL},
    {"expect", JSON_KIND_OBJECT, true, offsetof(struct rubric_example, expect), 0, 0, NULL},
};

static const char *const STATUSES[] = {"scored", "not_applicable", "skipped", "error", NULL};

static const struct json_field EXPECT_KEYS[] = {
    {"status", JSON_KIND_STRING, false, offsetof(struct rubric_expectation, status), 0, 0,
     STATUSES},
    {"value", JSON_KIND_NUMBER, false, offsetof(struct rubric_expectation, value), 0, 1, NULL},
    {"passed", JSON_KIND_ANY, false, offsetof(struct rubric_expectation, passed), 0, 0, NULL},
    {"reason", JSON_KIND_STRING, false, offsetof(struct rubric_expectation, reason), 0, 0, NULL},
};

/* ---- check ---- */

static bool is_known(const struct rubric *rubric, const char *name)
{
    if (strcmp(name, COMPOSITE) == 0)
        return true;
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (rubric->criteria[i].name && strcmp(rubric->criteria[i].name, name) == 0)
            return true;
    return false;
}

static void check_expectation(const json_t *expected, const char *path, struct problems *problems)
{
    struct rubric_expectation keys = {.value = NAN};
    char at[PATH_BYTES + 16];
    if (!json_read_fields(expected, EXPECT_KEYS, COUNT(EXPECT_KEYS), &keys, path, problems))
        return;
    snprintf(at, sizeof at, "%s.passed", path);
    if (keys.passed && !json_is_boolean(keys.passed))
        problems_add(problems, at, "must be true or false");
    if (json_object_size(expected) == 0)
        problems_add(problems, path, "expects nothing; say status, value, passed or reason");
    if (keys.status && strcmp(keys.status, "scored") != 0 && (!isnan(keys.value) || keys.passed))
        problems_add(problems, path, "what is %s has neither value nor passed", keys.status);
}

static void check_example(const struct rubric *rubric, const json_t *document, const char *path,
                          struct problems *problems)
{
    struct rubric_example example = {0};
    char at[PATH_BYTES];
    const char *key;
    json_t *expected;
    json_read_fields(document, EXAMPLE_KEYS, COUNT(EXAMPLE_KEYS), &example, path, problems);
    json_object_foreach((json_t *)example.expect, key, expected)
    {
        snprintf(at, sizeof at, "%.150s.expect.%.64s", path, key);
        if (is_known(rubric, key))
            check_expectation(expected, at, problems);
        else
            problems_add(problems, at,
                         "is no criterion of this rubric; use their names, or composite");
    }
    snprintf(at, sizeof at, "%.150s.expect", path);
    if (example.expect && json_object_size(example.expect) == 0)
        problems_add(problems, at, "expects nothing; name a criterion, or composite");
}

void rubric_examples_check(const struct rubric *rubric, const json_t *examples,
                           struct problems *problems)
{
    char at[PATH_BYTES];
    if (json_array_size(examples) > RUBRIC_EXAMPLES_MAX) {
        problems_add(problems, "examples", "has more than %d entries", RUBRIC_EXAMPLES_MAX);
        return;
    }
    for (size_t i = 0; i < json_array_size(examples); i++) {
        snprintf(at, sizeof at, "examples[%zu]", i);
        check_example(rubric, json_array_get(examples, i), at, problems);
    }
}

/* ---- compare ---- */

size_t rubric_examples_count(const struct rubric *rubric)
{
    return json_array_size(json_object_get(rubric->document, "examples"));
}

struct rubric_example rubric_examples_at(const struct rubric *rubric, size_t index)
{
    const json_t *one = json_array_get(json_object_get(rubric->document, "examples"), index);
    return (struct rubric_example){.name = json_string_value(json_object_get(one, "name")),
                                   .sample = json_object_get(one, "sample"),
                                   .expect = json_object_get(one, "expect")};
}

static const char *or_none(const char *text)
{
    return text ? text : "none";
}

static void compare_value(const struct rubric_expectation *expected, const struct score *score,
                          const char *path, struct problems *problems)
{
    if (isnan(expected->value))
        return;
    if (score->status != SCORE_SCORED)
        problems_add(problems, path, "value: expected %g, is %s (%s)", expected->value,
                     score_status_name(score->status), or_none(score->reason));
    else if (fabs(score->value - expected->value) > VALUE_TOLERANCE)
        problems_add(problems, path, "value: expected %g, is %.6g", expected->value, score->value);
}

static void compare_passed(const struct rubric_expectation *expected,
                           const struct criterion *criterion, const struct score *score,
                           const char *path, struct problems *problems)
{
    bool passed = criterion ? criterion_passed(criterion, score) : score->status == SCORE_SCORED;
    if (!expected->passed ||
        (passed == json_is_true(expected->passed) && (passed || score->status == SCORE_SCORED)))
        return;
    problems_add(problems, path, "passed: expected %s, is %s",
                 json_is_true(expected->passed) ? "true" : "false",
                 score->status != SCORE_SCORED ? score_status_name(score->status)
                 : passed                      ? "true"
                                               : "false");
}

bool rubric_examples_compare(const struct rubric_example *example, const char *key,
                             const struct criterion *criterion, const struct score *score,
                             const char *path, struct problems *problems)
{
    const json_t *document = json_object_get(example->expect, key);
    if (!document)
        return true;
    size_t before = problems->total;
    struct rubric_expectation expected = {.value = NAN};
    json_read_fields(document, EXPECT_KEYS, COUNT(EXPECT_KEYS), &expected, path, problems);
    const char *status = score_status_name(score->status);
    if (expected.status && strcmp(expected.status, status) != 0)
        problems_add(problems, path, "status: expected %s, is %s (%s)", expected.status, status,
                     or_none(score->reason));
    compare_value(&expected, score, path, problems);
    compare_passed(&expected, criterion, score, path, problems);
    if (expected.reason && strcmp(expected.reason, score->reason ? score->reason : "") != 0)
        problems_add(problems, path, "reason: expected \"%.80s\", is \"%.80s\"", expected.reason,
                     or_none(score->reason));
    return problems->total == before;
}
