/* promptfoo_assertion: one assertion of promptfoo's, as a criterion. */
#include "rubrics/imports/promptfoo_assertion.h"

#include <stdio.h>
#include <string.h>
#include "rubrics/imports/import_rubric.h"
#include "schema/base/json_read.h"

/* What a type becomes. */
enum form {
    FORM_LITERAL, /* a pattern of the text itself */
    FORM_PATTERN, /* a pattern as it stands */
    FORM_ALL,     /* every text of a list */
    FORM_ANY,     /* one text of a list */
    FORM_METRIC,  /* of `reference`: the value is the record's reference */
    FORM_SCHEMA,  /* JSON, by a schema or any */
    FORM_REFUSAL,
    FORM_JUDGE,    /* the value is what a judge is asked */
    FORM_TEMPLATE, /* a judge's template that ships */
};

struct type {
    const char *name;
    enum form form;
    const char *before, *after; /* of the pattern; `before` also a template's name or an extract */
    const char *metric;         /* of `reference`, where the value is a template: "{{expected}}" */
    double threshold;           /* promptfoo's own; negative: passed or not */
};

static const struct type TYPES[] = {
    {"equals", FORM_LITERAL, "\\A", "\\z", "exact", -1},
    {"contains", FORM_LITERAL, "", "", "includes", -1},
    {"icontains", FORM_LITERAL, "(?i)", "", "includes", -1},
    {"starts-with", FORM_LITERAL, "\\A", "", NULL, -1},
    {"regex", FORM_PATTERN, "", "", NULL, -1},
    {"contains-all", FORM_ALL, "", "", NULL, -1},
    {"icontains-all", FORM_ALL, "(?i)", "", NULL, -1},
    {"contains-any", FORM_ANY, "", "", NULL, -1},
    {"icontains-any", FORM_ANY, "(?i)", "", NULL, -1},
    {"rouge-n", FORM_METRIC, NULL, NULL, "rouge1", .75},
    {"bleu", FORM_METRIC, NULL, NULL, "bleu", .5},
    {"is-json", FORM_SCHEMA, NULL, NULL, NULL, -1},
    {"contains-json", FORM_SCHEMA, "json", NULL, NULL, -1},
    {"is-refusal", FORM_REFUSAL, NULL, NULL, NULL, -1},
    {"llm-rubric", FORM_JUDGE, "Does the response meet this? ", NULL, NULL, -1},
    {"model-graded-closedqa", FORM_JUDGE, "Does the response meet this criterion? ", NULL, NULL,
     -1},
    {"g-eval", FORM_JUDGE, "How well does the response meet this? ", NULL, NULL, .7},
    {"factuality", FORM_TEMPLATE, "accuracy_with_reference", NULL, NULL, -1},
    {"model-graded-factuality", FORM_TEMPLATE, "accuracy_with_reference", NULL, NULL, -1},
    {"context-faithfulness", FORM_TEMPLATE, "faithfulness", NULL, NULL, -1},
    {"answer-relevance", FORM_TEMPLATE, "relevance", NULL, NULL, -1},
};

/* Types that look at something a response is not, and why. */
static const struct {
    const char *start, *why;
} IMPOSSIBLE[] = {
    {"javascript", "runs code"},
    {"python", "runs code"},
    {"ruby", "runs code"},
    {"webhook", "asks a service that is not a model"},
    {"latency", "is of the call, not of the response; reports show latencies"},
    {"cost", "is of the call, not of the response"},
    {"perplexity", "needs the model's probabilities, which records do not hold"},
    {"similar", "compares embeddings; use levenshtein, rouge1 or a judge"},
    {"levenshtein", "is a distance in characters; the metric levenshtein of reference is a share"},
    {"trace-", "looks at traces"},
    {"trajectory:", "looks at traces"},
    {"is-valid-", "looks at tool calls"},
    {"tool-call", "looks at tool calls"},
    {"moderation", "asks a provider's classifier; include the packs that ship"},
    {"guardrails", "asks a provider's classifier; include the packs that ship"},
    {"classifier", "asks a classifier"},
};

