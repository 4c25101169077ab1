/* metric_text: answer and reference as they stand: equal, included, so many edits apart. */
#include "evaluators/metrics/metric.h"

const char METRIC_TOO_LONG[] = "too_long";

static struct str prepared(const struct comparison *comparison, struct str text)
{
    return text_trim(comparison->options->ignore_case ? text_lower(text, comparison->arena) : text);
}

const char *compare_exact(struct comparison *comparison, struct str reference, struct nearness *out)
{
    *out = nearness_of(
        str_equal(prepared(comparison, comparison->answer.text), prepared(comparison, reference)));
    return NULL;
}

/* An empty text stands only in an empty answer. */
static bool contains(struct str answer, struct str text)
{
    return text.size == 0 ? answer.size == 0 : text_find(answer, text) < answer.size;
}

const char *compare_includes(struct comparison *comparison, struct str reference,
                             struct nearness *out)
{
    *out = nearness_of(
        contains(prepared(comparison, comparison->answer.text), prepared(comparison, reference)));
    return NULL;
}

/* The texts to look for: those of the rubric, in the form that both sides are compared in, or the
 * references. */
static bool wanted(struct comparison *comparison, const struct str **texts, size_t *count)
{
    const json_t *values = comparison->options->values;
    if (!values)
        return true;
    *count = json_array_size(values);
    struct str *items = arena_alloc(comparison->arena, *count * sizeof *items + 1);
    for (size_t i = 0; i < *count; i++) {
        const json_t *value = json_array_get(values, i);
        struct str text = {json_string_value(value), json_string_length(value)};
        if (!unicode_normalise(comparison->options->unicode, text, comparison->arena, &items[i]))
            return false;
    }
    *texts = items;
    return true;
}

static const char *count_contained(struct comparison *comparison, const struct str *texts,
                                   size_t *count, size_t *out_contained)
{
    if (!wanted(comparison, &texts, count))
        return METRIC_TOO_LONG;
    struct str answer = prepared(comparison, comparison->answer.text);
    *out_contained = 0;
    for (size_t i = 0; i < *count; i++)
        *out_contained += contains(answer, prepared(comparison, texts[i]));
    return NULL;
}

const char *compare_contains_all(struct comparison *comparison, const struct str *references,
                                 size_t count, struct nearness *out)
{
    size_t contained;
    const char *why = count_contained(comparison, references, &count, &contained);
    if (!why)
        *out = nearness_of(contained == count);
    return why;
}

const char *compare_contains_any(struct comparison *comparison, const struct str *references,
                                 size_t count, struct nearness *out)
{
    size_t contained;
    const char *why = count_contained(comparison, references, &count, &contained);
    if (!why)
        *out = nearness_of(contained > 0);
    return why;
}

const char *compare_levenshtein(struct comparison *comparison, struct str reference,
                                struct nearness *out)
{
    struct vocabulary vocabulary;
    vocabulary_init(&vocabulary, comparison->arena);
    struct sequence left = vocabulary_code_points(&vocabulary, comparison->answer.text);
    struct sequence right = vocabulary_code_points(&vocabulary, reference);
    size_t distance, longer = left.count > right.count ? left.count : right.count;
    if (!similarity_levenshtein(&comparison->similarity, left, right, vocabulary.count, &distance))
        return METRIC_TOO_LONG;
    *out = nearness_of(longer == 0 ? 1 : 1 - (double)distance / (double)longer);
    return NULL;
}
