/* metric_text: answer and reference as they stand: equal, included, so many edits apart. */
#include "evaluators/metrics/metric.h"

const char METRIC_TOO_LONG[] = "too_long";

static struct str prepared(const struct comparison *comparison, struct str text)
{
    return text_trim(comparison->options->ignore_case ? text_lower(text, comparison->arena) : text);
}

const char *compare_exact(struct comparison *comparison, struct str reference, struct nearness *out)
{
    *out = nearness_of(str_equal(prepared(comparison, comparison->answer.text),
                                 prepared(comparison, reference)));
    return NULL;
}

/* The reference stands in the answer; an empty one only in an empty answer. */
const char *compare_includes(struct comparison *comparison, struct str reference,
                             struct nearness *out)
{
    struct str answer = prepared(comparison, comparison->answer.text);
    reference = prepared(comparison, reference);
    bool included =
        reference.size == 0 ? answer.size == 0 : text_find(answer, reference) < answer.size;
    *out = nearness_of(included);
    return NULL;
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
