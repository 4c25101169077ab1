/* classes: responses that give the same answer, counted. */
#include "evaluators/comparing/comparing.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include "schema/base/hash.h"
#include "evaluators/answers/numbers.h"
#include "evaluators/answers/text.h"

/* A text that looks like a canonical decimal is that number, so the two cannot be mistaken. */
struct str comparing_canonical(struct str answer, struct arena *arena)
{
    struct number number;
    if (number_whole_text(answer, arena, &number))
        return number_canonical(&number, arena);
    return text_lower(text_trim(answer), arena);
}

void comparing_class_unit(struct str answer, struct arena *arena, uint64_t *out)
{
    struct str text = comparing_canonical(answer, arena);
    *out = FINGERPRINT_NOTHING;
    if (!text.size)
        return;
    uint8_t digest[SHA256_BYTES];
    hash_sha256(text, digest);
    uint64_t unit = 0;
    for (size_t i = 0; i < sizeof unit; i++)
        unit = unit << 8 | digest[i];
    *out = unit == FINGERPRINT_NOTHING ? 1 : unit;
}

static int ascending(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* To the last bit: sums of doubles depend on their order. */
double comparing_sum(double *values, size_t count)
{
    double sum = 0;
    qsort(values, count, sizeof *values, ascending);
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

double comparing_mean(double *values, size_t count)
{
    return comparing_sum(values, count) / (double)count;
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
    return comparing_sum(terms, n);
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
    if (total < 2 || !consistency_is_of_classes(metric))
        return NAN;
    if (metric == CONSISTENCY_SEMANTIC_ENTROPY)
        return fmax(0, 1 - entropy(counts, n, total) / log(total));
    return metric == CONSISTENCY_AGREEMENT ? pairs / (total * (total - 1)) : most / total;
}

bool consistency_is_of_classes(enum consistency_metric metric)
{
    return metric == CONSISTENCY_AGREEMENT || metric == CONSISTENCY_MAJORITY ||
           metric == CONSISTENCY_SEMANTIC_ENTROPY;
}

struct score comparing_classes(const struct consistency *consistency,
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
