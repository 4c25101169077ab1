/* reference: how near is the response to a reference answer, by one published metric? */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/metric.h"

/* In the order people read them. A new metric is a line here, and a word below. */
static const struct metric METRICS[] = {
    {.name = "exact", .compare = compare_exact, .takes = TAKES_IGNORE_CASE},
    {.name = "exact_match", .compare = compare_tokens_equal, .style = TEXT_SQUAD},
    {.name = "quasi_exact", .compare = compare_tokens_equal, .style = TEXT_FMEVAL},
    {.name = "includes", .compare = compare_includes, .takes = TAKES_IGNORE_CASE},
    {.name = "f1", .compare = compare_multiset, .style = TEXT_SQUAD},
    {.name = "f1_set", .compare = compare_set, .style = TEXT_FMEVAL},
    {.name = "precision", .compare = compare_set, .style = TEXT_FMEVAL, .part = PART_P},
    {.name = "recall", .compare = compare_set, .style = TEXT_FMEVAL, .part = PART_R},
    {.name = "rouge1",
     .compare = compare_rouge_n,
     .style = TEXT_ROUGE,
     .n = 1,
     .takes = TAKES_COMPONENT | TAKES_STEMMER},
    {.name = "rouge2",
     .compare = compare_rouge_n,
     .style = TEXT_ROUGE,
     .n = 2,
     .takes = TAKES_COMPONENT | TAKES_STEMMER},
    {.name = "rougeL",
     .compare = compare_rouge_l,
     .style = TEXT_ROUGE,
     .takes = TAKES_COMPONENT | TAKES_STEMMER},
    {.name = "rougeLsum",
     .compare = compare_rouge_lsum,
     .style = TEXT_ROUGE,
     .takes = TAKES_COMPONENT | TAKES_STEMMER},
    {.name = "bleu", .compare_all = compare_bleu},
    {.name = "chrf", .compare = compare_chrf, .takes = TAKES_WORD_ORDER},
    {.name = "levenshtein", .compare = compare_levenshtein},
    {.name = "numeric",
     .compare = compare_numeric,
     .read = metric_read_number,
     .takes = TAKES_TOLERANCE,
     .extract = EXTRACT_FINAL_ANSWER},
    {.name = "choice",
     .compare = compare_choice,
     .style = TEXT_SQUAD,
     .extract = EXTRACT_FINAL_ANSWER},
};

/* In the order of METRICS. */
static const char *const METRIC_WORDS[] = {
    "exact",  "exact_match", "quasi_exact", "includes",    "f1",      "f1_set",
    "precision", "recall",   "rouge1",      "rouge2",      "rougeL",  "rougeLsum",
    "bleu",   "chrf",        "levenshtein", "numeric",     "choice",  NULL};
_Static_assert(sizeof METRIC_WORDS / sizeof *METRIC_WORDS ==
                   sizeof METRICS / sizeof *METRICS + 1,
               "a word for every metric");
static const char *const COMPONENT_WORDS[] = {"p", "r", "f", NULL};

struct reference {
    const char *metric_word, *extract_word;
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
        if (!json_object_get(options, TAKEN[i].option) ||
            reference->metric->takes & TAKEN[i].takes)
            continue;
        char names[NAMES_BYTES];
        name_takers(TAKEN[i].takes, names, sizeof names);
        fine = problems_add(problems, path, "%s is for the metric %s only, not for %s: leave it out",
                            TAKEN[i].option, names, reference->metric->name);
    }
    if (!reference->options.field[0])
        fine = problems_add(problems, path, "field must not be empty");
    return fine;
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
    for (size_t i = 0; i < sizeof METRICS / sizeof *METRICS; i++)
        if (strcmp(METRICS[i].name, reference->metric_word) == 0)
            reference->metric = &METRICS[i];
    reference->extract =
        reference->extract_word ? extract_of(reference->extract_word) : reference->metric->extract;
    return check_combination(reference, options, context->path, problems);
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

static struct score compare(struct comparison *comparison)
{
    const struct metric *metric = comparison->metric;
    const struct str *references = comparison->sample->references;
    size_t count = comparison->sample->reference_count;
    struct nearness nearness = {0};
    const char *why = metric->compare_all
                          ? metric->compare_all(comparison, references, count, &nearness)
                          : best_of(comparison, references, count, &nearness);
    return why ? score_without_value(SCORE_NOT_APPLICABLE, why)
               : score_value(nearness.value, comparison->failure);
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)answered, (void)scratch, (void)error;
    const struct reference *reference = state;
    struct comparison comparison = {.metric = reference->metric,
                                    .options = &reference->options,
                                    .sample = sample,
                                    .arena = arena};
    similarity_init(&comparison.similarity, arena);
    if (!extract_answer(reference->extract, reference->options.field, sample->response, arena,
                        &comparison.answer)) {
        *out = score_value(0, "no_answer");
        return true;
    }
    if (reference->metric->extract != EXTRACT_NONE && reference->extract == EXTRACT_NONE)
        comparison.answer.marked = true; /* the operator says that the response is the answer */
    if (reference->metric->read)
        comparison.failure = reference->metric->read(&comparison);
    *out = compare(&comparison);
    return true;
}

const struct evaluator evaluator_reference = {
    .name = "reference",
    .summary = "how near is the response to a reference answer, by a published metric?",
    .needs = NEEDS_REFERENCE,
    .configure = configure,
    .score = score,
    .release = free,
};
