/* metric_tokens: answer and reference as tokens: the same, or so many in common. */
#include "evaluators/metrics/metric.h"

#include "evaluators/answers/stem.h"

enum { STEMMED_FROM = 4 }; /* characters: rouge_scorer leaves shorter tokens alone */

/* English endings are those of ASCII letters. */
static bool is_stemmed(struct str token)
{
    for (size_t i = 0; i < token.size; i++)
        if (token.data[i] & 0x80)
            return false;
    return token.size >= STEMMED_FROM;
}

bool metric_tokenise(const struct comparison *comparison, struct str text, struct text_tokens *out)
{
    struct arena *arena = comparison->arena;
    enum text_style style =
        comparison->options->any_script ? TEXT_WORDS : comparison->metric->style;
    if (!text_tokenise(style, text, arena, out))
        return false;
    if (!comparison->options->stemmer)
        return true;
    struct str *stems = arena_alloc(arena, out->count * sizeof *stems + 1);
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++) {
        struct str token = out->items[i];
        stems[count] = is_stemmed(token) ? stem_porter(token, arena) : token;
        count += stems[count].size > 0;
    }
    *out = (struct text_tokens){stems, count};
    return true;
}

struct nearness metric_part(const struct comparison *comparison, struct overlap overlap)
{
    const char *component = comparison->options->component;
    if (comparison->metric->part == PART_P)
        return nearness_of(overlap.precision);
    if (comparison->metric->part == PART_R)
        return nearness_of(overlap.recall);
    double value = overlap.f;
    if (component && component[0] != 'f')
        value = component[0] == 'p' ? overlap.precision : overlap.recall;
    return (struct nearness){value, overlap.f};
}

const char *compare_tokens_equal(struct comparison *comparison, struct str reference,
                                 struct nearness *out)
{
    struct text_tokens left, right;
    if (!metric_tokenise(comparison, comparison->answer.text, &left) ||
        !metric_tokenise(comparison, reference, &right))
        return METRIC_TOO_LONG;
    bool equal = left.count == right.count;
    for (size_t i = 0; equal && i < left.count; i++)
        equal = str_equal(left.items[i], right.items[i]);
    *out = nearness_of(equal);
    return NULL;
}

typedef struct overlap overlap_function(struct sequence, struct sequence, uint32_t, struct arena *);

static const char *compare_overlap(struct comparison *comparison, struct str reference,
                                   overlap_function *overlap_of_both, struct nearness *out)
{
    struct vocabulary vocabulary;
    struct text_tokens answer, expected;
    if (!metric_tokenise(comparison, comparison->answer.text, &answer) ||
        !metric_tokenise(comparison, reference, &expected))
        return METRIC_TOO_LONG;
    vocabulary_init(&vocabulary, comparison->arena);
    struct sequence left = vocabulary_sequence(&vocabulary, answer.items, answer.count);
    struct sequence right = vocabulary_sequence(&vocabulary, expected.items, expected.count);
    *out =
        metric_part(comparison, overlap_of_both(left, right, vocabulary.count, comparison->arena));
    return NULL;
}

const char *compare_multiset(struct comparison *comparison, struct str reference,
                             struct nearness *out)
{
    return compare_overlap(comparison, reference, similarity_multiset, out);
}

const char *compare_set(struct comparison *comparison, struct str reference, struct nearness *out)
{
    return compare_overlap(comparison, reference, similarity_set, out);
}
