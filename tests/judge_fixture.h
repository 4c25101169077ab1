/* judge_fixture: a judge with options given as JSON, and a sample. Header-only. */
#ifndef ASSAY_TESTS_JUDGE_FIXTURE_H
#define ASSAY_TESTS_JUDGE_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>
#include "schema/base/arena.h"
#include "schema/base/problems.h"
#include "evaluators/registry.h"

/* Options without a template. */
static const char CUSTOM[] = "{\"prompt\":\"Is it kind?\",\"labels\":{\"yes\":1,\"no\":0}}";

struct fixture {
    const struct evaluator *judge;
    json_t *options;
    void *state;
    struct problems problems;
    struct arena arena;
    struct sample sample;
};

/* Clear it whether the options were accepted or not; `problems` says why not. */
static inline bool configure(struct fixture *fixture, const char *options)
{
    struct evaluator_context context = {.path = "criteria[0].options"};
    *fixture = (struct fixture){.judge = evaluator_find("judge")};
    fixture->sample = (struct sample){.id = STR("s1"),
                                      .prompt = STR("user: say hello"),
                                      .last_user = STR("say hello"),
                                      .response = STR("Hello!")};
    assert_non_null(fixture->judge);
    fixture->options = json_loads(options, 0, NULL);
    assert_non_null(fixture->options);
    return fixture->judge->configure(fixture->options, &context, &fixture->state,
                                     &fixture->problems);
}

static inline void clear(struct fixture *fixture)
{
    fixture->judge->release(fixture->state);
    problems_clear(&fixture->problems);
    json_decref(fixture->options);
    arena_clear(&fixture->arena);
}

#endif
