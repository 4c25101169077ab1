/* reference: how near is the response to a reference answer, by one published metric? */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "evaluators/metrics/metric.h"
#include "evaluators/scratch.h"

enum {
    TAKES_CASE = TAKES_IGNORE_CASE | TAKES_UNICODE,
    TAKES_WORDS = TAKES_TOKENIZER | TAKES_UNICODE,
    TAKES_ROUGE = TAKES_COMPONENT | TAKES_STEMMER | TAKES_WORDS,
};

/* In the order people read them. A new metric is a line here, and a word below. */
static const struct metric METRICS[] = {
    {"exact", compare_exact, .takes = TAKES_CASE},
    {"exact_match", compare_tokens_equal, .style = TEXT_SQUAD, .takes = TAKES_WORDS},
    {"quasi_exact", compare_tokens_equal, .style = TEXT_FMEVAL, .takes = TAKES_WORDS},
    {"includes", compare_includes, .takes = TAKES_CASE},
    {"contains_all", .compare_all = compare_contains_all, .takes = TAKES_CASE | TAKES_VALUES},
    {"contains_any", .compare_all = compare_contains_any, .takes = TAKES_CASE | TAKES_VALUES},
    {"f1", compare_multiset, .style = TEXT_SQUAD, .takes = TAKES_WORDS},
    {"f1_set", compare_set, .style = TEXT_FMEVAL, .takes = TAKES_WORDS},
    {"precision", compare_set, .style = TEXT_FMEVAL, .part = PART_P, .takes = TAKES_WORDS},
    {"recall", compare_set, .style = TEXT_FMEVAL, .part = PART_R, .takes = TAKES_WORDS},
    {"rouge1", compare_rouge_n, .style = TEXT_ROUGE, .n = 1, .takes = TAKES_ROUGE},
    {"rouge2", compare_rouge_n, .style = TEXT_ROUGE, .n = 2, .takes = TAKES_ROUGE},
    {"rougeL", compare_rouge_l, .style = TEXT_ROUGE, .takes = TAKES_ROUGE},
    {"rougeLsum", compare_rouge_lsum, .style = TEXT_ROUGE, .takes = TAKES_ROUGE},
    {"bleu", .compare_all = compare_bleu, .takes = TAKES_WORDS},
    {"chrf", compare_chrf, .takes = TAKES_WORD_ORDER | TAKES_UNICODE},
    {"levenshtein", compare_levenshtein, .takes = TAKES_UNICODE},
    {"numeric", compare_numeric, .read = metric_read_number, .takes = TAKES_TOLERANCE,
     .extract = EXTRACT_FINAL_ANSWER},
    {"choice", compare_choice, .style = TEXT_SQUAD, .extract = EXTRACT_FINAL_ANSWER},
    {"json_match", compare_json_match, .read = metric_read_json},
    {"json_diff", compare_json_diff, .read = metric_read_json},
    {"json_schema", .compare_all = compare_json_schema, .read = metric_read_json,
     .takes = TAKES_SCHEMA},
};

/* In the order of METRICS. */
static const char *const METRIC_WORDS[] = {
    "exact",        "exact_match", "quasi_exact", "includes",  "contains_all",
    "contains_any", "f1",          "f1_set",      "precision", "recall",
    "rouge1",       "rouge2",      "rougeL",      "rougeLsum", "bleu",
    "chrf",         "levenshtein", "numeric",     "choice",    "json_match",
    "json_diff",    "json_schema", NULL};
_Static_assert(sizeof METRIC_WORDS / sizeof *METRIC_WORDS == sizeof METRICS / sizeof *METRICS + 1,
               "a word for every metric");
static const char *const COMPONENT_WORDS[] = {"p", "r", "f", NULL};
static const char *const TOKENIZER_WORDS[] = {"published", "unicode", NULL};

struct reference {
    const char *metric_word, *extract_word, *unicode_word, *tokenizer_word;
    const json_t *schema;
    struct json_schema *json_schema;
    const struct metric *metric;
    enum extract extract;
    struct metric_options options;
};

#define OPTION(member) offsetof(struct reference, options.member)

