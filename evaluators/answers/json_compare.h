/* json_compare: two JSON values: the same, matching, or how alike. */
#ifndef ASSAY_JSON_COMPARE_H
#define ASSAY_JSON_COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include "evaluators/answers/similarity.h"

/* As JSON Schema has it: numbers by value (1 is 1.0, true is none), lists in order, objects by
 * keys. Each value looked at takes one of `*steps`; false, with none left, when they are not
 * enough. */
bool json_same(const json_t *a, const json_t *b, uint64_t *steps);

/* As OpenAI's json_match: the same, but a null on either side, and so a missing key, matches
 * nothing. (Python takes true for 1 there; here it is not.) */
bool json_match(const json_t *a, const json_t *b);

/* Memory that the texts of one pair of values share. */
struct json_diff {
    struct similarity *similarity; /* its budget is spent */
    struct vocabulary vocabulary;
};

void json_diff_init(struct json_diff *diff, struct similarity *similarity);
/* As autoevals' JSONDiff with preserve_strings: the mean over the union of keys (missing is null),
 * items by position over the longer list, texts by edit distance, numbers by
 * 1 - |a-b| / (|a|+|b|), null by equality; values of different types by the edit distance of their
 * compact JSON with sorted keys. *out_value in [0,1]. False when the budget is not enough. */
bool json_diff(struct json_diff *diff, const json_t *a, const json_t *b, double *out_value);

#endif
