/* criterion: an evaluator with options given as JSON, for tests and their commands. Header-only. */
#ifndef ASSAY_TESTS_CRITERION_H
#define ASSAY_TESTS_CRITERION_H

#include <stdio.h>
#include <jansson.h>
#include "schema/base/problems.h"
#include "evaluators/registry.h"
#include "tests/sample_json.h"

/* Close it whether opening succeeded or not. */
struct criterion {
    const struct evaluator *evaluator;
    json_t *options, *packs;
    void *state;
    struct problems problems;
    struct scratch *scratch;
    struct arena arena; /* of the last score */
};

/* The packs that ship, read from the folder of the project; `packs` remembers what was read. */
static inline const json_t *criterion_pack(void *packs, const char *name, const char *path,
                                           struct problems *problems)
{
    char file[256];
    snprintf(file, sizeof file, "rubrics/packs/%s.json", name);
    if (!json_object_get(packs, name))
        json_object_set_new(packs, name, json_load_file(file, 0, NULL));
    if (!json_object_get(packs, name))
        problems_add(problems, path, "there is no pack %s", file);
    return json_object_get(packs, name);
}

/* Takes over the reference to `options`. False when the evaluator does not exist or refuses them;
 * `problems` then says why. */
static inline bool criterion_open_json(struct criterion *out, const char *evaluator,
                                       json_t *options)
{
    *out = (struct criterion){
        .evaluator = evaluator_find(evaluator), .options = options, .packs = json_object()};
    if (!out->evaluator)
        return problems_add(&out->problems, "evaluator", "there is none of that name");
    if (!json_is_object(out->options))
        return problems_add(&out->problems, "options", "not a JSON object");
    out->scratch = scratch_new();
    struct evaluator_context context = {
        .path = "options", .pack = criterion_pack, .packs = out->packs};
    return out->evaluator->configure(out->options, &context, &out->state, &out->problems);
}

static inline bool criterion_open(struct criterion *out, const char *evaluator, const char *options)
{
    return criterion_open_json(out, evaluator, json_loads(options, 0, NULL));
}

/* Forgets the score before. */
static inline struct score criterion_score(struct criterion *criterion, const json_t *row)
{
    arena_reset(&criterion->arena);
    struct sample sample = sample_json_read(row, &criterion->arena);
    return evaluator_score(criterion->evaluator, criterion->state, &sample, NULL,
                           criterion->scratch, &criterion->arena);
}

/* The nonce of every call that criterion_score_answered answers. */
#define CRITERION_NONCE "0123456789abcdef0123456789abcdef"

/* Answers the questions that criterion asks of `sample` with texts from *at on; where none is left:
 * skipped, no_judge. Returns them as score() wants them. */
static inline struct question *criterion_ask(struct criterion *criterion,
                                             const struct sample *sample, const json_t *answers,
                                             size_t *at)
{
    struct question *answered = NULL;
    for (unsigned round = 0; criterion->evaluator->ask && round < QUESTION_ROUNDS_MAX; round++) {
        struct question *fresh = criterion->evaluator->ask(criterion->state, sample, answered,
                                                           &criterion->arena);
        if (!fresh)
            break;
        struct question *last = NULL;
        for (struct question *one = fresh; one; one = one->next) {
            const char *text = json_string_value(json_array_get(answers, *at));
            *at += text != NULL;
            one->status = text ? ANSWER_RECEIVED : ANSWER_SKIPPED;
            one->answer = str_of(text);
            one->failure = text ? NULL : "no_judge";
            memcpy(one->nonce, CRITERION_NONCE, sizeof CRITERION_NONCE);
            last = one;
        }
        last->next = answered;
        answered = fresh;
    }
    return answered;
}

/* Forgets the score before. A model gives these answers in the order it is asked; *out_given is how
 * many. */
static inline struct score criterion_score_answered(struct criterion *criterion, const json_t *row,
                                                    const json_t *answers, size_t *out_given)
{
    arena_reset(&criterion->arena);
    *out_given = 0;
    struct sample sample = sample_json_read(row, &criterion->arena);
    struct question *answered = criterion_ask(criterion, &sample, answers, out_given);
    return evaluator_score(criterion->evaluator, criterion->state, &sample, answered,
                           criterion->scratch, &criterion->arena);
}

static inline void criterion_close(struct criterion *criterion)
{
    if (criterion->evaluator && criterion->evaluator->release)
        criterion->evaluator->release(criterion->state);
    json_decref(criterion->options);
    json_decref(criterion->packs);
    problems_clear(&criterion->problems);
    if (criterion->scratch)
        scratch_free(criterion->scratch);
    arena_clear(&criterion->arena);
}

#endif