static const struct json_field OPTIONS[] = {
    {"metric", JSON_KIND_STRING, true, offsetof(struct reference, metric_word), 0, 0, METRIC_WORDS},
    {"extract", JSON_KIND_STRING, false, offsetof(struct reference, extract_word), 0, 0,
     EXTRACT_WORDS},
    {"field", JSON_KIND_STRING, false, OPTION(field), 0, 0, NULL},
    {"component", JSON_KIND_STRING, false, OPTION(component), 0, 0, COMPONENT_WORDS},
    {"stemmer", JSON_KIND_BOOL, false, OPTION(stemmer), 0, 0, NULL},
    {"unicode", JSON_KIND_STRING, false, offsetof(struct reference, unicode_word), 0, 0,
     UNICODE_FORM_WORDS},
    {"tokenizer", JSON_KIND_STRING, false, offsetof(struct reference, tokenizer_word), 0, 0,
     TOKENIZER_WORDS},
    {"values", JSON_KIND_ARRAY, false, OPTION(values), 0, 0, NULL},
    {"schema", JSON_KIND_ANY, false, offsetof(struct reference, schema), 0, 0, NULL},
    {"word_order", JSON_KIND_INT, false, OPTION(word_order), 0, 2, NULL},
    {"tolerance", JSON_KIND_NUMBER, false, OPTION(tolerance), 0, 1, NULL},
    {"tolerance_absolute", JSON_KIND_NUMBER, false, OPTION(tolerance_absolute), 0, 1e300, NULL},
    {"ignore_case", JSON_KIND_BOOL, false, OPTION(ignore_case), 0, 0, NULL},
};

/* Options that the chosen metric would silently ignore are mistakes. */
static const struct {
    const char *option;
    enum metric_takes takes;
} TAKEN[] = {
    {"component", TAKES_COMPONENT},
    {"stemmer", TAKES_STEMMER},
    {"unicode", TAKES_UNICODE},
    {"tokenizer", TAKES_TOKENIZER},
    {"values", TAKES_VALUES},
    {"schema", TAKES_SCHEMA},
    {"word_order", TAKES_WORD_ORDER},
    {"tolerance", TAKES_TOLERANCE},
    {"tolerance_absolute", TAKES_TOLERANCE},
    {"ignore_case", TAKES_IGNORE_CASE},
};

/* "exact, includes" */
static void name_takers(enum metric_takes takes, char *out, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < sizeof METRICS / sizeof *METRICS; i++)
        if (METRICS[i].takes & takes)
            used += (size_t)snprintf(out + used, room - used, "%s%s", used ? ", " : "",
                                     METRICS[i].name);
}

static bool check_combination(const struct reference *reference, const json_t *options,
                              const char *path, struct problems *problems)
{
    enum { NAMES_BYTES = 512 }; /* all metrics' names fit */
    bool fine = true;
    for (size_t i = 0; i < sizeof TAKEN / sizeof *TAKEN; i++) {
        if (!json_object_get(options, TAKEN[i].option) || reference->metric->takes & TAKEN[i].takes)
            continue;
        char names[NAMES_BYTES];
        name_takers(TAKEN[i].takes, names, sizeof names);
        fine =
            problems_add(problems, path, "%s is for the metric %s only, not for %s: leave it out",
                         TAKEN[i].option, names, reference->metric->name);
    }
    if (!reference->options.field[0])
        fine = problems_add(problems, path, "field must not be empty");
    return fine;
}

static bool check_values(const json_t *values, const char *path, struct problems *problems)
{
    bool fine = !values || json_array_size(values) > 0;
    for (size_t i = 0; fine && i < json_array_size(values); i++)
        fine = json_string_length(json_array_get(values, i)) > 0;
    return fine ||
           problems_add(problems, path, "values must be a list of texts, none of them empty");
}

static bool load_schema(struct reference *reference, const char *path, struct problems *problems)
{
    if (!(reference->metric->takes & TAKES_SCHEMA))
        return true;
    if (!reference->schema)
        return problems_add(problems, path, "json_schema needs a schema: add \"schema\"");
    struct buffer below = {0};
    buffer_printf(&below, "%s.schema", path);
    reference->json_schema = json_schema_load(reference->schema, below.data, problems);
    reference->options.json_schema = reference->json_schema;
    buffer_clear(&below);
    return reference->json_schema != NULL;
}

/* Where `word` stands in a list that holds it; 0 without a word. */
static size_t index_of(const char *const *words, const char *word)
{
    size_t i = 0;
    while (word && strcmp(words[i], word) != 0)
        i++;
    return i;
}

