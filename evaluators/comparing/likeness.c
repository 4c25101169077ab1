/* likeness: how alike the texts of responses are. */
#include "evaluators/comparing/comparing.h"

#include <math.h>
#include "schema/base/hash.h"
#include "evaluators/answers/similarity.h"
#include "evaluators/answers/text.h"

/* A hash without a secret: whoever keeps units keys them. */
const char *comparing_tokens(struct str answer, bool perturbed, struct arena *arena,
                             struct fingerprint *out)
{
    static const uint8_t no_key[SIPHASH_KEY_BYTES] = {0};
    struct text_tokens tokens;
    if (text_is_beyond_ascii(answer))
        return "no_ascii_tokens";
    if (!text_tokenise(TEXT_ROUGE, answer, arena, &tokens))
        return "too_long";
    uint64_t *units = arena_new(arena, tokens.count + 2, sizeof *units);
    size_t n = 0;
    if (perturbed)
        units[n++] = FINGERPRINT_NOTHING;
    for (size_t i = 0; i < tokens.count; i++) {
        uint64_t unit = hash_sip(no_key, tokens.items[i]);
        units[n++] = unit == FINGERPRINT_NOTHING ? 1 : unit;
    }
    *out = (struct fingerprint){units, n};
    return NULL;
}

static bool is_perturbed(const struct fingerprint *one)
{
    return one->count && one->units[0] == FINGERPRINT_NOTHING;
}

/* Without the mark in front. */
static struct sequence as_sequence(struct vocabulary *vocabulary, const struct fingerprint *one)
{
    size_t from = is_perturbed(one);
    struct str *tokens = arena_new(vocabulary->arena, one->count + 1, sizeof *tokens);
    for (size_t i = from; i < one->count; i++)
        tokens[i - from] = (struct str){(const char *)&one->units[i], sizeof one->units[i]};
    return vocabulary_sequence(vocabulary, tokens, one->count - from);
}

enum pairs {
    PAIRS_ALL,
    PAIRS_OF_ORIGINALS, /* both answer the original request */
    PAIRS_ACROSS,       /* one answers it, the other a changed one */
};

static bool is_asked_for(enum pairs which, const struct fingerprint *one,
                         const struct fingerprint *other)
{
    size_t perturbed = (size_t)is_perturbed(one) + is_perturbed(other);
    return which == PAIRS_ALL || perturbed == (which == PAIRS_ACROSS);
}

/* Mean ROUGE-L F of the pairs, of which there is one at least. The reason why not, otherwise. */
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
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++) {
            size_t length;
            if (!is_asked_for(which, &responses[i], &responses[j]))
                continue;
            if (!similarity_lcs(&similarity, answers[i], answers[j], vocabulary.count, &length))
                return "too_long";
            pairs[n++] = overlap_of(length, answers[i].count, answers[j].count).f;
        }
    *out = comparing_mean(pairs, n);
    return NULL;
}

struct score comparing_lexical(const struct fingerprint *responses, size_t count,
                               struct arena *arena)
{
    double value = 0;
    const char *why = mean_likeness(responses, count, PAIRS_ALL, arena, &value);
    return why ? score_without_value(SCORE_NOT_APPLICABLE, why) : score_value(value, NULL);
}

struct score comparing_robustness(const struct fingerprint *responses, size_t count,
                                  struct arena *arena)
{
    size_t perturbed = 0;
    for (size_t i = 0; i < count; i++)
        perturbed += is_perturbed(&responses[i]);
    if (perturbed == 0)
        return score_without_value(SCORE_NOT_APPLICABLE, "none_perturbed");
    if (count - perturbed < 2)
        return score_without_value(SCORE_NOT_APPLICABLE, "too_few_resamples");
    double across = 0, base = 0;
    const char *why = mean_likeness(responses, count, PAIRS_ACROSS, arena, &across);
    if (!why)
        why = mean_likeness(responses, count, PAIRS_OF_ORIGINALS, arena, &base);
    return why ? score_without_value(SCORE_NOT_APPLICABLE, why)
               : score_value(1 - fmax(0, base - across), NULL);
}