static bool leave_out(const struct assertion *one, const char *why)
{
    return problems_add(one->left_out, one->path, "%.40s %s", one->type, why);
}

/* ---- one type ---- */

static bool add(const struct assertion *one, json_t *criteria, const char *evaluator,
                json_t *options, double threshold)
{
    char negated[64];
    snprintf(negated, sizeof negated, "%s%s", one->negated ? "not-" : "", evaluator);
    threshold = one->threshold >= 0 ? one->threshold : threshold;
    return import_add_criterion(criteria, one->metric ? one->metric : one->written, negated,
                                options, one->weight, threshold, one->path, one->left_out);
}

/* A single pattern that must not be found is forbidden: that tells where it was found. */
static bool add_pattern(struct assertion one, json_t *criteria, json_t *pattern)
{
    const char *key = one.negated ? "forbid" : "require";
    json_t *options = import_patterns(key, pattern);
    if (one.negated)
        json_object_set_new(options, "where", json_string("response"));
    one.negated = false;
    return add(&one, criteria, "regex", options, -1);
}

static bool add_json(const struct assertion *one, json_t *criteria, json_t *schema,
                     const char *extract)
{
    return add(one, criteria, "reference",
               json_pack("{s:s, s:o, s:s*}", "metric", "json_schema", "schema", schema, "extract",
                         extract),
               1);
}

static bool add_literal(const struct assertion *one, json_t *criteria, const struct type *type)
{
    bool is_equals = strcmp(type->name, "equals") == 0;
    if (is_equals && (json_is_object(one->value) || json_is_array(one->value)))
        return add_json(one, criteria, json_pack("{s:O}", "const", one->value), NULL);
    if (!one->text)
        return leave_out(one, "needs a text as its value");
    if (!import_has_template(one->text))
        return add_pattern(*one, criteria,
                           type->form == FORM_PATTERN
                               ? json_string(one->text)
                               : import_literal(type->before, one->text, type->after));
    if (!import_is_template(one->text) || !type->metric)
        return leave_out(one, "has a variable in its text, which a rubric cannot fill in");
    json_t *options = json_pack("{s:s}", "metric", type->metric);
    if (strcmp(type->before, "(?i)") == 0)
        json_object_set_new(options, "ignore_case", json_true());
    return add(one, criteria, "reference", options, 1);
}

/* The texts of a list as patterns, or NULL. promptfoo takes "a, b" for a list too. */
static json_t *literals(const struct assertion *one, const char *before)
{
    json_t *patterns = json_array(), *value;
    size_t i;
    bool fine = json_array_size(one->value) > 0;
    json_array_foreach((json_t *)one->value, i, value)
    {
        const char *text = json_string_value(value);
        fine = fine && text && !import_has_template(text);
        if (fine)
            json_array_append_new(patterns, import_literal(before, text, ""));
    }
    if (fine)
        return patterns;
    json_decref(patterns);
    return NULL;
}

static bool add_all(const struct assertion *one, json_t *criteria, const struct type *type)
{
    json_t *patterns = literals(one, type->before);
    if (!patterns)
        return leave_out(one, "needs a list of texts without variables");
    return add(one, criteria, "regex", import_patterns("require", patterns), -1);
}

static bool add_any(const struct assertion *one, json_t *criteria, const struct type *type)
{
    json_t *patterns = literals(one, "");
    if (!patterns)
        return leave_out(one, "needs a list of texts without variables");
    char joined[4096];
    size_t i, used = (size_t)snprintf(joined, sizeof joined, "%s(?:", type->before);
    json_t *value;
    json_array_foreach(patterns, i, value)
    {
        int more = snprintf(joined + used, sizeof joined - used, "%s%s", i ? "|" : "",
                            json_string_value(value));
        used += (size_t)more;
        if (used + 2 > sizeof joined)
            break;
    }
    json_decref(patterns);
    if (used + 2 > sizeof joined)
        return leave_out(one, "has a list that is too long for one pattern");
    memcpy(joined + used, ")", 2);
    return add_pattern(*one, criteria, json_string(joined));
}

