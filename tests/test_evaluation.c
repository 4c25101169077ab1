/* Is a sample asked about in rounds, within bounds, and scored whatever happens on the way? */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "worker/lane/evaluation.h"

/* An evaluator made for the test: asks `each` questions in each of `rounds` rounds, and scores the
 * share of those that were received. */
struct asker {
    size_t rounds, each;
};

static size_t length_of(const struct question *list)
{
    size_t count = 0;
    for (; list; list = list->next)
        count++;
    return count;
}

static struct question *ask(const void *state, const struct sample *sample,
                            const struct question *answered, struct arena *arena)
{
    (void)sample;
    const struct asker *asker = state;
    if (length_of(answered) >= asker->rounds * asker->each)
        return NULL;
    struct question *list = NULL;
    for (size_t i = 0; i < asker->each; i++) {
        struct question *one = arena_new(arena, 1, sizeof *one);
        one->draw = (unsigned)i;
        one->next = list;
        question_seal(one);
        list = one;
    }
    return list;
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)state, (void)sample, (void)scratch, (void)arena, (void)error;
    size_t received = 0, all = length_of(answered);
    for (const struct question *one = answered; one; one = one->next)
        received += one->status == ANSWER_RECEIVED;
    *out = score_value(all ? (double)received / (double)all : 1, NULL);
    return true;
}

static bool cannot(const void *state, const struct sample *sample, const struct question *answered,
                   struct scratch *scratch, struct arena *arena, struct score *out,
                   struct error *error)
{
    (void)state, (void)sample, (void)answered, (void)scratch, (void)arena, (void)out;
    return error_set(error, ERROR_INPUT, "cannot tell");
}

static const struct evaluator ASKS = {.name = "asks", .ask = ask, .score = score};
static const struct evaluator QUIET = {.name = "quiet", .score = score};
static const struct evaluator FAILS = {.name = "fails", .score = cannot};

static const char RECORD[] = "{\"id\":\"x\",\"model\":\"m\",\"prompt\":\"p\",\"response\":\"r\"}";

/* Starts on a set of one rubric that nobody frees. */
static void start(struct evaluation *evaluation, struct rubric *rubric, struct rubric_set *set)
{
    *set = (struct rubric_set){.rubrics = {rubric}, .count = 1, .users = 1};
    evaluation_start(evaluation, set, str_of(RECORD), STR("d"));
}

static void end(struct evaluation *evaluation, const struct rubric_set *set)
{
    evaluation_clear(evaluation);
    assert_int_equal(set->users, 1);
    arena_clear(&evaluation->arena);
}

/* Answers everything that is asked, round after round; returns how often something was asked. */
static size_t answer_all(struct evaluation *evaluation, enum answer_status status)
{
    size_t rounds = 0, count;
    for (struct question **asked; (asked = evaluation_ask(evaluation, NULL, &count)); rounds++) {
        assert_int_equal(evaluation->unanswered, count);
        for (size_t i = 0; i < count; i++)
            asked[i]->status = status;
        evaluation->unanswered = 0;
    }
    assert_int_equal(count, 0);
    return rounds;
}

static void questions_come_in_rounds_and_within_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        struct asker asker;
        size_t rounds;
        enum score_status status;
        const char *reason;
    } cases[] = {
        {"none", {0, 0}, 0, SCORE_SCORED, NULL},
        {"one", {1, 1}, 1, SCORE_SCORED, NULL},
        {"four rounds", {4, 3}, 4, SCORE_SCORED, NULL},
        {"a fifth round is one too many", {5, 1}, 4, SCORE_ERROR, "too_many_rounds"},
        {"as many as may be", {1, 64}, 1, SCORE_SCORED, NULL},
        {"one too many", {1, 65}, 0, SCORE_ERROR, "too_many_questions"},
        {"too many in the second round", {2, 40}, 1, SCORE_ERROR, "too_many_questions"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("  %s\n", cases[i].label);
        struct asker asker = cases[i].asker;
        struct criterion criteria[] = {
            {.name = "a",
             .dimension = "d",
             .evaluator = &ASKS,
             .state = &asker,
             .weight = 1,
             .sample = 1},
            {.name = "b", .dimension = "d", .evaluator = &QUIET, .weight = 1, .sample = 1},
        };
        struct rubric rubric = {.name = "r", .criteria = criteria, .criterion_count = 2};
        struct rubric_set set;
        struct evaluation evaluation = {0};
        start(&evaluation, &rubric, &set);
        assert_int_equal(evaluation.state, TERMINAL_SCORED);
        assert_int_equal(answer_all(&evaluation, ANSWER_RECEIVED), cases[i].rounds);
        evaluation_finish(&evaluation, NULL);
        const struct evaluated *one = &evaluation.evaluated[0];
        assert_int_equal(one->scores[0].status, cases[i].status);
        if (cases[i].reason)
            assert_string_equal(one->scores[0].reason, cases[i].reason);
        else
            assert_true(one->scores[0].value == 1);
        assert_int_equal(one->scores[1].status, SCORE_SCORED); /* one never costs the other */
        assert_true(one->composite.value == 1);
        end(&evaluation, &set);
    }
}

