/* criterion: one line of a rubric: an evaluator with options, and what its scores count for. */
#include "rubrics/criterion.h"

#include <string.h>
#include "evaluators/registry.h"
#include "rubrics/applies.h"

bool criterion_applies(const struct criterion *criterion, const struct sample *sample)
{
    return applies_to_sample(criterion->applies_to, sample);
}

/* The key is the start of the criterion's hash: criteria choose independently of each other, and
 * every worker chooses alike. What compares the responses of a group takes the group or leaves it.
 */
bool criterion_samples(const struct criterion *criterion, const struct sample *sample)
{
    if (criterion->sample >= 1)
        return true;
    bool whole_group = criterion->evaluator->compare && sample->group.size > 0;
    struct str chosen = whole_group ? sample->group : sample->id;
    uint64_t choice = hash_sip((const uint8_t *)criterion->hash, chosen);
    return (double)(choice >> 11) * 0x1p-53 < criterion->sample;
}

bool criterion_passed(const struct criterion *criterion, const struct score *score)
{
    return score->status == SCORE_SCORED && score->value >= criterion->threshold;
}

static struct score turned(const struct criterion *criterion, struct score score)
{
    bool no_answer = score.reason && strcmp(score.reason, "no_answer") == 0;
    if (!criterion->negated || score.status != SCORE_SCORED || no_answer)
        return score;
    score.value = 1 - score.value;
    if (!score.reason && score.value < 1)
        score.reason = "negated";
    return score;
}

struct score criterion_score(const struct criterion *criterion, const struct sample *sample,
                             const struct question *answered, struct scratch *scratch,
                             struct arena *arena)
{
    return turned(criterion, evaluator_score(criterion->evaluator, criterion->state, sample,
                                             answered, scratch, arena));
}

struct score criterion_compare(const struct criterion *criterion,
                               const struct fingerprint *responses, size_t count,
                               struct arena *arena)
{
    return turned(criterion, evaluator_compare(criterion->evaluator, criterion->state, responses,
                                               count, arena));
}
