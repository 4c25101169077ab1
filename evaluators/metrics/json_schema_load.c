/* json_schema_load: reads a schema and says what in it is wrong or not known. */
#include <stdlib.h>
#include <string.h>
#include "schema/base/buffer.h"
#include "schema/base/memory.h"
#include "evaluators/metrics/json_schema_keyword.h"

struct load {
    struct json_schema *schema;
    struct problems *problems;
};

static bool load_schema(struct load *load, const json_t *schema, const char *path);

static bool expected(struct load *load, const char *path, const char *what)
{
    return problems_add(load->problems, path, "must be %s", what);
}

static bool is_type(const json_t *name)
{
    for (const char *const *type = JSON_SCHEMA_TYPES; *type && json_is_string(name); type++)
        if (strcmp(*type, json_string_value(name)) == 0)
            return true;
    return false;
}

static bool load_type(struct load *load, const json_t *argument, const char *path)
{
    bool fine = is_type(argument) || json_array_size(argument) > 0;
    for (size_t i = 0; fine && i < json_array_size(argument); i++)
        fine = is_type(json_array_get(argument, i));
    return fine || expected(load, path,
                            "null, boolean, integer, number, string, array or object, "
                            "or a list of them");
}

static bool load_names(struct load *load, const json_t *argument, const char *path)
{
    bool fine = json_is_array(argument);
    for (size_t i = 0; fine && i < json_array_size(argument); i++)
        fine = json_is_string(json_array_get(argument, i));
    return fine || expected(load, path, "a list of strings");
}

static bool load_pattern(struct load *load, const char *source, const char *path)
{
    struct json_schema *schema = load->schema;
    for (size_t i = 0; i < schema->pattern_count; i++)
        if (strcmp(schema->patterns[i].source, source) == 0)
            return true;
    if (schema->pattern_count == JSON_SCHEMA_PATTERNS_MAX)
        return problems_add(load->problems, path, "more than %d patterns in a schema",
                            JSON_SCHEMA_PATTERNS_MAX);
    struct error error = {0};
    struct pattern *pattern = pattern_compile(str_of(source), PATTERN_MAY_BE_EMPTY, &error);
    if (!pattern)
        return problems_add(load->problems, path, "%s", error.text);
    schema->patterns[schema->pattern_count].source = source;
    schema->patterns[schema->pattern_count++].pattern = pattern;
    return true;
}

static bool load_reference(struct load *load, const json_t *argument, const char *path)
{
    const char *reference = json_string_value(argument);
    if (reference && json_schema_target(load->schema->root, reference))
        return true;
    return problems_add(load->problems, path,
                        "must be \"#\", \"#/$defs/NAME\" or \"#/definitions/NAME\", and be there; "
                        "other documents are not read");
}

static bool load_list(struct load *load, const json_t *argument, const char *path)
{
    if (json_array_size(argument) == 0)
        return expected(load, path, "a list of at least one schema");
    bool fine = true;
    for (size_t i = 0; i < json_array_size(argument); i++) {
        struct buffer below = {0};
        buffer_printf(&below, "%s[%zu]", path, i);
        fine = load_schema(load, json_array_get(argument, i), below.data) && fine;
        buffer_clear(&below);
    }
    return fine;
}

/* An object whose values are schemas, or lists of names; its keys may be patterns. */
static bool load_map(struct load *load, const json_t *argument, enum argument kind,
                     const char *path)
{
    if (!json_is_object(argument))
        return expected(load, path, "an object");
    bool fine = true;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)argument, key, value)
    {
        struct buffer below = {0};
        buffer_printf(&below, "%s.%s", path, key);
        if (kind == ARGUMENT_PATTERN_MAP)
            fine = load_pattern(load, key, below.data) && fine;
        fine = (kind == ARGUMENT_NAMES_MAP ? load_names(load, value, below.data)
                                           : load_schema(load, value, below.data)) &&
               fine;
        buffer_clear(&below);
    }
    return fine;
}

static bool load_argument(struct load *load, enum argument kind, const json_t *argument,
                          const char *path)
{
    switch (kind) {
    case ARGUMENT_ANY:
        return true;
    case ARGUMENT_TYPE:
        return load_type(load, argument, path);
    case ARGUMENT_LIST:
        return json_array_size(argument) > 0 || expected(load, path, "a list of values");
    case ARGUMENT_NUMBER:
        return json_is_number(argument) || expected(load, path, "a number");
    case ARGUMENT_POSITIVE:
        return json_number_value(argument) > 0 || expected(load, path, "a number above 0");
    case ARGUMENT_COUNT:
        return (json_is_integer(argument) && json_integer_value(argument) >= 0) ||
               expected(load, path, "a whole number, 0 or more");
    case ARGUMENT_BOOL:
        return json_is_boolean(argument) || expected(load, path, "true or false");
    case ARGUMENT_NAMES:
        return load_names(load, argument, path);
    case ARGUMENT_PATTERN:
        return json_is_string(argument) ? load_pattern(load, json_string_value(argument), path)
                                        : expected(load, path, "a regular expression");
    case ARGUMENT_REFERENCE:
        return load_reference(load, argument, path);
    case ARGUMENT_SCHEMA:
        return load_schema(load, argument, path);
    case ARGUMENT_SCHEMAS:
        return load_list(load, argument, path);
    case ARGUMENT_NAMES_MAP:
    case ARGUMENT_SCHEMA_MAP:
    case ARGUMENT_PATTERN_MAP:
        return load_map(load, argument, kind, path);
    }
    return false;
}

static bool load_schema(struct load *load, const json_t *schema, const char *path)
{
    if (json_is_boolean(schema))
        return true;
    if (!json_is_object(schema))
        return expected(load, path, "a schema: an object, true or false");
    bool fine = true;
    const char *name;
    json_t *argument;
    json_object_foreach((json_t *)schema, name, argument)
    {
        struct buffer below = {0};
        buffer_printf(&below, "%s.%s", path, name);
        const struct keyword *keyword = json_schema_keyword(name);
        if (!keyword)
            fine = problems_add(load->problems, below.data,
                                "not among the keywords of JSON Schema that are known here: "
                                "remove it, or say it otherwise (evaluators/README.md lists them)");
        else
            fine = load_argument(load, keyword->argument, argument, below.data) && fine;
        buffer_clear(&below);
    }
    return fine;
}

struct json_schema *json_schema_load(const json_t *schema, const char *path,
                                     struct problems *problems)
{
    struct load load = {memory_new(1, sizeof *load.schema), problems};
    load.schema->root = schema;
    if (load_schema(&load, schema, path))
        return load.schema;
    json_schema_free(load.schema);
    return NULL;
}

void json_schema_free(struct json_schema *schema)
{
    for (size_t i = 0; schema && i < schema->pattern_count; i++)
        pattern_free(schema->patterns[i].pattern);
    free(schema);
}
