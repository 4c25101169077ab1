/* json_schema: does a JSON value keep a schema? */
#include "evaluators/metrics/json_schema.h"

#include <math.h>
#include <string.h>
#include "schema/base/utf8.h"
#include "evaluators/answers/json_compare.h"
#include "evaluators/metrics/json_schema_keyword.h"

const char *const JSON_SCHEMA_TYPES[] = {"null",   "boolean", "integer", "number",
                                         "string", "array",   "object",  NULL};

static bool keeps_schema(struct check *check, const json_t *schema, const json_t *value);

static bool hit_limit(struct check *check, const char *which)
{
    if (!check->limit)
        check->limit = which;
    return false;
}

static bool is_whole(const json_t *value)
{
    return json_is_integer(value) ||
           (json_is_real(value) && json_real_value(value) == floor(json_real_value(value)));
}

static bool has_type(const json_t *value, const char *name)
{
    static const json_type TYPES[] = {[TYPE_NULL] = JSON_NULL,
                                      [TYPE_STRING] = JSON_STRING,
                                      [TYPE_ARRAY] = JSON_ARRAY,
                                      [TYPE_OBJECT] = JSON_OBJECT};
    size_t type = 0;
    while (strcmp(JSON_SCHEMA_TYPES[type], name) != 0)
        type++;
    switch (type) {
    case TYPE_BOOLEAN:
        return json_is_boolean(value);
    case TYPE_INTEGER:
        return is_whole(value);
    case TYPE_NUMBER:
        return json_is_number(value);
    default:
        return json_typeof(value) == TYPES[type];
    }
}

#define UNUSED __attribute__((unused))
/* Every keyword's function has all arguments and needs some. */
#define KEEPS(name)                                                                                \
    static bool name(UNUSED struct check *check, UNUSED const struct keyword *keyword,             \
                     UNUSED const json_t *argument, UNUSED const json_t *within,                   \
                     UNUSED const json_t *value)

KEEPS(keeps_type)
{
    if (json_is_string(argument))
        return has_type(value, json_string_value(argument));
    for (size_t i = 0; i < json_array_size(argument); i++)
        if (has_type(value, json_string_value(json_array_get(argument, i))))
            return true;
    return false;
}

static bool same(struct check *check, const json_t *a, const json_t *b)
{
    bool result = json_same(a, b, &check->steps);
    return check->steps > 0 ? result : hit_limit(check, "steps");
}

KEEPS(keeps_const)
{
    return same(check, argument, value);
}

KEEPS(keeps_enum)
{
    for (size_t i = 0; i < json_array_size(argument); i++)
        if (same(check, json_array_get(argument, i), value))
            return true;
    return false;
}

/* Below 0, 0 or above 0: a is less than b, equal, or more. */
static int compare_numbers(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) {
        json_int_t left = json_integer_value(a), right = json_integer_value(b);
        return (left > right) - (left < right);
    }
    double left = json_number_value(a), right = json_number_value(b);
    return (left > right) - (left < right);
}

KEEPS(keeps_minimum)
{
    return !json_is_number(value) || compare_numbers(value, argument) >= 0;
}

KEEPS(keeps_maximum)
{
    return !json_is_number(value) || compare_numbers(value, argument) <= 0;
}

KEEPS(keeps_exclusive_minimum)
{
    return !json_is_number(value) || compare_numbers(value, argument) > 0;
}

KEEPS(keeps_exclusive_maximum)
{
    return !json_is_number(value) || compare_numbers(value, argument) < 0;
}

KEEPS(keeps_multiple)
{
    if (!json_is_number(value))
        return true;
    if (json_is_integer(value) && json_is_integer(argument))
        return json_integer_value(value) % json_integer_value(argument) == 0;
    if (json_is_integer(argument))
        return fmod(json_number_value(value), json_number_value(argument)) == 0;
    double times = json_number_value(value) / json_number_value(argument);
    return isfinite(times) && times == floor(times);
}

/* Code points, items or keys, of the type that the keyword is about. */
static bool count_of(const struct keyword *keyword, const json_t *value, json_int_t *out)
{
    if ((int)json_typeof(value) != keyword->of)
        return false;
    struct str text = {json_string_value(value), json_string_length(value)};
    *out = (json_int_t)(keyword->of == JSON_STRING  ? utf8_count(text)
                        : keyword->of == JSON_ARRAY ? json_array_size(value)
                                                    : json_object_size(value));
    return true;
}

KEEPS(keeps_least)
{
    json_int_t count;
    return !count_of(keyword, value, &count) || count >= json_integer_value(argument);
}

KEEPS(keeps_most)
{
    json_int_t count;
    return !count_of(keyword, value, &count) || count <= json_integer_value(argument);
}

