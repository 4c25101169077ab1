/* import_rubric: what makers of rubrics share: criteria that load, texts as patterns. */
#ifndef ASSAY_IMPORT_RUBRIC_H
#define ASSAY_IMPORT_RUBRIC_H

#include <jansson.h>
#include "schema/base/problems.h"

enum { IMPORT_PATH_BYTES = 160 };

/* Whether the text is one template and nothing else: "{{expected}}". */
bool import_is_template(const char *text);
/* Whether it holds one anywhere. */
bool import_has_template(const char *text);

/* A PCRE2 pattern that matches the text itself, between `before` and `after`. A new reference. */
json_t *import_literal(const char *before, const char *text, const char *after);
/* Options of regex: {KEY: patterns}. Steals `patterns`, a list or one pattern. */
json_t *import_patterns(const char *key, json_t *patterns);

/* Appends {"name", "evaluator", "options", "weight", "threshold"} when a rubric can hold it; else a
 * problem at `path`. The name is made of `wanted` and is new in the list. Steals `options`; a
 * negative threshold is not said. False: it was left out. */
bool import_add_criterion(json_t *criteria, const char *wanted, const char *evaluator,
                          json_t *options, double weight, double threshold, const char *path,
                          struct problems *left_out);

/* The rubric; NULL and a problem when there is no criterion. Steals `criteria`. */
json_t *import_rubric(const char *name, const char *description, json_t *criteria,
                      struct problems *left_out);

#endif
