/* metric_rouge: ROUGE as Google's rouge_scorer computes it. */
#include "evaluators/metrics/metric.h"

#include "evaluators/answers/ngrams.h"

/* Both sides as sequences over one vocabulary. */
struct sides {
    struct vocabulary vocabulary;
    struct sequence answer, reference;
};

/* ROUGE's own tokeniser knows no other script: its 0 would say nothing of the answer. */
static bool is_unseen(const struct comparison *comparison, struct str reference)
{
    return !comparison->options->any_script &&
           (text_is_beyond_ascii(comparison->answer.text) || text_is_beyond_ascii(reference));
}

static const char *read_sides(struct comparison *comparison, struct str reference,
                              struct sides *out)
{
    struct text_tokens answer, expected;
    if (is_unseen(comparison, reference))
        return "no_ascii_tokens";
    if (!metric_tokenise(comparison, comparison->answer.text, &answer) ||
        !metric_tokenise(comparison, reference, &expected))
        return METRIC_TOO_LONG;
    vocabulary_init(&out->vocabulary, comparison->arena);
    out->answer = vocabulary_sequence(&out->vocabulary, answer.items, answer.count);
    out->reference = vocabulary_sequence(&out->vocabulary, expected.items, expected.count);
    return NULL;
}

const char *compare_rouge_n(struct comparison *comparison, struct str reference,
                            struct nearness *out)
{
    struct sides sides;
    const char *why = read_sides(comparison, reference, &sides);
    if (why)
        return why;
    struct sequence left = sides.answer, right = sides.reference;
    uint32_t id_count = sides.vocabulary.count;
    struct ngrams ngrams;
    if (comparison->metric->n > 1)
        ngrams_init(&ngrams, left.count + right.count, comparison->arena);
    for (size_t n = 2; n <= comparison->metric->n; n++) {
        ngrams_reset(&ngrams);
        left = ngrams_longer(&ngrams, left, sides.answer);
        right = ngrams_longer(&ngrams, right, sides.reference);
        id_count = ngrams.count;
    }
    *out = metric_part(comparison, similarity_multiset(left, right, id_count, comparison->arena));
    return NULL;
}

const char *compare_rouge_l(struct comparison *comparison, struct str reference,
                            struct nearness *out)
{
    struct sides sides;
    const char *why = read_sides(comparison, reference, &sides);
    if (why)
        return why;
    size_t length;
    if (!similarity_lcs(&comparison->similarity, sides.answer, sides.reference,
                        sides.vocabulary.count, &length))
        return METRIC_TOO_LONG;
    *out = metric_part(comparison, overlap_of(length, sides.answer.count, sides.reference.count));
    return NULL;
}

/* The lines of a text that have tokens, each a sequence. */
struct lines {
    struct sequence *items;
    size_t count, tokens;
};

static bool read_lines(const struct comparison *comparison, struct str text,
                       struct vocabulary *vocabulary, struct lines *out)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    *out = (struct lines){arena_alloc(comparison->arena, lines * sizeof *out->items), 0, 0};
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        struct str line = {text.data, end ? (size_t)(end - text.data) : text.size};
        size_t taken = line.size + (end != NULL);
        text = (struct str){text.data + taken, text.size - taken};
        struct text_tokens tokens;
        if (!metric_tokenise(comparison, line, &tokens))
            return false;
        if (tokens.count == 0)
            continue;
        out->items[out->count++] = vocabulary_sequence(vocabulary, tokens.items, tokens.count);
        out->tokens += tokens.count;
    }
    return true;
}

/* How often each token stands in the lines. */
static uint32_t *count_tokens(const struct lines *lines, uint32_t id_count, struct arena *arena)
{
    uint32_t *counts = arena_new(arena, (size_t)id_count + 1, sizeof *counts);
    for (size_t i = 0; i < lines->count; i++)
        for (size_t j = 0; j < lines->items[i].count; j++)
            counts[lines->items[i].ids[j]]++;
    return counts;
}

/* The union of each reference line's common subsequences with all lines of the answer. A token
 * counts at most as often as the answer has it, as in ROUGE 1.5.5. */
static bool union_lcs(struct comparison *comparison, const struct lines *answer,
                      const struct lines *reference, uint32_t id_count, size_t *out_hits)
{
    struct arena *arena = comparison->arena;
    uint32_t *remaining = count_tokens(answer, id_count, arena);
    size_t hits = 0;
    for (size_t i = 0; i < reference->count; i++) {
        struct sequence line = reference->items[i];
        bool *in_union = arena_new(arena, line.count, sizeof *in_union);
        for (size_t j = 0; j < answer->count; j++)
            if (!similarity_lcs_mark(&comparison->similarity, line, answer->items[j], id_count,
                                     in_union))
                return false;
        for (size_t k = 0; k < line.count; k++) {
            uint32_t id = line.ids[k];
            if (!in_union[k] || remaining[id] == 0)
                continue;
            remaining[id]--;
            hits++;
        }
    }
    *out_hits = hits;
    return true;
}

const char *compare_rouge_lsum(struct comparison *comparison, struct str reference,
                               struct nearness *out)
{
    struct vocabulary vocabulary;
    struct lines answer, expected;
    size_t hits;
    if (is_unseen(comparison, reference))
        return "no_ascii_tokens";
    vocabulary_init(&vocabulary, comparison->arena);
    if (!read_lines(comparison, comparison->answer.text, &vocabulary, &answer) ||
        !read_lines(comparison, reference, &vocabulary, &expected) ||
        !union_lcs(comparison, &answer, &expected, vocabulary.count, &hits))
        return METRIC_TOO_LONG;
    *out = metric_part(comparison, overlap_of(hits, answer.tokens, expected.tokens));
    return NULL;
}
