/* reference: how near is the response to a reference answer, by one published metric? */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "evaluators/answers/choice.h"
#include "evaluators/evaluator.h"
#include "evaluators/answers/extract.h"
#include "evaluators/answers/numbers.h"
#include "evaluators/answers/similarity.h"
#include "evaluators/answers/text.h"

struct reference {
    const char *metric_word, *extract_word, *component, *field;
    double tolerance, tolerance_absolute; /* negative: not given */
    bool ignore_case;
    const struct metric *metric;
    enum extract extract;
};

/* One sample on its way through a metric. */
struct comparison {
    const struct reference *options;
    const struct sample *sample;
    struct arena *arena;
    struct extracted answer;
    struct similarity similarity; /* its budget is for all references together */
};

/* Sets *out_value in [0,1]. Else returns why this reference says nothing of this response. */
typedef const char *compare_function(struct comparison *comparison, struct str reference,
                                     double *out_value);

struct metric {
    const char *name;
    compare_function *compare;
    enum text_style style; /* of those that compare tokens */
    size_t n;              /* of ROUGE-N */
    enum { PART_F, PART_P, PART_R } part;
    bool takes_component;
    enum extract extract; /* unless the options say otherwise */
};

static const char *const TOO_LONG = "too_long";

static struct str folded(const struct comparison *comparison, struct str text)
{
    return comparison->options->ignore_case ? text_lower(text, comparison->arena) : text;
}

static const char *compare_exact(struct comparison *comparison, struct str reference, double *value)
{
    struct str answer = text_trim(folded(comparison, comparison->answer.text));
    *value = str_equal(answer, text_trim(folded(comparison, reference)));
    return NULL;
}

/* The reference stands in the answer; an empty one only in an empty answer. */
static const char *compare_includes(struct comparison *comparison, struct str reference,
                                    double *value)
{
    struct str answer = text_trim(folded(comparison, comparison->answer.text));
    reference = text_trim(folded(comparison, reference));
    *value = reference.size == 0 ? answer.size == 0 : text_find(answer, reference) < answer.size;
    return NULL;
}

static const char *compare_tokens_equal(struct comparison *comparison, struct str reference,
                                        double *value)
{
    enum text_style style = comparison->options->metric->style;
    struct text_tokens left, right;
    if (!text_tokenise(style, comparison->answer.text, comparison->arena, &left) ||
        !text_tokenise(style, reference, comparison->arena, &right))
        return TOO_LONG;
    bool equal = left.count == right.count;
    for (size_t i = 0; equal && i < left.count; i++)
        equal = str_equal(left.items[i], right.items[i]);
    *value = equal;
    return NULL;
}

static double part_of(const struct comparison *comparison, struct overlap overlap)
{
    const struct reference *options = comparison->options;
    char component = options->component ? options->component[0] : 'f';
    if (options->metric->part == PART_P || component == 'p')
        return overlap.precision;
    if (options->metric->part == PART_R || component == 'r')
        return overlap.recall;
    return overlap.f;
}

/* Both texts as sequences over one vocabulary. */
static bool sequences(struct comparison *comparison, struct str reference,
                      struct vocabulary *vocabulary, struct sequence *out_answer,
                      struct sequence *out_reference)
{
    enum text_style style = comparison->options->metric->style;
    struct text_tokens left, right;
    if (!text_tokenise(style, comparison->answer.text, comparison->arena, &left) ||
        !text_tokenise(style, reference, comparison->arena, &right))
        return false;
    vocabulary_init(vocabulary, comparison->arena);
    *out_answer = vocabulary_sequence(vocabulary, left.items, left.count);
    *out_reference = vocabulary_sequence(vocabulary, right.items, right.count);
    return true;
}

static const char *compare_multiset(struct comparison *comparison, struct str reference,
                                    double *value)
{
    struct vocabulary vocabulary;
    struct sequence left, right;
    if (!sequences(comparison, reference, &vocabulary, &left, &right))
        return TOO_LONG;
    *value =
        part_of(comparison, similarity_multiset(left, right, vocabulary.count, comparison->arena));
    return NULL;
}

static const char *compare_set(struct comparison *comparison, struct str reference, double *value)
{
    struct vocabulary vocabulary;
    struct sequence left, right;
    if (!sequences(comparison, reference, &vocabulary, &left, &right))
        return TOO_LONG;
    *value = part_of(comparison, similarity_set(left, right, vocabulary.count, comparison->arena));
    return NULL;
}

