/* import_promptfoo: a rubric of promptfoo's assertions. */
#include <stdio.h>
#include <string.h>
#include "rubrics/imports/import.h"
#include "rubrics/imports/import_rubric.h"
#include "rubrics/imports/promptfoo_assertion.h"
#include "rubrics/imports/yaml_read.h"

enum { LISTS_DEPTH_MAX = 4 };

/* ---- assertions ---- */

static double number_of(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static struct assertion read_assertion(const json_t *object, double share, const char *path,
                                       struct problems *left_out)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    struct assertion one = {.type = type, .written = type, .path = path, .left_out = left_out};
    one.negated = type && strncmp(type, "not-", 4) == 0;
    one.type += one.negated ? 4 : 0;
    one.value = json_object_get(object, "value");
    one.text = json_string_value(one.value);
    one.weight = share * number_of(object, "weight", 1);
    one.threshold = number_of(object, "threshold", -1);
    one.metric = json_string_value(json_object_get(object, "metric"));
    return one;
}

/* Keys that change what an assertion says, and which no criterion has. */
static void tell_ignored(const json_t *object, const char *path, struct problems *left_out)
{
    static const char *const keys[] = {"transform", "contextTransform", "config", "rubricPrompt",
                                       "provider"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(object, keys[i]))
            problems_add(left_out, path, "%s is left out; the rest is carried over", keys[i]);
}

static void add_list(json_t *criteria, const json_t *list, double share, const char *path,
                     unsigned depth, struct problems *left_out);

static double sum_of_weights(const json_t *list)
{
    double sum = 0;
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)list, i, one) sum += number_of(one, "weight", 1);
    return sum;
}

/* A set's weight is shared by its assertions, so that the mean stays what it was. */
static void add_set(json_t *criteria, const json_t *set, double share, const char *path,
                    unsigned depth, struct problems *left_out)
{
    const json_t *list = json_object_get(set, "assert");
    double sum = sum_of_weights(list);
    char below[IMPORT_PATH_BYTES];
    snprintf(below, sizeof below, "%.130s.assert", path);
    if (json_object_get(set, "threshold"))
        problems_add(left_out, path,
                     "the threshold of a set is left out; its assertions are carried over");
    share *= number_of(set, "weight", 1);
    add_list(criteria, list, sum > 0 ? share / sum : share, below, depth + 1, left_out);
}

static void add_list(json_t *criteria, const json_t *list, double share, const char *path,
                     unsigned depth, struct problems *left_out)
{
    char at[IMPORT_PATH_BYTES];
    size_t i;
    json_t *object;
    if (depth == LISTS_DEPTH_MAX)
        problems_add(left_out, path, "sets are nested too deep");
    else
        json_array_foreach((json_t *)list, i, object)
        {
            snprintf(at, sizeof at, "%.130s[%zu]", path, i);
            struct assertion one = read_assertion(object, share, at, left_out);
            if (!one.type)
                problems_add(left_out, at, "has no type");
            else if (strcmp(one.type, "assert-set") == 0)
                add_set(criteria, object, share, at, depth, left_out);
            else if (promptfoo_assertion_add(&one, criteria))
                tell_ignored(object, at, left_out);
        }
}

/* ---- the file ---- */

/* Assertions of one test speak of its variables; of a single test there is nothing to mix up. */
static void add_tests(json_t *criteria, const json_t *tests, struct problems *left_out)
{
    char at[IMPORT_PATH_BYTES];
    size_t i;
    json_t *test;
    json_array_foreach((json_t *)tests, i, test)
    {
        snprintf(at, sizeof at, "tests[%zu].assert", i);
        const json_t *list = json_object_get(test, "assert");
        if (list && json_array_size(tests) == 1)
            add_list(criteria, list, 1, at, 0, left_out);
        else if (list)
            problems_add(left_out, at,
                         "is of one test among several; a rubric holds for every sample: put what "
                         "does under defaultTest");
    }
}

static json_t *convert(struct str text, const char *name, struct problems *left_out)
{
    struct error error = {0};
    json_t *document = yaml_read(text, &error), *criteria = json_array();
    if (!document)
        problems_add(left_out, "", "%s", error.text);
    if (json_is_array(document))
        add_list(criteria, document, 1, "", 0, left_out);
    const json_t *shared = json_object_get(document, "defaultTest");
    add_list(criteria, json_object_get(document, "assert"), 1, "assert", 0, left_out);
    add_list(criteria, json_object_get(shared, "assert"), 1, "defaultTest.assert", 0, left_out);
    add_tests(criteria, json_object_get(document, "tests"), left_out);
    json_t *rubric = import_rubric(name, "Imported from promptfoo", criteria, left_out);
    json_decref(document);
    return rubric;
}

const struct importer import_promptfoo = {
    .name = "promptfoo",
    .summary = "promptfoo's assertions, a list or a configuration, YAML or JSON -> a rubric",
    .convert = convert,
};
