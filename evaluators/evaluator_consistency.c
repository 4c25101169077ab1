/* consistency: do several responses to one request say the same? */
#include "evaluators/consistency.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include "schema/base/hash.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "evaluators/evaluator.h"
#include "evaluators/answers/extract.h"
#include "evaluators/answers/numbers.h"
#include "evaluators/answers/similarity.h"
#include "evaluators/answers/text.h"

enum { RESPONSES_MAX = CONSISTENCY_CLASSES_MAX };

struct consistency {
    const char *metric_word, *extract_word, *field;
    enum consistency_metric metric;
    enum extract extract;
    int64_t group_size; /* 0: only records can say */
};

/* In the order of enum consistency_metric. */
static const char *const METRIC_WORDS[] = {"agreement",        "majority",   "lexical",
                                           "semantic_entropy", "robustness", NULL};

static const struct json_field OPTIONS[] = {
    {"metric", JSON_KIND_STRING, true, offsetof(struct consistency, metric_word), 0, 0,
     METRIC_WORDS},
    {"extract", JSON_KIND_STRING, false, offsetof(struct consistency, extract_word), 0, 0,
     EXTRACT_WORDS},
    {"field", JSON_KIND_STRING, false, offsetof(struct consistency, field), 0, 0, NULL},
    {"group_size", JSON_KIND_INT, false, offsetof(struct consistency, group_size), 2, RESPONSES_MAX,
     NULL},
};

static bool configure(const json_t *options, const struct evaluator_context *context,
                      void **out_state, struct problems *problems)
{
    struct consistency *consistency = memory_new(1, sizeof *consistency);
    *consistency = (struct consistency){.extract_word = "none", .field = "answer"};
    *out_state = consistency;
    if (!json_read_fields(options, OPTIONS, sizeof OPTIONS / sizeof *OPTIONS, consistency,
                          context->path, problems))
        return false;
    if (!consistency->field[0])
        return problems_add(problems, context->path, "field must not be empty");
    while (strcmp(METRIC_WORDS[consistency->metric], consistency->metric_word) != 0)
        consistency->metric++;
    consistency->extract = extract_of(consistency->extract_word);
    return true;
}

/* A number as its decimal, anything else trimmed and in lower case. A text that looks like a
 * canonical decimal is that number, so the two cannot be mistaken. */
static struct str canonical(struct str answer, struct arena *arena)
{
    struct number number;
    if (number_whole_text(answer, arena, &number))
        return number_canonical(&number, arena);
    return text_lower(text_trim(answer), arena);
}

static bool needs_texts(enum consistency_metric metric)
{
    return metric == CONSISTENCY_LEXICAL || metric == CONSISTENCY_ROBUSTNESS;
}

/* ---- what is compared ---- */

/* One unit: the canonical answer's SHA-256, cut to 64 bits. */
static void class_unit(struct str answer, struct arena *arena, uint64_t *out)
{
    struct str text = canonical(answer, arena);
    if (!text.size)
        return;
    uint8_t digest[SHA256_BYTES];
    hash_sha256(text, digest);
    uint64_t unit = 0;
    for (size_t i = 0; i < sizeof unit; i++)
        unit = unit << 8 | digest[i];
    *out = unit == FINGERPRINT_NOTHING ? 1 : unit;
}

/* One unit a token. A hash without a secret: whoever keeps units keys them. */
static const char *token_units(struct str answer, struct arena *arena, struct fingerprint *out)
{
    static const uint8_t no_key[SIPHASH_KEY_BYTES] = {0};
    struct text_tokens tokens;
    if (text_is_beyond_ascii(answer))
        return "no_ascii_tokens";
    if (!text_tokenise(TEXT_ROUGE, answer, arena, &tokens))
        return "too_long";
    uint64_t *units = arena_new(arena, tokens.count + 1, sizeof *units);
    for (size_t i = 0; i < tokens.count; i++) {
        uint64_t unit = hash_sip(no_key, tokens.items[i]);
        units[i] = unit == FINGERPRINT_NOTHING ? 1 : unit;
    }
    *out = (struct fingerprint){units, tokens.count};
    return NULL;
}