static bool matches(struct check *check, const char *source, struct str text)
{
    size_t i = 0;
    while (strcmp(check->schema->patterns[i].source, source) != 0)
        i++;
    struct pattern_match match;
    enum pattern_result result =
        pattern_search(check->schema->patterns[i].pattern, text, 0, true, check->scratch, &match);
    return result == PATTERN_LIMIT ? hit_limit(check, "pattern") : result == PATTERN_FOUND;
}

KEEPS(keeps_pattern)
{
    struct str text = {json_string_value(value), json_string_length(value)};
    return !json_is_string(value) || matches(check, json_string_value(argument), text);
}

KEEPS(keeps_unique)
{
    if (!json_is_true(argument))
        return true;
    for (size_t i = 0; i < json_array_size(value); i++)
        for (size_t j = 0; j < i; j++)
            if (same(check, json_array_get(value, i), json_array_get(value, j)) || check->limit)
                return false;
    return true;
}

KEEPS(keeps_prefix_items)
{
    for (size_t i = 0; i < json_array_size(argument) && i < json_array_size(value); i++)
        if (!keeps_schema(check, json_array_get(argument, i), json_array_get(value, i)))
            return false;
    return true;
}

/* Those behind the ones that "prefixItems" speaks of. */
KEEPS(keeps_items)
{
    size_t i = json_array_size(json_object_get(within, "prefixItems"));
    for (; i < json_array_size(value); i++)
        if (!keeps_schema(check, argument, json_array_get(value, i)))
            return false;
    return true;
}

KEEPS(keeps_properties)
{
    const char *key;
    json_t *schema;
    json_object_foreach((json_t *)argument, key, schema)
    {
        const json_t *part = json_object_get(value, key);
        if (part && !keeps_schema(check, schema, part))
            return false;
    }
    return true;
}

KEEPS(keeps_pattern_properties)
{
    const char *source, *key;
    json_t *schema, *part;
    json_object_foreach((json_t *)argument, source, schema)
    {
        json_object_foreach((json_t *)value, key, part)
        {
            if (matches(check, source, str_of(key)) && !keeps_schema(check, schema, part))
                return false;
        }
    }
    return !check->limit;
}

static bool is_named(struct check *check, const json_t *within, const char *key)
{
    if (json_object_get(json_object_get(within, "properties"), key))
        return true;
    const char *source;
    json_t *schema;
    json_object_foreach(json_object_get(within, "patternProperties"), source, schema)
    {
        if (matches(check, source, str_of(key)))
            return true;
    }
    return false;
}

KEEPS(keeps_additional)
{
    const char *key;
    json_t *part;
    json_object_foreach((json_t *)value, key, part)
    {
        if (!is_named(check, within, key) && !keeps_schema(check, argument, part))
            return false;
    }
    return true;
}

static bool has_all(const json_t *value, const json_t *names)
{
    for (size_t i = 0; i < json_array_size(names); i++)
        if (!json_object_get(value, json_string_value(json_array_get(names, i))))
            return false;
    return true;
}

KEEPS(keeps_required)
{
    return !json_is_object(value) || has_all(value, argument);
}

KEEPS(keeps_dependent_required)
{
    const char *key;
    json_t *names;
    json_object_foreach((json_t *)argument, key, names)
    {
        if (json_object_get(value, key) && !has_all(value, names))
            return false;
    }
    return true;
}

KEEPS(keeps_all)
{
    for (size_t i = 0; i < json_array_size(argument); i++)
        if (!keeps_schema(check, json_array_get(argument, i), value))
            return false;
    return true;
}

/* How many of the schemas are kept, up to `enough`. What one of them lacks is no one's fault. */
static size_t count_kept(struct check *check, const json_t *schemas, const json_t *value,
                         size_t enough)
{
    size_t kept = 0;
    for (size_t i = 0; i < json_array_size(schemas) && kept < enough; i++)
        kept += keeps_schema(check, json_array_get(schemas, i), value);
    check->keyword = NULL;
    return kept;
}

KEEPS(keeps_any)
{
    return count_kept(check, argument, value, 1) == 1;
}

KEEPS(keeps_one)
{
    return count_kept(check, argument, value, 2) == 1;
}

KEEPS(keeps_not)
{
    bool kept = keeps_schema(check, argument, value);
    check->keyword = NULL;
    return !kept;
}

KEEPS(keeps_reference)
{
    const json_t *target = json_schema_target(check->schema->root, json_string_value(argument));
    return keeps_schema(check, target, value);
}

