/* import_openai: a rubric of OpenAI's graders, as the hosted Evals product had them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rubrics/imports/formula.h"
#include "rubrics/imports/import.h"
#include "rubrics/imports/import_rubric.h"
#include "rubrics/imports/openai_prompt.h"
#include "schema/base/json_read.h"

/* One grader on its way. */
struct grader {
    const json_t *object;
    const char *name, *path;
    double weight;
    json_t *criteria;
    struct problems *left_out;
};

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool leave_out(const struct grader *grader, const char *why)
{
    return problems_add(grader->left_out, grader->path, "%s", why);
}

static bool add(const struct grader *grader, const char *evaluator, json_t *options,
                double threshold)
{
    const char *name = grader->name ? grader->name : text_of(grader->object, "type");
    return import_add_criterion(grader->criteria, name, evaluator, options, grader->weight,
                                threshold, grader->path, grader->left_out);
}

/* ---- string_check, text_similarity ---- */

static const struct {
    const char *operation;
    bool whole, ignore_case, negated;
} OPERATIONS[] = {
    {"eq", true, false, false},
    {"ne", true, false, true},
    {"like", false, false, false},
    {"ilike", false, true, false},
};
enum { OPERATION_COUNT = sizeof OPERATIONS / sizeof *OPERATIONS };

static bool add_literal(const struct grader *grader, const char *text, size_t operation)
{
    bool whole = OPERATIONS[operation].whole, negated = OPERATIONS[operation].negated;
    const char *before = whole ? "\\A" : OPERATIONS[operation].ignore_case ? "(?i)" : "";
    json_t *pattern = import_literal(before, text, whole ? "\\z" : "");
    json_t *options = import_patterns(negated ? "forbid" : "require", pattern);
    if (negated)
        json_object_set_new(options, "where", json_string("response"));
    return add(grader, "regex", options, -1);
}

static bool add_string_check(const struct grader *grader)
{
    const char *reference = text_of(grader->object, "reference");
    const char *operation = text_of(grader->object, "operation");
    size_t i = 0;
    while (operation && i < OPERATION_COUNT && strcmp(OPERATIONS[i].operation, operation) != 0)
        i++;
    if (!operation || i == OPERATION_COUNT)
        return leave_out(grader, "its operation is none of eq, ne, like and ilike");
    if (!openai_is_response(text_of(grader->object, "input")))
        return leave_out(grader, "its input is not {{sample.output_text}} alone");
    if (!reference)
        return leave_out(grader, "has no reference");
    if (!import_has_template(reference))
        return add_literal(grader, reference, i);
    if (!import_is_template(reference))
        return leave_out(grader, "its reference is a text with a column in it");
    json_t *options = json_pack("{s:s}", "metric", OPERATIONS[i].whole ? "exact" : "includes");
    if (OPERATIONS[i].ignore_case)
        json_object_set_new(options, "ignore_case", json_true());
    return add(grader, OPERATIONS[i].negated ? "not-reference" : "reference", options, 1);
}

static bool add_text_similarity(const struct grader *grader)
{
    static const struct {
        const char *theirs, *ours;
    } metrics[] = {
        {"rouge_1", "rouge1"}, {"rouge_2", "rouge2"}, {"rouge_l", "rougeL"}, {"bleu", "bleu"}};
    const char *metric = text_of(grader->object, "evaluation_metric");
    const char *reference = text_of(grader->object, "reference");
    const json_t *pass = json_object_get(grader->object, "pass_threshold");
    if (!metric || !openai_is_response(text_of(grader->object, "input")))
        return leave_out(grader, "has no evaluation_metric, or its input is not "
                                 "{{sample.output_text}} alone");
    if (!reference || !import_is_template(reference))
        return leave_out(grader, "its reference is not one column; a reference is in the record");
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        if (strcmp(metrics[i].theirs, metric) == 0)
            return add(grader, "reference", json_pack("{s:s}", "metric", metrics[i].ours),
                       json_is_number(pass) ? json_number_value(pass) : -1);
    return problems_add(grader->left_out, grader->path,
                        "its metric %.40s has no counterpart; there are rouge1, rouge2, rougeL, "
                        "bleu, chrf, f1 and levenshtein",
                        metric);
}

/* ---- score_model, label_model ---- */

/* Options with prompt and inputs, or NULL after a problem. */
static json_t *judge_options(const struct grader *grader, const char *last)
{
    const char *why_not = NULL;
    json_t *options = openai_prompt(json_object_get(grader->object, "input"), last, &why_not);
    if (!options)
        leave_out(grader, why_not);
    return options;
}

/* Judges here answer in whole numbers: a range of fractions is asked for in tenths. */
static bool add_score_model(const struct grader *grader)
{
    const json_t *range = json_object_get(grader->object, "range");
    const json_t *pass = json_object_get(grader->object, "pass_threshold");
    double min = range ? json_number_value(json_array_get(range, 0)) : 0;
    double max = range ? json_number_value(json_array_get(range, 1)) : 1;
    bool whole = floor(min) == min && floor(max) == max && max - min > 1;
    if (!(min < max) || fabs(min) > 1000 || fabs(max) > 1000 || (!whole && (min != 0 || max != 1)))
        return leave_out(grader, "its range is neither [0, 1] nor of whole numbers up to 1000");
    json_t *options = judge_options(
        grader, whole
                    ? ""
                    : "Where a score from 0 to 1 is asked for, give ten times as much, rounded to "
                      "a whole number.\n");
    if (!options)
        return false;
    json_object_set_new(options, "scale",
                        json_pack("{s:I, s:I}", "min", (json_int_t)(whole ? min : 0), "max",
                                  (json_int_t)(whole ? max : 10)));
    double threshold = json_is_number(pass) ? (json_number_value(pass) - min) / (max - min) : -1;
    return add(grader, "judge", options, threshold);
}