static bool configure(const json_t *options, const struct evaluator_context *context,
                      void **out_state, struct problems *problems)
{
    struct reference *reference = memory_new(1, sizeof *reference);
    reference->options = (struct metric_options){
        .field = "answer", .tolerance = NUMBER_TOLERANCE_DEFAULT, .tolerance_absolute = -1};
    *out_state = reference;
    if (!json_read_fields(options, OPTIONS, sizeof OPTIONS / sizeof *OPTIONS, reference,
                          context->path, problems))
        return false;
    reference->metric = &METRICS[index_of(METRIC_WORDS, reference->metric_word)];
    reference->extract =
        reference->extract_word ? extract_of(reference->extract_word) : reference->metric->extract;
    reference->options.unicode = index_of(UNICODE_FORM_WORDS, reference->unicode_word);
    reference->options.any_script = index_of(TOKENIZER_WORDS, reference->tokenizer_word) == 1;
    bool fine = check_combination(reference, options, context->path, problems);
    fine = check_values(reference->options.values, context->path, problems) && fine;
    return load_schema(reference, context->path, problems) && fine;
}

/* The best of several references; those that say nothing are left out. */
static const char *best_of(struct comparison *comparison, const struct str *references,
                           size_t count, struct nearness *out)
{
    const char *why_not = NULL;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        struct nearness nearness;
        const char *why = comparison->metric->compare(comparison, references[i], &nearness);
        if (why) {
            why_not = why;
            continue;
        }
        if (!any || nearness.rank > out->rank)
            *out = nearness;
        any = true;
        if (out->rank >= 1)
            break;
    }
    return any ? NULL : why_not;
}

/* Both sides in the form they are compared in. */
static bool normalise(struct comparison *comparison, const struct str **out_references)
{
    const struct sample *sample = comparison->sample;
    enum unicode_form form = comparison->options->unicode;
    *out_references = sample->references;
    if (form == UNICODE_AS_IS)
        return true;
    struct str *references =
        arena_alloc(comparison->arena, sample->reference_count * sizeof *references + 1);
    struct extracted *answer = &comparison->answer;
    bool fine = unicode_normalise(form, answer->text, comparison->arena, &answer->text);
    for (size_t i = 0; fine && i < sample->reference_count; i++)
        fine = unicode_normalise(form, sample->references[i], comparison->arena, &references[i]);
    *out_references = references;
    return fine;
}

static struct score compare(struct comparison *comparison)
{
    const struct metric *metric = comparison->metric;
    const struct str *references;
    size_t count = comparison->sample->reference_count;
    struct nearness nearness = {0};
    if (!normalise(comparison, &references))
        return score_without_value(SCORE_NOT_APPLICABLE, METRIC_TOO_LONG);
    if (metric->read)
        comparison->failure = metric->read(comparison);
    const char *why = metric->compare_all
                          ? metric->compare_all(comparison, references, count, &nearness)
                          : best_of(comparison, references, count, &nearness);
    return why ? score_without_value(SCORE_NOT_APPLICABLE, why)
               : score_value(nearness.value, comparison->failure);
}

static bool needs_reference(const struct reference *reference)
{
    return !(reference->metric->takes & TAKES_SCHEMA) && !reference->options.values;
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)answered;
    const struct reference *reference = state;
    struct comparison comparison = {.metric = reference->metric,
                                    .options = &reference->options,
                                    .sample = sample,
                                    .arena = arena,
                                    .patterns = scratch->patterns};
    if (needs_reference(reference) && sample->reference_count == 0) {
        *out = score_without_value(SCORE_NOT_APPLICABLE, "no_reference");
        return true;
    }
    similarity_init(&comparison.similarity, arena);
    if (!extract_answer(reference->extract, reference->options.field, sample->response, arena,
                        &comparison.answer)) {
        *out = score_value(0, "no_answer");
        return true;
    }
    if (reference->metric->extract != EXTRACT_NONE && reference->extract == EXTRACT_NONE)
        comparison.answer.marked = true; /* the operator says that the response is the answer */
    *out = compare(&comparison);
    json_decref(comparison.json);
    return !comparison.limit ||
           error_set(error, ERROR_INPUT, "json_schema: the limit of %s was hit", comparison.limit);
}

static void release(void *state)
{
    struct reference *reference = state;
    if (reference)
        json_schema_free(reference->json_schema);
    free(reference);
}

const struct evaluator evaluator_reference = {
    .name = "reference",
    .summary = "how near is the response to a reference answer, by a published metric?",
    .needs = NEEDS_REFERENCE_MOSTLY,
    .configure = configure,
    .score = score,
    .release = release,
};