static const struct keyword KEYWORDS[] = {
    {"type", ARGUMENT_TYPE, keeps_type, 0},
    {"enum", ARGUMENT_LIST, keeps_enum, 0},
    {"const", ARGUMENT_ANY, keeps_const, 0},
    {"minimum", ARGUMENT_NUMBER, keeps_minimum, 0},
    {"maximum", ARGUMENT_NUMBER, keeps_maximum, 0},
    {"exclusiveMinimum", ARGUMENT_NUMBER, keeps_exclusive_minimum, 0},
    {"exclusiveMaximum", ARGUMENT_NUMBER, keeps_exclusive_maximum, 0},
    {"multipleOf", ARGUMENT_POSITIVE, keeps_multiple, 0},
    {"minLength", ARGUMENT_COUNT, keeps_least, JSON_STRING},
    {"maxLength", ARGUMENT_COUNT, keeps_most, JSON_STRING},
    {"pattern", ARGUMENT_PATTERN, keeps_pattern, 0},
    {"minItems", ARGUMENT_COUNT, keeps_least, JSON_ARRAY},
    {"maxItems", ARGUMENT_COUNT, keeps_most, JSON_ARRAY},
    {"uniqueItems", ARGUMENT_BOOL, keeps_unique, 0},
    {"prefixItems", ARGUMENT_SCHEMAS, keeps_prefix_items, 0},
    {"items", ARGUMENT_SCHEMA, keeps_items, 0},
    {"minProperties", ARGUMENT_COUNT, keeps_least, JSON_OBJECT},
    {"maxProperties", ARGUMENT_COUNT, keeps_most, JSON_OBJECT},
    {"required", ARGUMENT_NAMES, keeps_required, 0},
    {"dependentRequired", ARGUMENT_NAMES_MAP, keeps_dependent_required, 0},
    {"properties", ARGUMENT_SCHEMA_MAP, keeps_properties, 0},
    {"patternProperties", ARGUMENT_PATTERN_MAP, keeps_pattern_properties, 0},
    {"additionalProperties", ARGUMENT_SCHEMA, keeps_additional, 0},
    {"allOf", ARGUMENT_SCHEMAS, keeps_all, 0},
    {"anyOf", ARGUMENT_SCHEMAS, keeps_any, 0},
    {"oneOf", ARGUMENT_SCHEMAS, keeps_one, 0},
    {"not", ARGUMENT_SCHEMA, keeps_not, 0},
    {"$ref", ARGUMENT_REFERENCE, keeps_reference, 0},
    {"$defs", ARGUMENT_SCHEMA_MAP, NULL, 0},
    {"definitions", ARGUMENT_SCHEMA_MAP, NULL, 0},
    {"$schema", ARGUMENT_ANY, NULL, 0},
    {"$id", ARGUMENT_ANY, NULL, 0},
    {"$comment", ARGUMENT_ANY, NULL, 0},
    {"title", ARGUMENT_ANY, NULL, 0},
    {"description", ARGUMENT_ANY, NULL, 0},
    {"default", ARGUMENT_ANY, NULL, 0},
    {"examples", ARGUMENT_ANY, NULL, 0},
    {"deprecated", ARGUMENT_ANY, NULL, 0},
    {"readOnly", ARGUMENT_ANY, NULL, 0},
    {"writeOnly", ARGUMENT_ANY, NULL, 0},
};

const struct keyword *json_schema_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof KEYWORDS / sizeof *KEYWORDS; i++)
        if (strcmp(KEYWORDS[i].name, name) == 0)
            return &KEYWORDS[i];
    return NULL;
}

const json_t *json_schema_target(const json_t *root, const char *reference)
{
    static const char *const PLACES[] = {"$defs", "definitions"};
    if (strcmp(reference, "#") == 0)
        return root;
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        size_t size = strlen(PLACES[i]);
        if (strncmp(reference, "#/", 2) == 0 && strncmp(reference + 2, PLACES[i], size) == 0 &&
            reference[2 + size] == '/')
            return json_object_get(json_object_get(root, PLACES[i]), reference + 3 + size);
    }
    return NULL;
}

static bool keeps_schema(struct check *check, const json_t *schema, const json_t *value)
{
    if (json_is_boolean(schema))
        return json_is_true(schema);
    if (check->depth == JSON_SCHEMA_DEPTH_MAX)
        return hit_limit(check, "depth");
    if (check->limit || check->steps == 0)
        return hit_limit(check, "steps");
    check->depth++;
    check->steps--;
    bool kept = true;
    const char *name;
    json_t *argument;
    json_object_foreach((json_t *)schema, name, argument)
    {
        const struct keyword *keyword = json_schema_keyword(name);
        if (!keyword->keeps || keyword->keeps(check, keyword, argument, schema, value))
            continue;
        if (!check->keyword)
            check->keyword = keyword->name;
        kept = false;
        break;
    }
    check->depth--;
    return kept && !check->limit;
}

enum json_schema_result json_schema_check(const struct json_schema *schema, const json_t *value,
                                          struct pattern_scratch *scratch, const char **out_keyword)
{
    struct check check = {.schema = schema, .scratch = scratch, .steps = JSON_SCHEMA_STEPS_MAX};
    bool kept = keeps_schema(&check, schema->root, value);
    *out_keyword = check.limit ? check.limit : check.keyword ? check.keyword : "false";
    return check.limit ? JSON_SCHEMA_LIMIT : kept ? JSON_SCHEMA_KEPT : JSON_SCHEMA_BROKEN;
}