static const char *fingerprint(const void *state, struct str response, struct arena *arena,
                               struct fingerprint *out)
{
    const struct consistency *consistency = state;
    struct extracted answer;
    bool found = extract_answer(consistency->extract, consistency->field, response, arena, &answer);
    if (needs_texts(consistency->metric))
        return token_units(found ? answer.text : STR(""), arena, out);
    uint64_t *unit = arena_new(arena, 1, sizeof *unit);
    *unit = FINGERPRINT_NOTHING;
    if (found)
        class_unit(answer.text, arena, unit);
    *out = (struct fingerprint){unit, 1};
    return NULL;
}

/* ---- comparing ---- */

static int ascending(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* To the last bit: sums of doubles depend on their order. */
static double sum_in_any_order(double *values, size_t count)
{
    double sum = 0;
    qsort(values, count, sizeof *values, ascending);
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* In nats. */
static double entropy(const uint32_t *counts, size_t n, double total)
{
    double terms[CONSISTENCY_CLASSES_MAX];
    assert(n <= CONSISTENCY_CLASSES_MAX);
    for (size_t i = 0; i < n; i++) {
        double share = counts[i] / total;
        terms[i] = share > 0 ? -share * log(share) : 0;
    }
    return sum_in_any_order(terms, n);
}

double consistency_from_counts(enum consistency_metric metric, const uint32_t *counts, size_t n)
{
    double total = 0, pairs = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        double count = counts[i];
        total += count;
        pairs += count * (count - 1);
        most = fmax(most, count);
    }
    if (total < 2 || needs_texts(metric))
        return NAN;
    if (metric == CONSISTENCY_SEMANTIC_ENTROPY)
        return fmax(0, 1 - entropy(counts, n, total) / log(total));
    return metric == CONSISTENCY_AGREEMENT ? pairs / (total * (total - 1)) : most / total;
}

static struct score compare_classes(const struct consistency *consistency,
                                    const struct fingerprint *responses, size_t count)
{
    uint64_t classes[RESPONSES_MAX];
    uint32_t counts[RESPONSES_MAX] = {0};
    size_t n = 0, answers = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t unit = responses[i].units[0];
        size_t at = 0;
        while (at < n && (classes[at] != unit || unit == FINGERPRINT_NOTHING))
            at++;
        if (at == n)
            classes[n++] = unit;
        counts[at]++;
        answers += unit != FINGERPRINT_NOTHING;
    }
    double value = consistency_from_counts(consistency->metric, counts, n);
    return score_value(value, answers == 0 ? "no_answer" : NULL);
}

static struct sequence as_sequence(struct vocabulary *vocabulary, const struct fingerprint *one)
{
    struct str *tokens = arena_new(vocabulary->arena, one->count + 1, sizeof *tokens);
    for (size_t i = 0; i < one->count; i++)
        tokens[i] = (struct str){(const char *)&one->units[i], sizeof one->units[i]};
    return vocabulary_sequence(vocabulary, tokens, one->count);
}

/* Mean ROUGE-L F of the pairs within responses[from] .. [count - 1], or of the one at `from` with
 * all behind it. The reason why not, otherwise. */
enum pairs { PAIRS_ALL, PAIRS_OF_FIRST };

