/* metric_json: answers that are JSON: the same, how alike, by a schema. */
#include "evaluators/metrics/metric.h"

#include "schema/base/json_read.h"
#include "evaluators/answers/json_compare.h"

enum { JSON_BYTES_MAX = 1 << 20 };
static const struct json_limits LIMITS = {
    .bytes = JSON_BYTES_MAX, .tokens = JSON_BYTES_MAX, .depth = 64};

/* NULL: not JSON. */
static json_t *read_json(struct str text)
{
    struct error error = {0};
    return json_read(text_trim(text), &LIMITS, &error);
}

const char *metric_read_json(struct comparison *comparison)
{
    if (comparison->answer.text.size > JSON_BYTES_MAX)
        return METRIC_TOO_LONG;
    comparison->json = read_json(comparison->answer.text);
    return comparison->json ? NULL : "not_json";
}

/* What stands in the way of a comparison; else the reference, to be given back, or NULL where the
 * answer is no JSON and nothing needs comparing. */
static const char *read_reference(const struct comparison *comparison, struct str text,
                                  json_t **out)
{
    *out = NULL;
    if (comparison->failure == METRIC_TOO_LONG || text.size > JSON_BYTES_MAX)
        return METRIC_TOO_LONG;
    json_t *reference = read_json(text);
    if (!reference)
        return "reference_not_json";
    if (comparison->json)
        *out = reference;
    else
        json_decref(reference);
    return NULL;
}

const char *compare_json_match(struct comparison *comparison, struct str reference,
                               struct nearness *out)
{
    json_t *expected;
    const char *why = read_reference(comparison, reference, &expected);
    if (why)
        return why;
    *out = nearness_of(expected && json_match(comparison->json, expected));
    json_decref(expected);
    return NULL;
}

const char *compare_json_diff(struct comparison *comparison, struct str reference,
                              struct nearness *out)
{
    json_t *expected;
    const char *why = read_reference(comparison, reference, &expected);
    if (why)
        return why;
    double value = 0;
    struct json_diff diff;
    json_diff_init(&diff, &comparison->similarity);
    if (expected && !json_diff(&diff, comparison->json, expected, &value))
        why = METRIC_TOO_LONG;
    *out = nearness_of(value);
    json_decref(expected);
    return why;
}

const char *compare_json_schema(struct comparison *comparison, const struct str *references,
                                size_t count, struct nearness *out)
{
    (void)references, (void)count;
    const char *keyword;
    *out = nearness_of(0);
    if (comparison->failure)
        return comparison->failure == METRIC_TOO_LONG ? METRIC_TOO_LONG : NULL;
    switch (json_schema_check(comparison->options->json_schema, comparison->json,
                              comparison->patterns, &keyword)) {
    case JSON_SCHEMA_KEPT:
        *out = nearness_of(1);
        break;
    case JSON_SCHEMA_BROKEN:
        comparison->failure = arena_printf(comparison->arena, "schema_%s", keyword);
        break;
    case JSON_SCHEMA_LIMIT:
        comparison->limit = keyword;
        break;
    }
    return NULL;
}
