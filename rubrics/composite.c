/* composite: one number from the scores of a rubric's criteria. */
#include "rubrics/composite.h"

#include <string.h>

/* The mean over the scored criteria that carry weight; what is missing leaves no trace in it. */
static struct score weighted_mean(const struct rubric *rubric, const struct score *scores,
                                  const char *dimension)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *criterion = &rubric->criteria[i];
        if (scores[i].status != SCORE_SCORED)
            continue;
        if (dimension && strcmp(criterion->dimension, dimension) != 0)
            continue;
        sum += criterion->weight * scores[i].value;
        weight += criterion->weight;
    }
    if (weight <= 0)
        return score_without_value(SCORE_NOT_APPLICABLE, "nothing_scored");
    double mean = sum / weight;
    return score_value(mean > 1 ? 1 : mean, NULL); /* rounding may leave a bit above 1 */
}

static struct score gate_error(const struct rubric *rubric, const struct score *scores)
{
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        if (!rubric->criteria[i].gate || scores[i].status != SCORE_ERROR)
            continue;
        struct score error = score_without_value(SCORE_ERROR, "gate_error");
        error.label = rubric->criteria[i].name;
        return error;
    }
    return score_value(1, NULL);
}

/* The failed gate with the lowest cap, or NULL. */
static const struct criterion *failed_gate(const struct rubric *rubric, const struct score *scores)
{
    const struct criterion *lowest = NULL;
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *gate = &rubric->criteria[i];
        if (!gate->gate || scores[i].status != SCORE_SCORED || criterion_passed(gate, &scores[i]))
            continue;
        if (!lowest || gate->gate_cap < lowest->gate_cap)
            lowest = gate;
    }
    return lowest;
}

struct score composite_score(const struct rubric *rubric, const struct score *scores)
{
    struct score blind = gate_error(rubric, scores);
    if (blind.status == SCORE_ERROR)
        return blind;
    struct score mean = weighted_mean(rubric, scores, NULL);
    const struct criterion *gate = failed_gate(rubric, scores);
    if (!gate)
        return mean;
    /* A gate of weight 0 that failed alone counts too: a violation is never "nothing scored". */
    bool below = mean.status == SCORE_SCORED && mean.value < gate->gate_cap;
    struct score capped = score_value(below ? mean.value : gate->gate_cap, "gate_failed");
    capped.label = gate->name;
    return capped;
}

struct score composite_dimension(const struct rubric *rubric, const struct score *scores,
                                 const char *dimension)
{
    return weighted_mean(rubric, scores, dimension);
}
