/* registry: the evaluators there are, and the checks they share. */
#include "evaluators/evaluator.h"

#include <math.h>
#include <string.h>

extern const struct evaluator evaluator_consistency;
extern const struct evaluator evaluator_format;
extern const struct evaluator evaluator_judge;
extern const struct evaluator evaluator_length;
extern const struct evaluator evaluator_reference;
extern const struct evaluator evaluator_refusal;
extern const struct evaluator evaluator_regex;

/* In the order people read them. A new evaluator is a line here. */
static const struct evaluator *const ALL[] = {
    &evaluator_regex,
    &evaluator_reference,
    &evaluator_judge,
    &evaluator_consistency,
    &evaluator_length,
    &evaluator_refusal,
    &evaluator_format,
    NULL,
};

const struct evaluator *const *evaluator_all(void)
{
    return ALL;
}

const struct evaluator *evaluator_find(const char *name)
{
    for (const struct evaluator *const *one = ALL; *one; one++)
        if (strcmp((*one)->name, name) == 0)
            return *one;
    return NULL;
}

/* What an evaluator said, if it may say so. */
static struct score checked(struct score score)
{
    bool in_range = isfinite(score.value) && score.value >= 0 && score.value <= 1;
    if (score.status == SCORE_SCORED && !in_range)
        return score_without_value(SCORE_ERROR, "value_out_of_range");
    if (score.status != SCORE_SCORED)
        score.value = NAN;
    return score;
}

struct score evaluator_score(const struct evaluator *evaluator, const void *state,
                             const struct sample *sample, const struct question *answered,
                             struct scratch *scratch, struct arena *arena)
{
    if ((evaluator->needs & NEEDS_REFERENCE) && sample->reference_count == 0)
        return score_without_value(SCORE_NOT_APPLICABLE, "no_reference");
    if ((evaluator->needs & NEEDS_RESAMPLES) && sample->resample_count == 0)
        return score_without_value(SCORE_NOT_APPLICABLE, "no_resamples");
    struct score score = score_without_value(SCORE_ERROR, "no result");
    struct error error = {0};
    if (!evaluator->score(state, sample, answered, scratch, arena, &score, &error))
        return score_without_value(SCORE_ERROR, arena_copy(arena, str_of(error.text)));
    return checked(score);
}

struct score evaluator_compare(const struct evaluator *evaluator, const void *state,
                               const struct fingerprint *responses, size_t count,
                               struct arena *arena)
{
    struct score score = score_without_value(SCORE_ERROR, "no result");
    struct error error = {0};
    if (!evaluator->compare(state, responses, count, arena, &score, &error))
        return score_without_value(SCORE_ERROR, arena_copy(arena, str_of(error.text)));
    return checked(score);
}
