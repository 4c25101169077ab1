/* metric_chrf: chrF of one sentence as sacrebleu computes it, divided by 100. */
#include "evaluators/metrics/metric.h"

#include <string.h>
#include "schema/base/utf8.h"
#include "evaluators/answers/ngrams.h"

enum {
    CHARACTER_ORDERS = 6,
    BETA = 2,        /* recall counts twice as much as precision */
    NGRAM_STEPS = 8, /* of the budget: numbering an n-gram costs a look into memory */
};

/* Precisions and recalls of the orders that both sides have. */
struct means {
    double precision, recall; /* sums */
    unsigned orders;
};

static void add_orders(struct sequence answer, struct sequence reference, uint32_t id_count,
                       size_t orders, struct arena *arena, struct means *means)
{
    struct ngrams ngrams;
    ngrams_init(&ngrams, answer.count + reference.count, arena);
    struct sequence left = answer, right = reference;
    for (size_t n = 1; n <= orders && left.count > 0 && right.count > 0; n++) {
        struct overlap overlap = similarity_multiset(left, right, id_count, arena);
        means->precision += overlap.precision;
        means->recall += overlap.recall;
        means->orders++;
        ngrams_reset(&ngrams);
        left = ngrams_longer(&ngrams, left, answer);
        right = ngrams_longer(&ngrams, right, reference);
        id_count = ngrams.count;
    }
}

static struct str without_space(struct str text, struct arena *arena)
{
    char *kept = arena_alloc(arena, text.size + 1);
    size_t size = 0;
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        bool space = text_is_space(utf8_next(text, &at));
        memcpy(kept + size, text.data + start, at - start);
        size += space ? 0 : at - start;
    }
    return (struct str){kept, size};
}

static bool is_punctuation(char c)
{
    return c && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c);
}

/* Words at white space; of one longer than a character its last punctuation sign stands alone, or
 * else its first. */
static bool read_words(struct str text, struct arena *arena, struct text_tokens *out)
{
    struct text_tokens words;
    if (!text_split(text, arena, &words))
        return false;
    struct str *items = arena_alloc(arena, 2 * words.count * sizeof *items + 1);
    size_t count = 0;
    for (size_t i = 0; i < words.count; i++) {
        struct str word = words.items[i];
        size_t cut = 0, first = 0;
        utf8_next(word, &first);
        if (first < word.size && is_punctuation(word.data[word.size - 1]))
            cut = word.size - 1;
        else if (first < word.size && is_punctuation(word.data[0]))
            cut = 1;
        if (cut > 0)
            items[count++] = (struct str){word.data, cut};
        items[count++] = (struct str){word.data + cut, word.size - cut};
    }
    *out = (struct text_tokens){items, count};
    return true;
}

static bool add_words(struct comparison *comparison, struct str reference, struct means *means)
{
    struct text_tokens answer, expected;
    struct vocabulary vocabulary;
    if (!read_words(comparison->answer.text, comparison->arena, &answer) ||
        !read_words(reference, comparison->arena, &expected))
        return false;
    vocabulary_init(&vocabulary, comparison->arena);
    struct sequence left = vocabulary_sequence(&vocabulary, answer.items, answer.count);
    struct sequence right = vocabulary_sequence(&vocabulary, expected.items, expected.count);
    add_orders(left, right, vocabulary.count, (size_t)comparison->options->word_order,
               comparison->arena, means);
    return true;
}

const char *compare_chrf(struct comparison *comparison, struct str reference, struct nearness *out)
{
    struct arena *arena = comparison->arena;
    struct means means = {0};
    struct str answer = comparison->answer.text;
    uint64_t steps = (answer.size + reference.size) * CHARACTER_ORDERS * NGRAM_STEPS;
    if (!similarity_spend(&comparison->similarity, steps))
        return METRIC_TOO_LONG;
    struct vocabulary characters;
    vocabulary_init(&characters, arena);
    struct sequence left = vocabulary_code_points(&characters, without_space(answer, arena));
    struct sequence right = vocabulary_code_points(&characters, without_space(reference, arena));
    add_orders(left, right, characters.count, CHARACTER_ORDERS, arena, &means);
    if (comparison->options->word_order > 0 && !add_words(comparison, reference, &means))
        return METRIC_TOO_LONG;
    double precision = means.precision, recall = means.recall; /* their ratio is all that counts */
    double f = 0;
    if (precision + recall > 0)
        f = (1 + BETA * BETA) * precision * recall /
            ((BETA * BETA * precision + recall) * means.orders);
    *out = nearness_of(f);
    return NULL;
}
