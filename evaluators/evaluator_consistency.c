/* consistency: do several responses to one request say the same? */
#include "evaluators/consistency.h"

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

enum { RESPONSES_MAX = SAMPLE_RESAMPLES_MAX + 1 };

struct consistency {
    const char *metric_word, *extract_word, *field;
    enum consistency_metric metric;
    enum extract extract;
};

/* In the order of enum consistency_metric. */
static const char *const METRIC_WORDS[] = {"agreement", "majority", "lexical", NULL};

static const struct json_field OPTIONS[] = {
    {"metric", JSON_KIND_STRING, true, offsetof(struct consistency, metric_word), 0, 0,
     METRIC_WORDS},
    {"extract", JSON_KIND_STRING, false, offsetof(struct consistency, extract_word), 0, 0,
     EXTRACT_WORDS},
    {"field", JSON_KIND_STRING, false, offsetof(struct consistency, field), 0, 0, NULL},
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

enum consistency_metric consistency_metric_of(const void *state)
{
    return ((const struct consistency *)state)->metric;
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

uint64_t consistency_fingerprint(const void *state, struct str response, struct arena *arena)
{
    const struct consistency *consistency = state;
    struct extracted answer;
    if (!extract_answer(consistency->extract, consistency->field, response, arena, &answer))
        return CONSISTENCY_NO_ANSWER;
    struct str text = canonical(answer.text, arena);
    if (!text.size)
        return CONSISTENCY_NO_ANSWER;
    uint8_t digest[SHA256_BYTES];
    hash_sha256(text, digest);
    uint64_t fingerprint = 0;
    for (size_t i = 0; i < sizeof fingerprint; i++)
        fingerprint = fingerprint << 8 | digest[i];
    return fingerprint == CONSISTENCY_NO_ANSWER ? 1 : fingerprint;
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
    if (total < 2 || metric == CONSISTENCY_LEXICAL)
        return NAN;
    return metric == CONSISTENCY_AGREEMENT ? pairs / (total * (total - 1)) : most / total;
}

/* The response first, then its resamples. */
static struct str response_at(const struct sample *sample, size_t i)
{
    return i == 0 ? sample->response : sample->resamples[i - 1];
}

static struct score score_classes(const struct consistency *consistency,
                                  const struct sample *sample, size_t k, struct arena *arena)
{
    uint64_t classes[RESPONSES_MAX];
    uint32_t counts[RESPONSES_MAX] = {0};
    size_t n = 0, answers = 0;
    for (size_t i = 0; i < k; i++) {
        uint64_t fingerprint = consistency_fingerprint(consistency, response_at(sample, i), arena);
        size_t at = 0;
        while (at < n && (classes[at] != fingerprint || fingerprint == CONSISTENCY_NO_ANSWER))
            at++;
        if (at == n)
            classes[n++] = fingerprint;
        counts[at]++;
        answers += fingerprint != CONSISTENCY_NO_ANSWER;
    }
    double value = consistency_from_counts(consistency->metric, counts, n);
    return score_value(value, answers == 0 ? "no_answer" : NULL);
}

/* The answers as sequences over one vocabulary; the reason why not, otherwise. */
static const char *answer_sequences(const struct consistency *consistency,
                                    const struct sample *sample, size_t k,
                                    struct vocabulary *vocabulary, struct sequence *out)
{
    struct arena *arena = vocabulary->arena;
    for (size_t i = 0; i < k; i++) {
        struct extracted answer;
        struct text_tokens tokens;
        if (!extract_answer(consistency->extract, consistency->field, response_at(sample, i), arena,
                            &answer))
            answer.text = STR("");
        if (text_is_beyond_ascii(answer.text))
            return "no_ascii_tokens";
        if (!text_tokenise(TEXT_ROUGE, answer.text, arena, &tokens))
            return "too_long";
        out[i] = vocabulary_sequence(vocabulary, tokens.items, tokens.count);
    }
    return NULL;
}

static struct score score_lexical(const struct consistency *consistency,
                                  const struct sample *sample, size_t k, struct arena *arena)
{
    struct sequence answers[RESPONSES_MAX];
    struct vocabulary vocabulary;
    struct similarity similarity;
    vocabulary_init(&vocabulary, arena);
    similarity_init(&similarity, arena);
    const char *why = answer_sequences(consistency, sample, k, &vocabulary, answers);
    if (why)
        return score_without_value(SCORE_NOT_APPLICABLE, why);
    double sum = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = i + 1; j < k; j++) {
            size_t length;
            if (!similarity_lcs(&similarity, answers[i], answers[j], vocabulary.count, &length))
                return score_without_value(SCORE_NOT_APPLICABLE, "too_long");
            sum += overlap_of(length, answers[i].count, answers[j].count).f;
        }
    return score_value(sum / ((double)k * (double)(k - 1) / 2), NULL);
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)answered, (void)scratch;
    const struct consistency *consistency = state;
    size_t k = 1 + sample->resample_count;
    if (k > RESPONSES_MAX)
        return error_set(error, ERROR_INPUT, "more than %d resamples", SAMPLE_RESAMPLES_MAX);
    *out = consistency->metric == CONSISTENCY_LEXICAL
               ? score_lexical(consistency, sample, k, arena)
               : score_classes(consistency, sample, k, arena);
    return true;
}

const struct evaluator evaluator_consistency = {
    .name = "consistency",
    .summary = "do several responses to one request say the same?",
    .needs = NEEDS_RESAMPLES,
    .configure = configure,
    .score = score,
    .release = free,
};