/* ROUGE's tokeniser knows no other script: its 0 would say nothing of the answer. */
static const char *rouge_sequences(struct comparison *comparison, struct str reference,
                                   struct vocabulary *vocabulary, struct sequence *out_answer,
                                   struct sequence *out_reference)
{
    if (text_is_beyond_ascii(comparison->answer.text) || text_is_beyond_ascii(reference))
        return "no_ascii_tokens";
    return sequences(comparison, reference, vocabulary, out_answer, out_reference) ? NULL
                                                                                   : TOO_LONG;
}

static const char *compare_rouge_n(struct comparison *comparison, struct str reference,
                                   double *value)
{
    struct vocabulary tokens, ngrams;
    struct sequence left, right;
    const char *why = rouge_sequences(comparison, reference, &tokens, &left, &right);
    if (why)
        return why;
    size_t n = comparison->options->metric->n;
    vocabulary_init(&ngrams, comparison->arena);
    left = vocabulary_ngrams(&ngrams, left, n);
    right = vocabulary_ngrams(&ngrams, right, n);
    *value = part_of(comparison, similarity_multiset(left, right, ngrams.count, comparison->arena));
    return NULL;
}

static const char *compare_rouge_l(struct comparison *comparison, struct str reference,
                                   double *value)
{
    struct vocabulary vocabulary;
    struct sequence left, right;
    const char *why = rouge_sequences(comparison, reference, &vocabulary, &left, &right);
    if (why)
        return why;
    size_t length;
    if (!similarity_lcs(&comparison->similarity, left, right, vocabulary.count, &length))
        return TOO_LONG;
    *value = part_of(comparison, overlap_of(length, left.count, right.count));
    return NULL;
}

static const char *compare_levenshtein(struct comparison *comparison, struct str reference,
                                       double *value)
{
    struct vocabulary vocabulary;
    vocabulary_init(&vocabulary, comparison->arena);
    struct sequence left = vocabulary_code_points(&vocabulary, comparison->answer.text);
    struct sequence right = vocabulary_code_points(&vocabulary, reference);
    size_t distance, longer = left.count > right.count ? left.count : right.count;
    if (!similarity_levenshtein(&comparison->similarity, left, right, vocabulary.count, &distance))
        return TOO_LONG;
    *value = longer == 0 ? 1 : 1 - (double)distance / (double)longer;
    return NULL;
}

/* A marked answer begins with its number; unmarked reasoning ends with it. */
static bool number_of(struct extracted answer, struct arena *arena, struct number *out)
{
    return answer.marked ? number_first(answer.text, arena, out)
                         : number_last(answer.text, arena, out);
}

/* A reference of one line is an answer as it stands; of a worked solution, its marked answer. */
static bool number_of_reference(const struct reference *options, struct str reference,
                                struct arena *arena, struct number *out)
{
    struct extracted answer;
    if (!extract_answer(EXTRACT_FINAL_ANSWER, options->field, reference, arena, &answer))
        return false;
    answer.marked = answer.marked || !memchr(answer.text.data, '\n', answer.text.size);
    return number_of(answer, arena, out);
}

static const char *compare_numeric(struct comparison *comparison, struct str reference,
                                   double *value)
{
    const struct reference *options = comparison->options;
    struct number expected, actual;
    if (!number_of_reference(options, reference, comparison->arena, &expected))
        return "reference_not_a_number";
    *value = number_of(comparison->answer, comparison->arena, &actual) &&
             (number_equal(&actual, &expected, options->tolerance) ||
              (options->tolerance_absolute >= 0 &&
               number_near(&actual, &expected, options->tolerance_absolute)));
    return NULL;
}

static const char *compare_choice(struct comparison *comparison, struct str reference,
                                  double *value)
{
    struct str prompt = comparison->sample->prompt;
    char expected = choice_letter(reference, prompt, comparison->arena);
    if (!expected)
        return compare_tokens_equal(comparison, reference, value);
    *value = choice_letter(comparison->answer.text, prompt, comparison->arena) == expected;
    return NULL;
}

static const struct metric METRICS[] = {
    {.name = "exact", .compare = compare_exact},
    {.name = "exact_match", .compare = compare_tokens_equal, .style = TEXT_SQUAD},
    {.name = "quasi_exact", .compare = compare_tokens_equal, .style = TEXT_FMEVAL},
    {.name = "includes", .compare = compare_includes},
    {.name = "f1", .compare = compare_multiset, .style = TEXT_SQUAD},
    {.name = "f1_set", .compare = compare_set, .style = TEXT_FMEVAL},
    {.name = "precision", .compare = compare_set, .style = TEXT_FMEVAL, .part = PART_P},
    {.name = "recall", .compare = compare_set, .style = TEXT_FMEVAL, .part = PART_R},
    {.name = "rouge1",
     .compare = compare_rouge_n,
     .style = TEXT_ROUGE,
     .n = 1,
     .takes_component = true},
    {.name = "rouge2",
     .compare = compare_rouge_n,
     .style = TEXT_ROUGE,
     .n = 2,
     .takes_component = true},
    {.name = "rougeL", .compare = compare_rouge_l, .style = TEXT_ROUGE, .takes_component = true},
    {.name = "levenshtein", .compare = compare_levenshtein},
    {.name = "numeric", .compare = compare_numeric, .extract = EXTRACT_FINAL_ANSWER},
    {.name = "choice",
     .compare = compare_choice,
     .style = TEXT_SQUAD,
     .extract = EXTRACT_FINAL_ANSWER},
};

