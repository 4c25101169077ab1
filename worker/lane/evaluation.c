/* evaluation: one sample's way through a worker: ask, answers, score, composite. */
#include "worker/lane/evaluation.h"

#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"

/* Stands as reason until a criterion is scored; compared by address. A score that kept it would
 * read as an error, so nothing that was forgotten passes. */
static const char PENDING[] = "not_evaluated";

static bool is_pending(const struct score *score)
{
    return score->reason == PENDING;
}

static uint64_t bit(size_t index)
{
    return UINT64_C(1) << index;
}

/* The criteria that this one waits for. */
static uint64_t names_of(const struct criterion *criterion)
{
    return criterion->when_failed | criterion->when_passed;
}

/* ---- start ---- */

static struct score first_score(const struct criterion *criterion, const struct sample *sample)
{
    if (!criterion_applies(criterion, sample))
        return score_without_value(SCORE_NOT_APPLICABLE, "not_meant");
    if (!criterion_samples(criterion, sample))
        return score_without_value(SCORE_SKIPPED, "not_sampled");
    return score_without_value(SCORE_ERROR, PENDING);
}

static void add_rubric(struct evaluation *evaluation, const struct rubric *rubric)
{
    struct evaluated *one = &evaluation->evaluated[evaluation->evaluated_count++];
    size_t count = rubric->criterion_count;
    one->rubric = rubric;
    one->scores = arena_new(&evaluation->arena, count, sizeof *one->scores);
    one->answered = arena_new(&evaluation->arena, count, sizeof(struct question *));
    one->composite = score_without_value(SCORE_ERROR, PENDING);
    for (size_t i = 0; i < count; i++) {
        one->scores[i] = first_score(&rubric->criteria[i], &evaluation->sample);
        if (names_of(&rubric->criteria[i]))
            one->waiting |= bit(i);
    }
}

void evaluation_start(struct evaluation *evaluation, struct rubric_set *set, struct str record,
                      struct str default_id)
{
    struct capture_reason reason = {0};
    evaluation->started_us = clock_steady_us();
    evaluation->set = rubric_set_hold(set);
    if (!capture_decode(record, default_id, &evaluation->arena, &evaluation->sample, &reason)) {
        evaluation->sample = (struct sample){0};
        evaluation->state = TERMINAL_INVALID;
        evaluation->reason = reason.code;
        return;
    }
    evaluation->evaluated = arena_new(&evaluation->arena, set->count, sizeof(struct evaluated));
    for (size_t i = 0; i < set->count && !evaluation->sample.own; i++)
        if (rubric_applies(set->rubrics[i], &evaluation->sample))
            add_rubric(evaluation, set->rubrics[i]);
    evaluation->state = evaluation->evaluated_count ? TERMINAL_SCORED : TERMINAL_UNMATCHED;
}

/* ---- ask ---- */

/* The questions that one call of evaluation_ask gathers. */
struct asked {
    struct question *questions[QUESTIONS_PER_SAMPLE_MAX];
    size_t count;
};

static size_t list_length(const struct question *list)
{
    size_t count = 0;
    for (; list && count <= QUESTIONS_PER_SAMPLE_MAX; list = list->next)
        count++;
    return count;
}

static size_t questions_so_far(const struct evaluation *evaluation)
{
    size_t count = 0;
    for (size_t i = 0; i < evaluation->evaluated_count; i++)
        for (size_t j = 0; j < evaluation->evaluated[i].rubric->criterion_count; j++)
            count += list_length(evaluation->evaluated[i].answered[j]);
    return count;
}

/* Newest first: the new questions go in front of those already answered. */
static void take(struct asked *asked, struct question *fresh, struct question **answered)
{
    struct question *last = NULL;
    for (struct question *one = fresh; one; one = one->next) {
        asked->questions[asked->count++] = one;
        last = one;
    }
    last->next = *answered;
    *answered = fresh;
}

static void ask_criterion(struct evaluation *evaluation, struct evaluated *one, size_t index,
                          struct asked *asked, size_t room)
{
    const struct criterion *criterion = &one->rubric->criteria[index];
    struct question *fresh =
        !criterion->evaluator->ask
            ? NULL
            : criterion->evaluator->ask(criterion->state, &evaluation->sample, one->answered[index],
                                        &evaluation->arena);
    if (!fresh)
        one->quiet |= bit(index);
    else if (evaluation->round >= QUESTION_ROUNDS_MAX)
        one->scores[index] = score_without_value(SCORE_ERROR, "too_many_rounds");
    else if (asked->count + list_length(fresh) > room)
        one->scores[index] = score_without_value(SCORE_ERROR, "too_many_questions");
    else
        take(asked, fresh, &one->answered[index]);
}

/* ---- wait ---- */

static void score_criterion(struct evaluation *evaluation, struct evaluated *one, size_t index,
                            struct scratch *scratch)
{
    one->scores[index] = criterion_score(&one->rubric->criteria[index], &evaluation->sample,
                                         one->answered[index], scratch, &evaluation->arena);
}

static uint64_t pending_of(const struct evaluated *one)
{
    uint64_t pending = 0;
    for (size_t i = 0; i < one->rubric->criterion_count; i++)
        pending |= is_pending(&one->scores[i]) ? bit(i) : 0;
    return pending;
}

static bool when_is_met(const struct evaluated *one, const struct criterion *waiting)
{
    for (size_t i = 0; i < one->rubric->criterion_count; i++) {
        bool scored = one->scores[i].status == SCORE_SCORED;
        bool passed = criterion_passed(&one->rubric->criteria[i], &one->scores[i]);
        if (((waiting->when_failed & bit(i)) && scored && !passed) ||
            ((waiting->when_passed & bit(i)) && passed))
            return true;
    }
    return false;
}

