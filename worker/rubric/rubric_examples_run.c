/* rubric_examples_run: a rubric's own examples, scored and held against what they expect. */
#include "worker/rubric/rubric_examples_run.h"

#include <stdio.h>
#include <stdlib.h>
#include "evaluators/registry.h"
#include "rubrics/rubric_examples.h"
#include "schema/base/json_read.h"
#include "worker/lane/evaluation.h"

enum { PATH_BYTES = 256 };

/* To its end, with nobody there to answer. */
static void evaluate(struct evaluation *evaluation, struct scratch *scratch)
{
    struct question **questions;
    for (size_t count; (questions = evaluation_ask(evaluation, scratch, &count));) {
        for (size_t i = 0; i < count; i++) {
            questions[i]->status = ANSWER_SKIPPED;
            questions[i]->failure = "no_judge";
        }
        evaluation->unanswered = 0;
    }
    evaluation_finish(evaluation, scratch);
}

static void compare(const struct rubric_example *example, const struct evaluated *one,
                    const char *path, struct problems *problems)
{
    char at[PATH_BYTES];
    for (size_t i = 0; i < one->rubric->criterion_count; i++) {
        const struct criterion *criterion = &one->rubric->criteria[i];
        snprintf(at, sizeof at, "%.170s: %s", path, criterion->name);
        rubric_examples_compare(example, criterion->name, criterion, &one->scores[i], at, problems);
    }
    snprintf(at, sizeof at, "%.170s: composite", path);
    rubric_examples_compare(example, "composite", NULL, &one->composite, at, problems);
}

static void run_one(struct rubric_set *set, const struct rubric_example *example, const char *path,
                    struct scratch *scratch, struct problems *problems)
{
    struct evaluation evaluation = {0};
    char *record = json_canonical(example->sample);
    evaluation_start(&evaluation, set, str_of(record), str_of(example->name));
    if (evaluation.state == TERMINAL_INVALID) {
        problems_add(problems, path, "sample is no capture record: %s", evaluation.reason);
    } else if (evaluation.evaluated_count == 0) {
        problems_add(problems, path, "the rubric's applies_to leaves this sample out");
    } else {
        evaluate(&evaluation, scratch);
        compare(example, &evaluation.evaluated[0], path, problems);
    }
    evaluation_clear(&evaluation);
    arena_clear(&evaluation.arena);
    free(record);
}

bool rubric_examples_run(const char *path, bool *out_loaded, struct problems *problems)
{
    const char *bad = NULL;
    struct rubric_set *set = rubric_set_load(&path, 1, NULL, NULL, problems, &bad);
    *out_loaded = set != NULL;
    if (!set)
        return false;
    struct rubric *rubric = set->rubrics[0];
    struct scratch *scratch = scratch_new();
    size_t before = problems->total;
    for (size_t i = 0; i < rubric->criterion_count; i++)
        rubric->criteria[i].sample = 1;
    if (rubric_examples_count(rubric) == 0)
        problems_add(problems, "examples",
                     "there are none; say what must come out of which sample");
    for (size_t i = 0; i < rubric_examples_count(rubric); i++) {
        struct rubric_example example = rubric_examples_at(rubric, i);
        char at[PATH_BYTES];
        snprintf(at, sizeof at, "examples[%zu] (%.120s)", i, example.name);
        run_one(set, &example, at, scratch, problems);
    }
    scratch_free(scratch);
    rubric_set_release(set);
    return problems->total == before;
}
