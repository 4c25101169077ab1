/* dimension_scores: the dimensions of one sample, from the scores of its criteria. */
#include "worker/report/reading/dimension_scores.h"

#include <math.h>

void dimension_owners(struct shard_names *names)
{
    for (size_t i = 0; i < names->criterion_count; i++) {
        struct shard_criterion *one = &names->criteria[i];
        one->owner = 0;
        while (strcmp(names->criteria[one->owner].rubric_hash, one->rubric_hash) != 0 ||
               strcmp(names->criteria[one->owner].dimension, one->dimension) != 0)
            one->owner++;
    }
}

static struct dimension_score *score_of(struct dimension_scores *scores, size_t owner)
{
    size_t i = 0;
    while (i < scores->count && scores->items[i].owner != owner)
        i++;
    if (i == DIMENSIONS_MAX)
        return NULL;
    if (i == scores->count)
        scores->items[scores->count++] =
            (struct dimension_score){owner, ROW_NOT_APPLICABLE, NAN, 0, 0};
    return &scores->items[i];
}

void dimension_scores_add(struct dimension_scores *scores, const struct shard_criterion *criterion,
                          const struct row_score *score)
{
    if (!(criterion->weight > 0))
        return;
    struct dimension_score *one = score_of(scores, criterion->owner);
    if (!one)
        return;
    if (score->status == ROW_SCORED) {
        one->sum += score->value * criterion->weight;
        one->weight += criterion->weight;
        one->value = one->sum / one->weight;
        one->status = ROW_SCORED;
    } else if (score->status != ROW_NOT_APPLICABLE && one->status == ROW_NOT_APPLICABLE) {
        one->status = ROW_SKIPPED;
    }
}
