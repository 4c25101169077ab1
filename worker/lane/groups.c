/* groups: responses to one request that arrive as samples of their own. */
#include "worker/lane/groups.h"

bool groups_are_compared(const struct rubric_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->rubrics[i]->criterion_count; j++)
            if (set->rubrics[i]->criteria[j].evaluator->compare)
                return true;
    return false;
}

bool groups_hold(const struct sample *sample)
{
    return sample->group.size > 0 && sample->resample_count == 0;
}

uint64_t groups_number(const struct sample *sample, uint64_t id_hash)
{
    return sample->resample_index >= 0 ? (uint64_t)sample->resample_index : id_hash;
}

static size_t expected_of(const struct criterion *criterion, const struct sample *sample,
                          const struct group_place *place)
{
    size_t said = criterion->evaluator->group_size(criterion->state);
    return sample->resample_expected >= 0 ? (size_t)sample->resample_expected
           : said                         ? said
                                          : place->expected;
}

static struct score settle(struct store *store, struct evaluation *evaluation,
                           const struct criterion *criterion, struct member *member)
{
    static const char *const reasons[] = {[MEMBER_OPEN] = "group_open",
                                          [MEMBER_LATE] = "group_late",
                                          [MEMBER_DUPLICATE] = "group_duplicate"};
    const char *why_not = criterion->evaluator->fingerprint(
        criterion->state, &evaluation->sample, &evaluation->arena, &member->fingerprint);
    if (!why_not && member->fingerprint.count > FINGERPRINT_UNITS_MAX)
        why_not = "too_long";
    if (!why_not && member->expected > GROUP_MEMBERS_MAX)
        why_not = "too_many_resamples";
    if (why_not)
        return score_without_value(SCORE_NOT_APPLICABLE, why_not);
    struct fingerprint *all = NULL;
    size_t count = 0;
    enum member_place place = store_group_add(store, member, &evaluation->arena, &all, &count);
    if (place != MEMBER_COMPLETES)
        return score_without_value(SCORE_NOT_APPLICABLE, reasons[place]);
    return criterion_compare(criterion, all, count, &evaluation->arena);
}

static bool compares(const struct criterion *criterion, const struct sample *sample,
                     const struct score *score)
{
    return criterion->evaluator->compare && score->status != SCORE_SKIPPED &&
           criterion_applies(criterion, sample);
}

void groups_settle(struct store *store, struct evaluation *evaluation,
                   const struct group_place *place)
{
    const struct sample *sample = &evaluation->sample;
    if (evaluation->evaluated_count == 0 || !groups_hold(sample))
        return;
    struct member member = {.run = sample->run,
                            .group = store_group_key(store, place->scope, sample),
                            .number =
                                groups_number(sample, store_sample_key(store, sample->id)),
                            .source = place->source,
                            .offset = place->offset};
    for (size_t i = 0; i < evaluation->evaluated_count; i++) {
        struct evaluated *one = &evaluation->evaluated[i];
        for (size_t j = 0; j < one->rubric->criterion_count; j++) {
            const struct criterion *criterion = &one->rubric->criteria[j];
            if (!compares(criterion, sample, &one->scores[j]))
                continue;
            member.rubric = one->rubric;
            member.criterion = j;
            member.expected = expected_of(criterion, sample, place);
            if (member.expected != 1)
                one->scores[j] = settle(store, evaluation, criterion, &member);
        }
        one->composite = composite_score(one->rubric, one->scores);
    }
}