static const char *mean_likeness(const struct fingerprint *responses, size_t count,
                                 enum pairs which, struct arena *arena, double *out)
{
    struct sequence answers[RESPONSES_MAX];
    struct vocabulary vocabulary;
    struct similarity similarity;
    vocabulary_init(&vocabulary, arena);
    similarity_init(&similarity, arena);
    for (size_t i = 0; i < count; i++)
        answers[i] = as_sequence(&vocabulary, &responses[i]);
    double *pairs = arena_new(arena, count * count / 2 + 1, sizeof *pairs);
    size_t n = 0, firsts = which == PAIRS_ALL ? count : 1;
    for (size_t i = 0; i < firsts; i++)
        for (size_t j = i + 1; j < count; j++) {
            size_t length;
            if (!similarity_lcs(&similarity, answers[i], answers[j], vocabulary.count, &length))
                return "too_long";
            pairs[n++] = overlap_of(length, answers[i].count, answers[j].count).f;
        }
    *out = sum_in_any_order(pairs, n) / (double)n;
    return NULL;
}

static struct score compare_lexical(const struct fingerprint *responses, size_t count,
                                    struct arena *arena)
{
    double value = 0;
    const char *why = mean_likeness(responses, count, PAIRS_ALL, arena, &value);
    return why ? score_without_value(SCORE_NOT_APPLICABLE, why) : score_value(value, NULL);
}

/* The first is the response, which answers a changed request; the others answer the original. */
static struct score compare_robustness(const struct fingerprint *responses, size_t count,
                                       struct arena *arena)
{
    if (count < 3)
        return score_without_value(SCORE_NOT_APPLICABLE, "too_few_resamples");
    double own = 0, base = 0;
    const char *why = mean_likeness(responses, count, PAIRS_OF_FIRST, arena, &own);
    if (!why)
        why = mean_likeness(responses + 1, count - 1, PAIRS_ALL, arena, &base);
    return why ? score_without_value(SCORE_NOT_APPLICABLE, why)
               : score_value(1 - fmax(0, base - own), NULL);
}

static struct score compare_by_metric(const struct consistency *consistency,
                                      const struct fingerprint *responses, size_t count,
                                      struct arena *arena)
{
    switch (consistency->metric) {
    case CONSISTENCY_LEXICAL:
        return compare_lexical(responses, count, arena);
    case CONSISTENCY_ROBUSTNESS:
        return compare_robustness(responses, count, arena);
    default:
        return compare_classes(consistency, responses, count);
    }
}

/* A group that arrives as records of its own: no response of it is the first. */
static bool compare(const void *state, const struct fingerprint *responses, size_t count,
                    struct arena *arena, struct score *out, struct error *error)
{
    const struct consistency *consistency = state;
    if (count > RESPONSES_MAX)
        return error_set(error, ERROR_INPUT, "more than %d resamples", SAMPLE_RESAMPLES_MAX);
    *out = consistency->metric == CONSISTENCY_ROBUSTNESS
               ? score_without_value(SCORE_NOT_APPLICABLE, "not_in_one_record")
               : compare_by_metric(consistency, responses, count, arena);
    return true;
}

/* The response and its resamples, all in one record. */
static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)answered, (void)scratch;
    size_t count = 1 + sample->resample_count;
    if (count > RESPONSES_MAX)
        return error_set(error, ERROR_INPUT, "more than %d resamples", SAMPLE_RESAMPLES_MAX);
    struct fingerprint *responses = arena_new(arena, count, sizeof *responses);
    for (size_t i = 0; i < count; i++) {
        struct str response = i == 0 ? sample->response : sample->resamples[i - 1];
        const char *why_not = fingerprint(state, response, arena, &responses[i]);
        if (why_not) {
            *out = score_without_value(SCORE_NOT_APPLICABLE, why_not);
            return true;
        }
    }
    *out = compare_by_metric(state, responses, count, arena);
    return true;
}

static size_t group_size(const void *state)
{
    return (size_t)((const struct consistency *)state)->group_size;
}

const struct evaluator evaluator_consistency = {
    .name = "consistency",
    .summary = "do several responses to one request say the same?",
    .needs = NEEDS_RESAMPLES,
    .configure = configure,
    .score = score,
    .fingerprint = fingerprint,
    .compare = compare,
    .group_size = group_size,
    .release = free,
};
