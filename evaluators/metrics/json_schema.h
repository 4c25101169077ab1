/* json_schema: does a JSON value keep a schema? The subset of JSON Schema 2020-12 that
 * evaluators/README.md lists. */
#ifndef ASSAY_JSON_SCHEMA_H
#define ASSAY_JSON_SCHEMA_H

#include <jansson.h>
#include "schema/base/problems.h"
#include "evaluators/rules/pattern.h"

/* Read-only after loading, shared by threads. */
struct json_schema;

/* Everything that is wrong, and every keyword that is not known, becomes a problem at its place
 * below `path`. `schema` is borrowed until json_schema_free. NULL when there was a problem. */
struct json_schema *json_schema_load(const json_t *schema, const char *path,
                                     struct problems *problems);
void json_schema_free(struct json_schema *schema);

enum json_schema_result {
    JSON_SCHEMA_KEPT,
    JSON_SCHEMA_BROKEN, /* *out_keyword is the keyword that was not kept, the innermost; static or
                         * in the schema */
    JSON_SCHEMA_LIMIT,  /* nothing is known: *out_keyword says which limit was hit */
};

/* At most JSON_SCHEMA_STEPS_MAX values are looked at, JSON_SCHEMA_DEPTH_MAX schemas deep. */
enum {
    JSON_SCHEMA_STEPS_MAX = 1000000,
    JSON_SCHEMA_DEPTH_MAX = 200,
    JSON_SCHEMA_PATTERNS_MAX = 64
};

enum json_schema_result json_schema_check(const struct json_schema *schema, const json_t *value,
                                          struct pattern_scratch *scratch,
                                          const char **out_keyword);

#endif