static void the_bound_is_of_the_sample_not_of_the_criterion(void **state)
{
    (void)state;
    struct asker forty = {1, 40}, twenty = {1, 20};
    struct criterion criteria[] = {
        {.name = "a",
         .dimension = "d",
         .evaluator = &ASKS,
         .state = &forty,
         .weight = 1,
         .sample = 1},
        {.name = "b",
         .dimension = "d",
         .evaluator = &ASKS,
         .state = &forty,
         .weight = 1,
         .sample = 1},
        {.name = "c",
         .dimension = "d",
         .evaluator = &ASKS,
         .state = &twenty,
         .weight = 1,
         .sample = 1},
    };
    struct rubric rubric = {.name = "r", .criteria = criteria, .criterion_count = 3};
    struct rubric_set set;
    struct evaluation evaluation = {0};
    start(&evaluation, &rubric, &set);
    size_t count;
    struct question **asked = evaluation_ask(&evaluation, NULL, &count);
    assert_int_equal(count, 60);
    for (size_t i = 0; i < count; i++)
        asked[i]->status = ANSWER_RECEIVED;
    evaluation.unanswered = 0;
    assert_null(evaluation_ask(&evaluation, NULL, &count));
    evaluation_finish(&evaluation, NULL);
    const struct score *scores = evaluation.evaluated[0].scores;
    assert_int_equal(scores[0].status, SCORE_SCORED);
    assert_int_equal(scores[1].status, SCORE_ERROR);
    assert_int_equal(scores[2].status, SCORE_SCORED);
    end(&evaluation, &set);
}

static void answers_come_back_newest_first(void **state)
{
    (void)state;
    struct asker asker = {2, 2};
    struct criterion criterion = {.name = "a",
                                  .dimension = "d",
                                  .evaluator = &ASKS,
                                  .state = &asker,
                                  .weight = 1,
                                  .sample = 1};
    struct rubric rubric = {.name = "r", .criteria = &criterion, .criterion_count = 1};
    struct rubric_set set;
    struct evaluation evaluation = {0};
    size_t count;
    start(&evaluation, &rubric, &set);
    struct question **first = evaluation_ask(&evaluation, NULL, &count);
    evaluation.unanswered = 0;
    struct question **second = evaluation_ask(&evaluation, NULL, &count);
    evaluation.unanswered = 0;
    const struct question *list = evaluation.evaluated[0].answered[0];
    assert_ptr_equal(list, second[0]);
    assert_ptr_equal(list->next, second[1]);
    assert_ptr_equal(list->next->next, first[0]);
    assert_ptr_equal(list->next->next->next, first[1]);
    assert_null(first[1]->next);
    end(&evaluation, &set);
}

static void what_does_not_apply_is_not_asked_about(void **state)
{
    (void)state;
    struct asker asker = {1, 1};
    json_t *other = json_pack("{s:s}", "model", "other");
    struct criterion criteria[] = {
        {.name = "elsewhere",
         .dimension = "d",
         .evaluator = &ASKS,
         .state = &asker,
         .weight = 1,
         .sample = 1,
         .applies_to = other},
        {.name = "unlucky",
         .dimension = "d",
         .evaluator = &ASKS,
         .state = &asker,
         .weight = 1,
         .sample = 1e-12},
        {.name = "broken", .dimension = "d", .evaluator = &FAILS, .weight = 1, .sample = 1},
    };
    struct rubric rubric = {.name = "r", .criteria = criteria, .criterion_count = 3};
    struct rubric_set set;
    struct evaluation evaluation = {0};
    start(&evaluation, &rubric, &set);
    assert_int_equal(answer_all(&evaluation, ANSWER_RECEIVED), 0);
    evaluation_finish(&evaluation, NULL);
    const struct evaluated *one = &evaluation.evaluated[0];
    assert_int_equal(one->scores[0].status, SCORE_NOT_APPLICABLE);
    assert_string_equal(one->scores[0].reason, "not_meant");
    assert_int_equal(one->scores[1].status, SCORE_SKIPPED);
    assert_string_equal(one->scores[1].reason, "not_sampled");
    assert_int_equal(one->scores[2].status, SCORE_ERROR);
    assert_string_equal(one->scores[2].reason, "cannot tell");
    assert_int_equal(one->composite.status, SCORE_NOT_APPLICABLE);
    assert_true(evaluation.evaluation_ms >= 0);
    end(&evaluation, &set);
    json_decref(other);
}

