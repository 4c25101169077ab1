/* Is whatever decides the scores of a judge told apart, and nothing else? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>
#include "schema/base/buffer.h"
#include "evaluators/judging/judge.h"
#include "tests/judge_fixture.h"

/* Each changes one thing that decides the scores of a judge. */
static const struct verdict_label WORTH_LESS[] = {{"yes", .9}, {"no", 0}, {"unknown", NAN}};
static const struct verdict_label OTHER_NAME[] = {{"aye", 1}, {"no", 0}, {"unknown", NAN}};
static const struct judge_identity WHO = {"e", "c", "m"};
static const struct judge_identity OTHER_ENDPOINT = {"e2", "c", "m"};
static const struct judge_identity OTHER_COMPONENT = {"e", "c2", "m"};
static const struct judge_identity OTHER_MODEL = {"e", "c", "m2"};
static const struct judge_identity NO_COMPONENT = {"e", NULL, "m"};
static const struct judge_identity NOBODY = {NULL, "c", "m"};

static void other_text(struct judge *judge)
{
    judge->instructions = "Is it  kind?";
}

static void other_inputs(struct judge *judge)
{
    judge->inputs |= JUDGE_CONTEXT;
}

static void other_label(struct judge *judge)
{
    judge->scale.labels = OTHER_NAME;
}

static void other_value(struct judge *judge)
{
    judge->scale.labels = WORTH_LESS;
}

static void a_scale(struct judge *judge)
{
    judge->scale = (struct verdict_scale){.min = 1, .max = 5};
}

static void other_scale(struct judge *judge)
{
    judge->scale = (struct verdict_scale){.min = 1, .max = 6};
}

static void fewer_tokens(struct judge *judge)
{
    judge->max_tokens--;
}

static void less_shown(struct judge *judge)
{
    judge->max_shown_bytes--;
}

static void blank_is_bad(struct judge *judge)
{
    judge->empty_value = 0;
}

static void own_model(struct judge *judge)
{
    judge->model = "mine";
}

static void other_endpoint(struct judge *judge)
{
    judge->asked = &OTHER_ENDPOINT;
}

static void other_component(struct judge *judge)
{
    judge->asked = &OTHER_COMPONENT;
}

static void other_model(struct judge *judge)
{
    judge->asked = &OTHER_MODEL;
}

static void no_component(struct judge *judge)
{
    judge->asked = &NO_COMPONENT;
}

static void nobody(struct judge *judge)
{
    judge->asked = &NOBODY;
}

static void determined(const struct fixture *fixture, struct buffer *out)
{
    buffer_reset(out);
    fixture->judge->determine(fixture->state, out);
}

static void whatever_decides_its_scores_is_told_apart(void **state)
{
    (void)state;
    static void (*const changes[])(struct judge *) = {
        NULL,        other_text,   other_inputs, other_label,    other_value,     a_scale,
        other_scale, fewer_tokens, less_shown,   blank_is_bad,   own_model,       other_endpoint,
        other_model, no_component, nobody,       other_component};
    enum { CHANGES = sizeof changes / sizeof *changes };
    struct buffer told[CHANGES] = {0};
    for (size_t i = 0; i < CHANGES; i++) {
        struct fixture fixture;
        assert_true(configure(&fixture, CUSTOM));
        struct judge *judge = fixture.state;
        judge->asked = &WHO;
        if (changes[i])
            changes[i](judge);
        determined(&fixture, &told[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(told[i].data, told[j].data) == 0)
                fail_msg("change %zu is not told from %zu: %s", i, j, told[i].data);
        clear(&fixture);
    }
    for (size_t i = 0; i < CHANGES; i++)
        buffer_clear(&told[i]);
}

static void every_template_asks_something_else(void **state)
{
    (void)state;
    static const char *const options[] = {
        "{\"template\":\"accuracy_with_reference\"}", "{\"template\":\"faithfulness\"}",
        "{\"template\":\"helpfulness\"}",             "{\"template\":\"relevance\"}",
        "{\"template\":\"safety\"}",                  "{\"template\":\"tone\"}",
        "{\"prompt\":\"p\"}", /* and an example is part of what is asked */
        "{\"prompt\":\"p\",\"examples\":[{\"prompt\":\"a\",\"verdict\":2}]}",
    };
    enum { OPTIONS = sizeof options / sizeof *options };
    struct buffer told[OPTIONS] = {0};
    for (size_t i = 0; i < OPTIONS; i++) {
        struct fixture fixture;
        assert_true(configure(&fixture, options[i]));
        determined(&fixture, &told[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(told[i].data, told[j].data);
        clear(&fixture);
    }
    for (size_t i = 0; i < OPTIONS; i++)
        buffer_clear(&told[i]);
}

static void what_decides_nothing_changes_nothing(void **state)
{
    (void)state;
    const char endpoint[] = "e", component[] = "c", model[] = "m"; /* the same at another place */
    const struct judge_identity same = {endpoint, component, model};
    struct fixture fixture;
    struct buffer before = {0}, after = {0};
    assert_true(configure(&fixture, CUSTOM));
    struct judge *judge = fixture.state;
    judge->asked = &WHO;
    determined(&fixture, &before);
    judge->asked = &same;
    determined(&fixture, &after);
    assert_string_equal(before.data, after.data);
    judge->model = "mine"; /* whoever names a model does not mind the configuration's */
    determined(&fixture, &before);
    judge->asked = &OTHER_MODEL;
    determined(&fixture, &after);
    assert_string_equal(before.data, after.data);
    judge->asked = NULL; /* nobody is nobody */
    determined(&fixture, &before);
    judge->asked = &NOBODY;
    determined(&fixture, &after);
    assert_string_equal(before.data, after.data);
    buffer_clear(&before);
    buffer_clear(&after);
    clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_decides_its_scores_is_told_apart),
        cmocka_unit_test(every_template_asks_something_else),
        cmocka_unit_test(what_decides_nothing_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