/* Scores what others wait for, and decides for those that wait. False: nothing changed. */
static bool settle(struct evaluation *evaluation, struct evaluated *one, struct scratch *scratch)
{
    bool changed = false;
    for (size_t i = 0; i < one->rubric->criterion_count; i++) {
        uint64_t pending = pending_of(one);
        const struct criterion *criterion = &one->rubric->criteria[i];
        if (!(pending & bit(i)))
            continue;
        if (one->waiting & bit(i)) {
            if (names_of(criterion) & pending)
                continue;
            one->waiting &= ~bit(i);
            if (!when_is_met(one, criterion))
                one->scores[i] = score_without_value(SCORE_SKIPPED, "when_not_met");
            changed = true;
        } else if (one->rubric->awaited & one->quiet & bit(i)) {
            score_criterion(evaluation, one, i, scratch);
            changed = true;
        }
    }
    return changed;
}

/* Asks every criterion once; then those that no longer wait, until nothing changes. */
static void ask_rubric(struct evaluation *evaluation, struct evaluated *one,
                       struct scratch *scratch, struct asked *asked, size_t room)
{
    uint64_t done = 0;
    do {
        for (size_t i = 0; i < one->rubric->criterion_count; i++) {
            if (((done | one->quiet | one->waiting) & bit(i)) || !is_pending(&one->scores[i]))
                continue;
            done |= bit(i);
            ask_criterion(evaluation, one, i, asked, room);
        }
    } while (one->waiting && settle(evaluation, one, scratch));
}

struct question **evaluation_ask(struct evaluation *evaluation, struct scratch *scratch,
                                 size_t *out_count)
{
    struct asked asked = {.count = 0};
    size_t room = QUESTIONS_PER_SAMPLE_MAX - questions_so_far(evaluation);
    for (size_t i = 0; i < evaluation->evaluated_count; i++)
        ask_rubric(evaluation, &evaluation->evaluated[i], scratch, &asked, room);
    evaluation->round++;
    evaluation->unanswered += asked.count;
    *out_count = asked.count;
    if (asked.count == 0)
        return NULL;
    size_t bytes = asked.count * sizeof *asked.questions;
    struct question **questions = arena_alloc(&evaluation->arena, bytes);
    memcpy(questions, asked.questions, bytes);
    return questions;
}

/* ---- finish ---- */

static void score_rubric(struct evaluation *evaluation, struct evaluated *one,
                         struct scratch *scratch)
{
    /* What still waits was never asked about: it stays an error. */
    for (size_t i = 0; i < one->rubric->criterion_count; i++)
        if (is_pending(&one->scores[i]) && !(one->waiting & bit(i)))
            score_criterion(evaluation, one, i, scratch);
    one->composite = composite_score(one->rubric, one->scores);
}

void evaluation_finish(struct evaluation *evaluation, struct scratch *scratch)
{
    for (size_t i = 0; i < evaluation->evaluated_count; i++)
        score_rubric(evaluation, &evaluation->evaluated[i], scratch);
    evaluation->evaluation_ms = (double)(clock_steady_us() - evaluation->started_us) / 1000;
}

void evaluation_clear(struct evaluation *evaluation)
{
    rubric_set_release(evaluation->set);
    arena_reset(&evaluation->arena);
    *evaluation = (struct evaluation){.arena = evaluation->arena};
}

/* ---- rubric sets ---- */

/* Two rubrics of one name could not be told apart in rows and metrics. */
static bool check_names(const struct rubric_set *set, struct problems *problems)
{
    const struct rubric *newest = set->rubrics[set->count - 1];
    for (size_t i = 0; i + 1 < set->count; i++)
        if (str_is(str_of(set->rubrics[i]->name), newest->name))
            return problems_add(problems, "name", "another rubric is named \"%s\" too",
                                newest->name);
    return true;
}

struct rubric_set *rubric_set_load(const char *const *names, size_t count,
                                   const struct rubric_part *part,
                                   const struct judge_identity *judge, struct problems *problems,
                                   const char **out_bad_name)
{
    struct rubric_set *set = memory_new(1, sizeof *set);
    set->users = 1;
    const char *bad = count ? NULL : "";
    if (count > RUBRICS_MAX) {
        bad = names[RUBRICS_MAX];
        problems_add(problems, "", "more than %d rubrics", RUBRICS_MAX);
    } else if (count == 0) {
        problems_add(problems, "", "no rubric is named");
    }
    for (size_t i = 0; i < count && !bad; i++) {
        struct rubric *rubric = rubric_load_part(names[i], part, judge, problems);
        if (rubric)
            set->rubrics[set->count++] = rubric;
        if (!rubric || !check_names(set, problems))
            bad = names[i];
    }
    if (!bad)
        return set;
    *out_bad_name = bad;
    rubric_set_release(set);
    return NULL;
}

struct rubric_set *rubric_set_hold(struct rubric_set *set)
{
    __atomic_add_fetch(&set->users, 1, __ATOMIC_RELAXED);
    return set;
}

/* The last one to let go frees: everything others did before letting go is seen by it. */
void rubric_set_release(struct rubric_set *set)
{
    if (!set || __atomic_sub_fetch(&set->users, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (size_t i = 0; i < set->count; i++)
        rubric_free(set->rubrics[i]);
    free(set);
}