static bool add_metric(const struct assertion *one, json_t *criteria, const struct type *type)
{
    if (!one->text || !import_is_template(one->text))
        return leave_out(one, "has a reference of its own; put it into the records as reference");
    return add(one, criteria, "reference", json_pack("{s:s}", "metric", type->metric),
               type->threshold);
}

/* The schema of a value: none, an object, or a text that holds one. NULL: it is elsewhere. */
static json_t *schema_of(const struct assertion *one)
{
    struct error error = {0};
    if (!one->value || json_is_null(one->value))
        return json_object();
    if (json_is_object(one->value))
        return json_deep_copy(one->value);
    json_t *schema = one->text ? json_read(str_of(one->text), &JSON_LIMITS_DOCUMENT, &error) : NULL;
    if (json_is_object(schema))
        return schema;
    json_decref(schema);
    return NULL;
}

static bool add_schema(const struct assertion *one, json_t *criteria, const struct type *type)
{
    if (type->before && one->negated)
        return leave_out(one, "turned round has no counterpart: a response without JSON has no "
                              "answer, and scores 0 either way");
    json_t *schema = schema_of(one);
    if (!schema)
        return leave_out(one, "has its schema elsewhere; write it as an object");
    return add_json(one, criteria, schema, type->before);
}

/* Our evaluator passes where the model answered: theirs is its opposite. */
static bool add_refusal(struct assertion one, json_t *criteria)
{
    one.negated = !one.negated;
    return add(&one, criteria, "refusal", json_object(), -1);
}

static bool add_judge(const struct assertion *one, json_t *criteria, const struct type *type)
{
    if (!one->text || import_has_template(one->text))
        return leave_out(one, one->text ? "has a variable in its text, which a judge is not shown"
                                        : "needs a text as its value");
    json_t *prompt = json_sprintf("%s%s", type->before, one->text);
    json_t *options =
        type->threshold < 0
            ? json_pack("{s:o, s:{s:i, s:i}}", "prompt", prompt, "labels", "yes", 1, "no", 0)
            : json_pack("{s:o, s:{s:i, s:i}}", "prompt", prompt, "scale", "min", 0, "max", 10);
    return add(one, criteria, "judge", options, type->threshold);
}

static bool add_typed(const struct assertion *one, json_t *criteria, const struct type *type)
{
    switch (type->form) {
    case FORM_LITERAL:
    case FORM_PATTERN:
        return add_literal(one, criteria, type);
    case FORM_ALL:
        return add_all(one, criteria, type);
    case FORM_ANY:
        return add_any(one, criteria, type);
    case FORM_METRIC:
        return add_metric(one, criteria, type);
    case FORM_SCHEMA:
        return add_schema(one, criteria, type);
    case FORM_REFUSAL:
        return add_refusal(*one, criteria);
    case FORM_JUDGE:
        return add_judge(one, criteria, type);
    case FORM_TEMPLATE:
        return add(one, criteria, "judge", json_pack("{s:s}", "template", type->before), -1);
    }
    return false;
}

bool promptfoo_assertion_add(const struct assertion *one, json_t *criteria)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (strcmp(TYPES[i].name, one->type) == 0)
            return add_typed(one, criteria, &TYPES[i]);
    for (size_t i = 0; i < sizeof IMPOSSIBLE / sizeof *IMPOSSIBLE; i++)
        if (strncmp(one->type, IMPOSSIBLE[i].start, strlen(IMPOSSIBLE[i].start)) == 0)
            return leave_out(one, IMPOSSIBLE[i].why);
    return leave_out(one, "has no counterpart here");
}
