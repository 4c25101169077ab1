/* rerun_replay: scores that live stored, weighed by other thresholds, weights and gates. */
#include <math.h>
#include "rubrics/composite.h"
#include "worker/intake/stored_scores.h"
#include "worker/rerun/rerun.h"

static bool names_more(const json_t *applies_to)
{
    return json_object_get(applies_to, "route") || json_object_get(applies_to, "tags");
}

bool rerun_check_replay(const struct rubric_set *set, struct error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct rubric *rubric = set->rubrics[i];
        bool more = names_more(rubric->applies_to);
        for (size_t c = 0; c < rubric->criterion_count; c++)
            more = more || names_more(rubric->criteria[c].applies_to);
        if (more)
            return error_set(error, ERROR_INPUT,
                             "rubric %s is for routes or tags, which scores do not tell: leave "
                             "--scores-only out",
                             rubric->name);
    }
    return true;
}

static struct score score_of(const struct stored_scores *stored, const struct criterion *criterion)
{
    if (!criterion_applies(criterion, &stored->sample))
        return score_without_value(SCORE_NOT_APPLICABLE, "not_meant");
    const struct score *score = stored_scores_find(stored, criterion->hash);
    return score ? *score : score_without_value(SCORE_SKIPPED, "not_stored");
}

/* A rubric of which live scored nothing was not meant for the sample, or not there. */
static bool is_meant(const struct stored_scores *stored, const struct rubric *rubric)
{
    for (size_t i = 0; i < rubric->criterion_count; i++)
        if (stored_scores_find(stored, rubric->criteria[i].hash))
            return rubric_applies(rubric, &stored->sample);
    return false;
}

static void add_rubric(struct evaluation *evaluation, const struct stored_scores *stored,
                       const struct rubric *rubric)
{
    struct evaluated *one = &evaluation->evaluated[evaluation->evaluated_count++];
    size_t count = rubric->criterion_count;
    one->rubric = rubric;
    one->scores = arena_new(&evaluation->arena, count, sizeof *one->scores);
    one->answered = arena_new(&evaluation->arena, count, sizeof(struct question *));
    for (size_t i = 0; i < count; i++)
        one->scores[i] = score_of(stored, &rubric->criteria[i]);
    one->composite = composite_score(rubric, one->scores);
}

bool rerun_replay(const struct rerun *rerun, struct str record, struct evaluation *out)
{
    struct stored_scores stored;
    struct rubric_set *set = rerun->set;
    if (!stored_scores_read(record, &out->arena, &stored))
        return false;
    out->set = rubric_set_hold(set);
    out->sample = stored.sample;
    out->evaluated = arena_new(&out->arena, set->count, sizeof *out->evaluated);
    for (size_t i = 0; i < set->count; i++)
        if (is_meant(&stored, set->rubrics[i]))
            add_rubric(out, &stored, set->rubrics[i]);
    out->state = out->evaluated_count ? TERMINAL_SCORED : TERMINAL_UNMATCHED;
    out->evaluation_ms = NAN;
    return true;
}
