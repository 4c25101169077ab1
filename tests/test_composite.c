/* Is a composite the weighted mean of what was scored, and does a failed gate hold? */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rubrics/composite.h"

/* Weights 3, 1 and 0; the middle one is a gate with threshold .5 and cap .3. */
static struct criterion CRITERIA[] = {
    {.name = "tone", .dimension = "tone", .weight = 3, .threshold = .5},
    {.name = "pii",
     .dimension = "safety",
     .weight = 1,
     .threshold = .5,
     .gate = true,
     .gate_cap = .3},
    {.name = "note", .dimension = "safety", .weight = 0, .threshold = .5},
};
static const struct rubric RUBRIC = {.name = "r", .criteria = CRITERIA, .criterion_count = 3};

#define S(v)                                                                                       \
    {                                                                                              \
        .status = SCORE_SCORED, .value = (v)                                                       \
    }
#define NA                                                                                         \
    {                                                                                              \
        .status = SCORE_NOT_APPLICABLE, .value = NAN                                               \
    }
#define SKIPPED                                                                                    \
    {                                                                                              \
        .status = SCORE_SKIPPED, .value = NAN                                                      \
    }
#define BROKEN                                                                                     \
    {                                                                                              \
        .status = SCORE_ERROR, .value = NAN                                                        \
    }

static void check(struct score got, enum score_status status, double value)
{
    assert_int_equal(got.status, status);
    if (status == SCORE_SCORED)
        assert_true(fabs(got.value - value) < 1e-12);
    else
        assert_true(isnan(got.value));
}

static void composites_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        struct score scores[3];
        enum score_status status;
        double value; /* by hand */
        const char *reason;
    } cases[] = {
        {"mean by weight", {S(1), S(.5), S(0)}, SCORE_SCORED, 3.5 / 4, NULL},
        {"missing weight is redistributed", {NA, S(.6), NA}, SCORE_SCORED, .6, NULL},
        {"an error that is no gate is left out", {BROKEN, S(.6), BROKEN}, SCORE_SCORED, .6, NULL},
        {"a failed gate caps", {S(1), S(.4), NA}, SCORE_SCORED, .3, "gate_failed"},
        {"a cap never lifts", {S(.1), S(0), NA}, SCORE_SCORED, .075, "gate_failed"},
        {"at its threshold a gate holds", {S(1), S(.5), NA}, SCORE_SCORED, .875, NULL},
        {"a gate that errored is no pass", {S(1), BROKEN, S(1)}, SCORE_ERROR, 0, "gate_error"},
        {"a gate that was skipped is left out", {S(.8), SKIPPED, NA}, SCORE_SCORED, .8, NULL},
        {"nothing scored", {NA, SKIPPED, NA}, SCORE_NOT_APPLICABLE, 0, "nothing_scored"},
        {"only what has no weight", {NA, NA, S(1)}, SCORE_NOT_APPLICABLE, 0, "nothing_scored"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct score got = composite_score(&RUBRIC, cases[i].scores);
        print_message("  %s\n", cases[i].label);
        check(got, cases[i].status, cases[i].value);
        if (cases[i].reason)
            assert_string_equal(got.reason, cases[i].reason);
        else
            assert_null(got.reason);
        if (got.status == SCORE_ERROR || (got.reason && got.reason[0] == 'g'))
            assert_string_equal(got.label, "pii");
    }
}

static void a_dimension_is_the_mean_of_its_own(void **state)
{
    (void)state;
    const struct score scores[] = {S(.2), S(.4), S(1)};
    check(composite_dimension(&RUBRIC, scores, "tone"), SCORE_SCORED, .2);
    check(composite_dimension(&RUBRIC, scores, "safety"), SCORE_SCORED, .4); /* no gates here */
    check(composite_dimension(&RUBRIC, scores, "accuracy"), SCORE_NOT_APPLICABLE, 0);
}

static void the_lowest_cap_of_failed_gates_counts(void **state)
{
    (void)state;
    struct criterion criteria[] = {
        {.name = "a", .dimension = "x", .weight = 8, .threshold = .5},
        {.name = "b", .dimension = "x", .weight = 1, .threshold = .5, .gate = true, .gate_cap = .6},
        {.name = "c", .dimension = "x", .weight = 0, .threshold = 1, .gate = true, .gate_cap = .2},
    };
    const struct rubric rubric = {.criteria = criteria, .criterion_count = 3};
    const struct score both[] = {S(1), S(0), S(0)}, first[] = {S(1), S(0), S(1)};
    const struct score only_the_weightless[] = {NA, NA, S(0)};
    check(composite_score(&rubric, both), SCORE_SCORED, .2);
    check(composite_score(&rubric, first), SCORE_SCORED, .6);
    check(composite_score(&rubric, only_the_weightless), SCORE_SCORED, .2);
}

/* python3: math.prod(v**w for ...)**(1/sum(w)), min(v for ... if w) */
static void methods_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        enum composite_method method;
        struct score scores[3];
        double value, coverage;
    } cases[] = {
        {"geometric by weight", COMPOSITE_GEOMETRIC, {S(.81), S(.5), S(0)}, 0.717969946, 1},
        {"geometric of what is there", COMPOSITE_GEOMETRIC, {NA, S(.7), NA}, .7, .25},
        {"geometric with a zero", COMPOSITE_GEOMETRIC, {S(0), S(1), NA}, 0, 1},
        {"minimum", COMPOSITE_MINIMUM, {S(.6), S(.9), S(.1)}, .6, 1},
        {"minimum of what is there", COMPOSITE_MINIMUM, {BROKEN, S(.9), S(.1)}, .9, .25},
        {"minimum under a gate", COMPOSITE_MINIMUM, {S(.6), S(.45), NA}, .3, 1},
        {"mean", COMPOSITE_MEAN, {S(.6), SKIPPED, NA}, .6, .75},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rubric rubric = RUBRIC;
        rubric.composite = cases[i].method;
        print_message("  %s\n", cases[i].label);
        struct score got = composite_score(&rubric, cases[i].scores);
        assert_int_equal(got.status, SCORE_SCORED);
        assert_true(fabs(got.value - cases[i].value) < 1e-8);
        assert_true(composite_coverage(&rubric, cases[i].scores) == cases[i].coverage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(composites_by_hand),
        cmocka_unit_test(a_dimension_is_the_mean_of_its_own),
        cmocka_unit_test(methods_by_hand),
        cmocka_unit_test(the_lowest_cap_of_failed_gates_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