/* Two evaluators made for the test: the value is what state points at; the second asks once first.
 */
static bool told(const void *state, const struct sample *sample, const struct question *answered,
                 struct scratch *scratch, struct arena *arena, struct score *out,
                 struct error *error)
{
    (void)sample, (void)answered, (void)scratch, (void)arena, (void)error;
    *out = score_value(*(const double *)state, NULL);
    return true;
}

static struct question *ask_once(const void *state, const struct sample *sample,
                                 const struct question *answered, struct arena *arena)
{
    static const struct asker once = {1, 1};
    (void)state;
    return ask(&once, sample, answered, arena);
}

static const struct evaluator TOLD = {.name = "told", .score = told};
static const struct evaluator JUDGED = {.name = "judged", .ask = ask_once, .score = told};

/* a is cheap; b asks and waits for a; c asks and waits for b; d is cheap and waits for c. They
 * stand in the rubric in the order d, c, b, a. */
static void a_criterion_waits_for_those_it_names(void **state)
{
    (void)state;
    enum { D, C, B, A };
    static const struct {
        const char *label;
        double a, b, c;
        size_t rounds;
        const char *scored; /* of d, c, b, a: s scored, w when_not_met, e error */
    } cases[] = {
        {"the cheap one passes: nobody is asked", 1, 0, 0, 0, "wwws"},
        {"it fails: b is asked, and passes", 0, 1, 0, 1, "wwss"},
        {"b fails too: c is asked in a later round", 0, 0, 0, 2, "wsss"},
        {"c passes, which d waits for", 0, 0, 1, 2, "ssss"},
        {"what errored has neither failed nor passed", 2, 0, 0, 0, "wwwe"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("  %s\n", cases[i].label);
        double one = 1, a = cases[i].a, b = cases[i].b, c = cases[i].c;
        struct criterion criteria[] = {
            {.name = "d", .evaluator = &TOLD, .state = &one, .when_passed = 1 << C},
            {.name = "c", .evaluator = &JUDGED, .state = &c, .when_failed = 1 << B},
            {.name = "b", .evaluator = &JUDGED, .state = &b, .when_failed = 1 << A},
            {.name = "a", .evaluator = &TOLD, .state = &a},
        };
        for (size_t j = 0; j < 4; j++) {
            criteria[j].dimension = "d";
            criteria[j].weight = criteria[j].sample = 1;
            criteria[j].threshold = .5;
        }
        struct rubric rubric = {.name = "r",
                                .criteria = criteria,
                                .criterion_count = 4,
                                .awaited = 1 << A | 1 << B | 1 << C};
        struct rubric_set set;
        struct evaluation evaluation = {0};
        start(&evaluation, &rubric, &set);
        assert_int_equal(answer_all(&evaluation, ANSWER_RECEIVED), cases[i].rounds);
        evaluation_finish(&evaluation, NULL);
        for (size_t j = 0; j < 4; j++) {
            const struct score *score = &evaluation.evaluated[0].scores[j];
            char want = cases[i].scored[j];
            assert_int_equal(score->status, want == 's'   ? SCORE_SCORED
                                            : want == 'w' ? SCORE_SKIPPED
                                                          : SCORE_ERROR);
            if (want == 'w')
                assert_string_equal(score->reason, "when_not_met");
        }
        end(&evaluation, &set);
    }
}

static void what_is_not_sampled_does_not_hold_up_who_waits(void **state)
{
    (void)state;
    double zero = 0;
    struct criterion criteria[] = {
        {.name = "a", .evaluator = &JUDGED, .state = &zero, .sample = 1e-12, .weight = 1},
        {.name = "b", .evaluator = &TOLD, .state = &zero, .sample = 1, .when_failed = 1},
    };
    struct rubric rubric = {.name = "r", .criteria = criteria, .criterion_count = 2, .awaited = 1};
    struct rubric_set set;
    struct evaluation evaluation = {0};
    start(&evaluation, &rubric, &set);
    assert_int_equal(answer_all(&evaluation, ANSWER_RECEIVED), 0);
    evaluation_finish(&evaluation, NULL);
    assert_string_equal(evaluation.evaluated[0].scores[0].reason, "not_sampled");
    assert_string_equal(evaluation.evaluated[0].scores[1].reason, "when_not_met");
    end(&evaluation, &set);
}

static void what_was_never_finished_reads_as_an_error(void **state)
{
    (void)state;
    struct criterion criterion = {
        .name = "a", .dimension = "d", .evaluator = &QUIET, .weight = 1, .sample = 1};
    struct rubric rubric = {.name = "r", .criteria = &criterion, .criterion_count = 1};
    struct rubric_set set;
    struct evaluation evaluation = {0};
    start(&evaluation, &rubric, &set);
    assert_int_equal(evaluation.evaluated[0].scores[0].status, SCORE_ERROR);
    assert_int_equal(evaluation.evaluated[0].composite.status, SCORE_ERROR);
    assert_true(isnan(evaluation.evaluated[0].scores[0].value));
    end(&evaluation, &set);
}

static void samples_end_as_scored_unmatched_or_invalid(void **state)
{
    (void)state;
    json_t *other = json_pack("{s:s}", "model", "other");
    struct criterion criterion = {
        .name = "a", .dimension = "d", .evaluator = &QUIET, .weight = 1, .sample = 1};
    struct rubric meant = {.name = "r", .criteria = &criterion, .criterion_count = 1};
    struct rubric not_meant = meant;
    not_meant.applies_to = other;
    const struct {
        const char *record;
        struct rubric *rubric;
        enum terminal_state state;
    } cases[] = {
        {RECORD, &meant, TERMINAL_SCORED},
        {RECORD, &not_meant, TERMINAL_UNMATCHED},
        {"{", &meant, TERMINAL_INVALID},
        {"", &meant, TERMINAL_INVALID},
    };
    struct evaluation evaluation = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rubric_set set = {.rubrics = {cases[i].rubric}, .count = 1, .users = 1};
        size_t count;
        evaluation_start(&evaluation, &set, str_of(cases[i].record), STR("d"));
        assert_int_equal(evaluation.state, cases[i].state);
        assert_null(evaluation_ask(&evaluation, NULL, &count));
        evaluation_finish(&evaluation, NULL);
        assert_int_equal(evaluation.evaluated_count, cases[i].state == TERMINAL_SCORED);
        assert_int_equal(evaluation.reason != NULL, cases[i].state == TERMINAL_INVALID);
        evaluation_clear(&evaluation);
        assert_int_equal(set.users, 1);
    }
    arena_clear(&evaluation.arena);
    json_decref(other);
}

