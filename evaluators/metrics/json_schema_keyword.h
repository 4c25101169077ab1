/* json_schema_keyword: the keywords there are, between reading a schema and checking a value. */
#ifndef ASSAY_JSON_SCHEMA_KEYWORD_H
#define ASSAY_JSON_SCHEMA_KEYWORD_H

#include <stdint.h>
#include "evaluators/metrics/json_schema.h"

struct json_schema {
    const json_t *root;
    struct {
        const char *source;
        struct pattern *pattern;
    } patterns[JSON_SCHEMA_PATTERNS_MAX];
    size_t pattern_count;
};

/* What stands behind a keyword. */
enum argument {
    ARGUMENT_ANY,  /* annotations, const */
    ARGUMENT_TYPE, /* a type's name, or a list of them */
    ARGUMENT_LIST, /* of at least one value */
    ARGUMENT_NUMBER,
    ARGUMENT_POSITIVE, /* a number above 0 */
    ARGUMENT_COUNT,    /* a whole number from 0 on */
    ARGUMENT_BOOL,
    ARGUMENT_NAMES,     /* a list of strings */
    ARGUMENT_NAMES_MAP, /* an object of such lists */
    ARGUMENT_PATTERN,   /* a regular expression */
    ARGUMENT_REFERENCE, /* "#", "#/$defs/name" or "#/definitions/name" */
    ARGUMENT_SCHEMA,
    ARGUMENT_SCHEMAS,     /* a list of at least one */
    ARGUMENT_SCHEMA_MAP,  /* an object of schemas */
    ARGUMENT_PATTERN_MAP, /* the same, and its keys are regular expressions */
};

/* A value on its way through a schema. */
struct check {
    const struct json_schema *schema;
    struct pattern_scratch *scratch;
    uint64_t steps; /* left */
    unsigned depth;
    const char *keyword; /* the first that was not kept */
    const char *limit;   /* the first that was hit: from then on nothing is kept */
};

struct keyword {
    const char *name;
    enum argument argument;
    /* NULL: says nothing of a value. `within` is the schema it stands in. */
    bool (*keeps)(struct check *check, const struct keyword *keyword, const json_t *argument,
                  const json_t *within, const json_t *value);
    int of; /* the json_type that a count is about */
};

/* NULL when there is none of that name. */
const struct keyword *json_schema_keyword(const char *name);
/* The schema that a "$ref" names; NULL when there is none. */
const json_t *json_schema_target(const json_t *root, const char *reference);

/* The types' names, in the order of the enum; NULL-terminated. */
enum schema_type {
    TYPE_NULL,
    TYPE_BOOLEAN,
    TYPE_INTEGER,
    TYPE_NUMBER,
    TYPE_STRING,
    TYPE_ARRAY,
    TYPE_OBJECT
};
extern const char *const JSON_SCHEMA_TYPES[];

#endif
