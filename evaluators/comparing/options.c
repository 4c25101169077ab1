/* options: from a criterion's options to what `consistency` does, everything wrong listed. */
#include "evaluators/comparing/comparing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "schema/base/json_read.h"

struct options {
    const char *metric, *extract, *field, *equal_by, *perturbed_tag, *model;
    int64_t group_size, resample, max_tokens, max_questions;
    double temperature;
};

/* In the order of enum consistency_metric. */
static const char *const METRICS[] = {"agreement",        "majority",   "lexical",
                                      "semantic_entropy", "robustness", "contradiction", NULL};
static const char *const EQUAL_BY[] = {"answer", "entailment", "entailment_lax", NULL};

#define AT(member) offsetof(struct options, member)

static const struct json_field OPTIONS[] = {
    {"metric", JSON_KIND_STRING, true, AT(metric), 0, 0, METRICS},
    {"extract", JSON_KIND_STRING, false, AT(extract), 0, 0, EXTRACT_WORDS},
    {"field", JSON_KIND_STRING, false, AT(field), 0, 0, NULL},
    {"equal_by", JSON_KIND_STRING, false, AT(equal_by), 0, 0, EQUAL_BY},
    {"group_size", JSON_KIND_INT, false, AT(group_size), 2, RESPONSES_MAX, NULL},
    {"perturbed_tag", JSON_KIND_STRING, false, AT(perturbed_tag), 0, 0, NULL},
    {"resample", JSON_KIND_INT, false, AT(resample), 1, RESAMPLE_DRAWS_MAX, NULL},
    {"temperature", JSON_KIND_NUMBER, false, AT(temperature), 0, 2, NULL},
    {"max_tokens", JSON_KIND_INT, false, AT(max_tokens), 1, 65536, NULL},
    {"model", JSON_KIND_STRING, false, AT(model), 0, 0, NULL},
    {"max_questions", JSON_KIND_INT, false, AT(max_questions), 1, QUESTIONS_PER_SAMPLE_MAX, NULL},
};

static size_t place_of(const char *word, const char *const *words)
{
    size_t i = 0;
    while (strcmp(words[i], word) != 0)
        i++;
    return i;
}

/* Options that speak of what this criterion does not do. */
static bool check(const struct options *read, const struct consistency *consistency,
                  const char *path, struct problems *problems)
{
    bool of_classes = consistency_is_of_classes(consistency->metric);
    bool asks = consistency->judge.instructions != NULL;
    bool robustness = consistency->metric == CONSISTENCY_ROBUSTNESS;
    const struct {
        bool wrong;
        const char *text;
    } checks[] = {
        {!read->field[0], "field must not be empty"},
        {read->perturbed_tag && !read->perturbed_tag[0], "perturbed_tag must not be empty"},
        {consistency->by_meaning && !of_classes,
         "equal_by is of agreement, majority and semantic_entropy only"},
        {consistency->metric == CONSISTENCY_CONTRADICTION && consistency->extract != EXTRACT_NONE,
         "contradiction compares whole responses; leave out extract"},
        {read->perturbed_tag && !robustness, "perturbed_tag is of robustness only"},
        {read->resample && robustness,
         "a changed request sent again answers nothing of the original one; leave out resample"},
        {!read->resample && !isnan(read->temperature), "temperature needs resample"},
        {!read->resample && read->max_tokens, "max_tokens needs resample"},
        {!asks && read->model, "model is of the judge, which this asks nothing"},
        {!asks && read->max_questions, "max_questions is of the judge, which this asks nothing"},
    };
    size_t before = problems->total;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].wrong)
            problems_add(problems, path, "%s", checks[i].text);
    return problems->total == before;
}

static void set_judge(struct consistency *consistency, const struct options *read,
                      const struct judge_identity *asked)
{
    if (consistency->by_meaning)
        consistency->judge = MEANINGS_JUDGE;
    else if (consistency->metric == CONSISTENCY_CONTRADICTION)
        consistency->judge = CONTRADICTION_JUDGE;
    consistency->judge.model = read->model;
    consistency->judge.asked = asked;
}

bool comparing_configure(struct consistency *consistency, const json_t *options,
                         const struct evaluator_context *context, struct problems *problems)
{
    struct options read = {
        .extract = "none", .field = "answer", .equal_by = "answer", .temperature = NAN};
    if (!json_read_fields(options, OPTIONS, sizeof OPTIONS / sizeof *OPTIONS, &read, context->path,
                          problems))
        return false;
    size_t equal_by = place_of(read.equal_by, EQUAL_BY);
    *consistency = (struct consistency){
        .metric = (enum consistency_metric)place_of(read.metric, METRICS),
        .extract = extract_of(read.extract),
        .field = read.field,
        .by_meaning = equal_by > 0,
        .lax = equal_by == 2,
        .perturbed_tag = read.perturbed_tag ? read.perturbed_tag : "perturbed",
        .group_size = read.group_size,
        .questions_max = read.max_questions ? read.max_questions : COMPARING_QUESTIONS,
        .resampling = {.draws = read.resample,
                       .temperature = read.temperature,
                       .max_tokens = read.max_tokens ? read.max_tokens : RESAMPLE_TOKENS},
    };
    set_judge(consistency, &read, context->judge);
    return check(&read, consistency, context->path, problems);
}
