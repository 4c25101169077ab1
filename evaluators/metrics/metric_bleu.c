/* metric_bleu: BLEU of one sentence as sacrebleu computes it, divided by 100. */
#include "evaluators/metrics/metric.h"

#include <math.h>
#include "evaluators/answers/mteval.h"
#include "evaluators/answers/ngrams.h"

enum {
    ORDERS = 4,
    NGRAM_STEPS = 8, /* of the budget: numbering an n-gram costs a look into memory */
};

/* Answer and references as sequences over one vocabulary; the answer comes first. */
struct texts {
    struct sequence *items;  /* of tokens */
    struct sequence *ngrams; /* of the order at hand */
    size_t count, tokens;
    uint32_t id_count;
};

static bool read_texts(struct comparison *comparison, const struct str *references, size_t count,
                       struct texts *out)
{
    struct arena *arena = comparison->arena;
    struct vocabulary vocabulary;
    vocabulary_init(&vocabulary, arena);
    *out = (struct texts){.count = count + 1};
    out->items = arena_new(arena, out->count, sizeof *out->items);
    out->ngrams = arena_new(arena, out->count, sizeof *out->ngrams);
    for (size_t i = 0; i < out->count; i++) {
        struct text_tokens tokens;
        struct str text = i == 0 ? comparison->answer.text : references[i - 1];
        if (comparison->options->any_script ? !metric_tokenise(comparison, text, &tokens)
                                            : !mteval_tokenise(text, arena, &tokens))
            return false;
        out->ngrams[i] = out->items[i] =
            vocabulary_sequence(&vocabulary, tokens.items, tokens.count);
        out->tokens += tokens.count;
    }
    out->id_count = vocabulary.count;
    return similarity_spend(&comparison->similarity, out->tokens * ORDERS * NGRAM_STEPS);
}

/* N-grams of the answer that a reference has too: each at most as often as it stands in the
 * reference that has it most often. */
static size_t clipped_matches(const struct texts *texts, struct arena *arena)
{
    size_t room = (size_t)texts->id_count + 1, matches = 0;
    uint32_t *most = arena_new(arena, room, sizeof *most);
    for (size_t i = 1; i < texts->count; i++) {
        uint32_t *counts = arena_new(arena, room, sizeof *counts);
        for (size_t j = 0; j < texts->ngrams[i].count; j++) {
            uint32_t id = texts->ngrams[i].ids[j];
            if (++counts[id] > most[id])
                most[id] = counts[id];
        }
    }
    for (size_t j = 0; j < texts->ngrams[0].count; j++) {
        uint32_t id = texts->ngrams[0].ids[j];
        if (most[id] > 0) {
            most[id]--;
            matches++;
        }
    }
    return matches;
}

/* The length of the reference that is nearest to the answer's; the shorter of two as near. */
static size_t nearest_length(const struct texts *texts)
{
    size_t length = texts->items[0].count, nearest = texts->items[1].count;
    for (size_t i = 2; i < texts->count; i++) {
        size_t other = texts->items[i].count;
        size_t distance = other > length ? other - length : length - other;
        size_t best = nearest > length ? nearest - length : length - nearest;
        if (distance < best || (distance == best && other < nearest))
            nearest = other;
    }
    return nearest;
}

/* Mean over the orders the answer is long enough for ("effective order"); the k-th order without a
 * match counts as half a match to the k-th power ("exp" smoothing). No match at all is 0. */
static double bleu(const size_t matches[ORDERS], const size_t totals[ORDERS], double reference)
{
    double log_sum = 0, smoothing = 1;
    size_t orders = 0, matched = 0;
    while (orders < ORDERS && totals[orders] > 0) {
        double share = (double)matches[orders];
        if (matches[orders] == 0)
            share = smoothing /= 2;
        matched += matches[orders];
        log_sum += log(share / (double)totals[orders++]);
    }
    if (matched == 0)
        return 0;
    double length = (double)totals[0];
    double brevity = length < reference ? exp(1 - reference / length) : 1;
    return fmin(1, brevity * exp(log_sum / (double)orders));
}

const char *compare_bleu(struct comparison *comparison, const struct str *references, size_t count,
                         struct nearness *out)
{
    struct texts texts;
    if (!read_texts(comparison, references, count, &texts))
        return METRIC_TOO_LONG;
    struct ngrams ngrams;
    ngrams_init(&ngrams, texts.tokens, comparison->arena);
    size_t matches[ORDERS], totals[ORDERS];
    for (size_t n = 0; n < ORDERS; n++) {
        for (size_t i = 0; n > 0 && i < texts.count; i++)
            texts.ngrams[i] = ngrams_longer(&ngrams, texts.ngrams[i], texts.items[i]);
        if (n > 0)
            texts.id_count = ngrams.count;
        matches[n] = clipped_matches(&texts, comparison->arena);
        totals[n] = texts.ngrams[0].count;
        ngrams_reset(&ngrams);
    }
    *out = nearness_of(bleu(matches, totals, (double)nearest_length(&texts)));
    return NULL;
}