/* In the order of METRICS. */
static const char *const METRIC_WORDS[] = {"exact",   "exact_match", "quasi_exact", "includes",
                                           "f1",      "f1_set",      "precision",   "recall",
                                           "rouge1",  "rouge2",      "rougeL",      "levenshtein",
                                           "numeric", "choice",      NULL};
static const char *const COMPONENT_WORDS[] = {"p", "r", "f", NULL};

static const struct json_field OPTIONS[] = {
    {"metric", JSON_KIND_STRING, true, offsetof(struct reference, metric_word), 0, 0, METRIC_WORDS},
    {"extract", JSON_KIND_STRING, false, offsetof(struct reference, extract_word), 0, 0,
     EXTRACT_WORDS},
    {"field", JSON_KIND_STRING, false, offsetof(struct reference, field), 0, 0, NULL},
    {"component", JSON_KIND_STRING, false, offsetof(struct reference, component), 0, 0,
     COMPONENT_WORDS},
    {"tolerance", JSON_KIND_NUMBER, false, offsetof(struct reference, tolerance), 0, 1, NULL},
    {"tolerance_absolute", JSON_KIND_NUMBER, false, offsetof(struct reference, tolerance_absolute),
     0, 1e300, NULL},
    {"ignore_case", JSON_KIND_BOOL, false, offsetof(struct reference, ignore_case), 0, 0, NULL},
};

/* Options that the chosen metric would silently ignore are mistakes. */
static bool check_combination(const struct reference *reference, const char *path,
                              struct problems *problems)
{
    const struct metric *metric = reference->metric;
    bool numeric = metric->compare == compare_numeric;
    bool by_case = metric->compare == compare_exact || metric->compare == compare_includes;
    bool fine = true;
    if (reference->component && !metric->takes_component)
        fine = problems_add(problems, path, "component is for rouge1, rouge2 and rougeL only");
    if ((reference->tolerance >= 0 || reference->tolerance_absolute >= 0) && !numeric)
        fine = problems_add(problems, path, "tolerance is for the metric numeric only");
    if (reference->ignore_case && !by_case)
        fine = problems_add(problems, path, "ignore_case is for exact and includes only");
    if (!reference->field[0])
        fine = problems_add(problems, path, "field must not be empty");
    return fine;
}

static bool configure(const json_t *options, const struct evaluator_context *context,
                      void **out_state, struct problems *problems)
{
    struct reference *reference = memory_new(1, sizeof *reference);
    *reference = (struct reference){
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
    return check_combination(reference, context->path, problems);
}

/* The best of several references; those that say nothing are left out. */
static struct score best_of(struct comparison *comparison)
{
    const char *why_not = NULL;
    double best = -1;
    for (size_t i = 0; i < comparison->sample->reference_count && best < 1; i++) {
        double value = 0;
        const char *why = comparison->options->metric->compare(
            comparison, comparison->sample->references[i], &value);
        if (why)
            why_not = why;
        else
            best = fmax(best, value);
    }
    return best < 0 ? score_without_value(SCORE_NOT_APPLICABLE, why_not) : score_value(best, NULL);
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)answered, (void)scratch, (void)error;
    const struct reference *options = state;
    struct comparison comparison = {.options = options, .sample = sample, .arena = arena};
    similarity_init(&comparison.similarity, arena);
    bool found = extract_answer(options->extract, options->field, sample->response, arena,
                                &comparison.answer);
    struct number number;
    bool numeric = options->metric->compare == compare_numeric;
    if (found && numeric && options->extract == EXTRACT_NONE)
        comparison.answer.marked = true; /* the operator says that the response is the number */
    bool number_found = found && numeric && number_of(comparison.answer, arena, &number);
    bool no_answer = !found || (numeric && !number_found && !comparison.answer.marked);
    if (no_answer) {
        *out = score_value(0, "no_answer");
        return true;
    }
    *out = best_of(&comparison);
    if (numeric && !number_found && out->status == SCORE_SCORED)
        out->reason = "not_a_number";
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