static bool has(const json_t *list, const char *text)
{
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)list, i, one)
    {
        if (text && json_is_string(one) && strcmp(json_string_value(one), text) == 0)
            return true;
    }
    return false;
}

static bool add_label_model(const struct grader *grader)
{
    const json_t *names = json_object_get(grader->object, "labels");
    const json_t *passing = json_object_get(grader->object, "passing_labels");
    json_t *labels = json_object(), *one, *options = judge_options(grader, "");
    size_t i;
    json_array_foreach((json_t *)names, i, one)
    {
        const char *name = json_string_value(one);
        if (name)
            json_object_set_new(labels, name, json_integer(has(passing, name)));
    }
    if (!options) {
        json_decref(labels);
        return false;
    }
    json_object_set_new(options, "labels", labels);
    return add(grader, "judge", options, -1);
}

/* ---- graders ---- */

static const struct {
    const char *type;
    bool (*add)(const struct grader *grader);
    const char *why; /* where nothing adds it */
} KINDS[] = {
    {"string_check", add_string_check, NULL},
    {"text_similarity", add_text_similarity, NULL},
    {"score_model", add_score_model, NULL},
    {"label_model", add_label_model, NULL},
    {"python", NULL, "runs code"},
    {"endpoint", NULL, "asks a service that is not a model"},
    {"azure_ai_evaluator", NULL, "is an evaluator of Azure's; name what it looks at as a judge"},
};

static bool add_grader(const struct grader *grader)
{
    const char *type = text_of(grader->object, "type");
    for (size_t i = 0; type && i < sizeof KINDS / sizeof *KINDS; i++) {
        if (strcmp(KINDS[i].type, type) != 0)
            continue;
        if (!KINDS[i].add)
            return leave_out(grader, KINDS[i].why);
        if (!KINDS[i].add(grader))
            return false;
        if (text_of(grader->object, "model"))
            leave_out(grader, "its model is left out; who judges is --judge-endpoint. The rest is "
                              "carried over");
        return true;
    }
    return problems_add(grader->left_out, grader->path, "its type is %s%.40s",
                        type ? "not known here: " : "missing", type ? type : "");
}

/* A formula of the graders' names becomes their weights. */
static bool add_multi(const struct grader *multi, json_t **out_composite)
{
    const json_t *graders = json_object_get(multi->object, "graders");
    const char *text = text_of(multi->object, "calculate_output"), *key;
    struct formula formula = {0};
    char path[IMPORT_PATH_BYTES];
    json_t *one;
    if (!text || !formula_read(text, graders, &formula))
        problems_add(multi->left_out, multi->path,
                     "calculate_output is neither a weighted sum of its graders nor their min(); "
                     "they are carried over with equal weights");
    json_object_foreach((json_t *)graders, key, one)
    {
        snprintf(path, sizeof path, "%.80s.graders.%.60s", multi->path, key);
        struct grader grader = *multi;
        grader.object = one;
        grader.name = key;
        grader.path = path;
        grader.weight = formula.count ? formula_weight(&formula, key) : 1;
        if (grader.weight < 0)
            leave_out(&grader, "has a weight below 0; weigh its not- instead");
        else
            add_grader(&grader);
    }
    if (formula.is_minimum)
        *out_composite = json_pack("{s:s}", "method", "minimum");
    return true;
}

static json_t *convert(struct str text, const char *name, struct problems *left_out)
{
    struct error error = {0};
    json_t *document = json_read(text, &JSON_LIMITS_DOCUMENT, &error), *composite = NULL, *one;
    if (!document)
        problems_add(left_out, "", "%s", error.text);
    json_t *list =
        json_is_array(document) ? document : json_object_get(document, "testing_criteria");
    if (!list && !json_object_get(document, "type"))
        list = json_object_get(document, "graders");
    json_t *all = list ? json_incref(list) : json_array();
    if (!list && document)
        json_array_append(all, document);
    json_t *criteria = json_array();
    size_t i;
    json_array_foreach(all, i, one)
    {
        char path[IMPORT_PATH_BYTES];
        snprintf(path, sizeof path, "grader[%zu]", i);
        struct grader grader = {one, text_of(one, "name"), path, 1, criteria, left_out};
        const char *type = text_of(one, "type");
        if (type && strcmp(type, "multi") == 0 && json_array_size(all) == 1)
            add_multi(&grader, &composite);
        else if (type && strcmp(type, "multi") == 0)
            leave_out(&grader, "multi stands beside others; import it by itself, as a rubric of "
                               "its own");
        else
            add_grader(&grader);
    }
    json_t *rubric = import_rubric(name, "Imported from OpenAI graders", criteria, left_out);
    if (rubric && composite)
        json_object_set(rubric, "composite", composite);
    json_decref(composite);
    json_decref(all);
    json_decref(document);
    return rubric;
}

const struct importer import_openai = {
    .name = "openai",
    .summary = "OpenAI's graders (one, a list, testing_criteria) as JSON -> a rubric",
    .convert = convert,
};