static void a_set_is_whole_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        const char *names[3];
        size_t count;
        const char *bad; /* NULL: it loads */
    } cases[] = {
        {{"exact-match", "grade-school-math"}, 2, NULL},
        {{"exact-match", "no-such"}, 2, "no-such"},
        {{"exact-match", "exact-match"}, 2, "exact-match"},
        {{"exact-match", "tests/rubrics-broken/weight-negative.json", "grade-school-math"},
         3,
         "tests/rubrics-broken/weight-negative.json"},
        {{NULL}, 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problems problems = {0};
        const char *bad = NULL;
        struct rubric_set *set =
            rubric_set_load(cases[i].names, cases[i].count, NULL, NULL, &problems, &bad);
        assert_int_equal(set == NULL, cases[i].bad != NULL);
        assert_int_equal(problems.total != 0, cases[i].bad != NULL);
        if (cases[i].bad)
            assert_string_equal(bad, cases[i].bad);
        else
            assert_int_equal(set->count, cases[i].count);
        rubric_set_release(set);
        problems_clear(&problems);
    }
}

static void a_call_of_our_own_is_judged_by_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        enum terminal_state ended;
    } cases[] = {
        {"assay-question-0123456789abcdef0123456789abcdef", TERMINAL_UNMATCHED},
        {"order-7", TERMINAL_SCORED},
        {"an assay-question-", TERMINAL_SCORED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct criterion criterion = {.name = "q", .evaluator = &QUIET};
        struct rubric rubric = {.name = "r", .criteria = &criterion, .criterion_count = 1};
        struct rubric_set set = {.rubrics = {&rubric}, .count = 1, .users = 1};
        struct evaluation evaluation = {0};
        struct buffer record = {0};
        buffer_printf(&record,
                      "{\"id\":\"x\",\"prompt\":\"p\",\"response\":\"r\","
                      "\"eventMetadata\":{\"inferenceId\":\"%s\"}}",
                      cases[i].id);
        evaluation_start(&evaluation, &set, buffer_str(&record), STR("d"));
        assert_int_equal(evaluation.state, cases[i].ended);
        evaluation_clear(&evaluation);
        arena_clear(&evaluation.arena);
        buffer_clear(&record);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_of_our_own_is_judged_by_nobody),
        cmocka_unit_test(questions_come_in_rounds_and_within_bounds),
        cmocka_unit_test(the_bound_is_of_the_sample_not_of_the_criterion),
        cmocka_unit_test(answers_come_back_newest_first),
        cmocka_unit_test(what_does_not_apply_is_not_asked_about),
        cmocka_unit_test(a_criterion_waits_for_those_it_names),
        cmocka_unit_test(what_is_not_sampled_does_not_hold_up_who_waits),
        cmocka_unit_test(what_was_never_finished_reads_as_an_error),
        cmocka_unit_test(samples_end_as_scored_unmatched_or_invalid),
        cmocka_unit_test(a_set_is_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
