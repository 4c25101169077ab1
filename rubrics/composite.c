/* composite: one number from the scores of a rubric's criteria. */
#include "rubrics/composite.h"

#include <math.h>
#include <string.h>

/* What is scored and carries weight; what is missing leaves no trace in the number. */
static bool counts(const struct criterion *criterion, const struct score *score,
                   const char *dimension)
{
    return score->status == SCORE_SCORED && criterion->weight > 0 &&
           (!dimension || strcmp(criterion->dimension, dimension) == 0);
}

/* The sums that all methods are made of. */
struct sums {
    double weight, values, logs, least; /* logs: -inf where a value is 0 */
};

static struct sums add_up(const struct rubric *rubric, const struct score *scores,
                          const char *dimension)
{
    struct sums sums = {.least = 1};
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        const struct criterion *criterion = &rubric->criteria[i];
        if (!counts(criterion, &scores[i], dimension))
            continue;
        sums.weight += criterion->weight;
        sums.values += criterion->weight * scores[i].value;
        if (rubric->composite == COMPOSITE_GEOMETRIC)
            sums.logs += criterion->weight * log(scores[i].value);
        sums.least = fmin(sums.least, scores[i].value);
    }
    return sums;
}

static struct score combine(const struct rubric *rubric, const struct score *scores,
                            const char *dimension)
{
    struct sums sums = add_up(rubric, scores, dimension);
    if (sums.weight <= 0)
        return score_without_value(SCORE_NOT_APPLICABLE, "nothing_scored");
    double value = 0;
    switch (rubric->composite) {
    case COMPOSITE_MEAN:
        value = sums.values / sums.weight;
        break;
    case COMPOSITE_GEOMETRIC:
        value = exp(sums.logs / sums.weight);
        break;
    case COMPOSITE_MINIMUM:
        value = sums.least;
        break;
    }
    return score_value(fmin(value, 1), NULL); /* rounding may leave a bit above 1 */
}

double composite_coverage(const struct rubric *rubric, const struct score *scores)
{
    double all = 0, scored = 0;
    for (size_t i = 0; i < rubric->criterion_count; i++) {
        all += rubric->criteria[i].weight;
        scored += scores[i].status == SCORE_SCORED ? rubric->criteria[i].weight : 0;
    }
    return all > 0 ? fmin(scored / all, 1) : 0;
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

const struct criterion *composite_failed_gate(const struct rubric *rubric,
                                              const struct score *scores)
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
    struct score mean = combine(rubric, scores, NULL);
    const struct criterion *gate = composite_failed_gate(rubric, scores);
    if (!gate)
        return mean;
    /* A gate of weight 0 that failed alone counts too: a violation is never "nothing scored". */
    bool below = mean.status == SCORE_SCORED && mean.value < gate->gate_cap;
    struct score capped = score_value(below ? mean.value : gate->gate_cap, "gate_failed");
    capped.label = gate->name;
    return capped;
}

struct score composite_ungated(const struct rubric *rubric, const struct score *scores)
{
    return combine(rubric, scores, NULL);
}

struct score composite_dimension(const struct rubric *rubric, const struct score *scores,
                                 const char *dimension)
{
    return combine(rubric, scores, dimension);
}
