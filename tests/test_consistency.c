/* Is agreement over resamples what the definitions say, from texts and from fingerprints alike? */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "evaluators/consistency.h"
#include "tests/criterion.h"

static void counts_give_the_published_values(void **state)
{
    (void)state;
    /* drift.md, section 11, `self_consistency` */
    static const struct {
        uint32_t counts[4];
        size_t n;
        double agreement, majority;
    } cases[] = {
        {{6, 3, 1}, 3, 0.4, 0.6},
        {{5, 5}, 2, 4.0 / 9, 0.5},
        {{4, 1}, 2, 0.6, 0.8},
        {{1, 1}, 2, 0, 0.5},
        {{2}, 1, 1, 1},
        {{1, 1, 1, 1}, 4, 0, 0.25},
        {{3, 0, 1}, 3, 0.5, 0.75},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double agreement =
            consistency_from_counts(CONSISTENCY_AGREEMENT, cases[i].counts, cases[i].n);
        double majority =
            consistency_from_counts(CONSISTENCY_MAJORITY, cases[i].counts, cases[i].n);
        assert_true(fabs(agreement - cases[i].agreement) < 1e-15);
        assert_true(fabs(majority - cases[i].majority) < 1e-15);
    }
    uint32_t one = 1;
    assert_true(isnan(consistency_from_counts(CONSISTENCY_AGREEMENT, &one, 1)));
    assert_true(isnan(consistency_from_counts(CONSISTENCY_AGREEMENT, NULL, 0)));
    assert_true(isnan(consistency_from_counts(CONSISTENCY_LEXICAL, (uint32_t[]){2, 2}, 2)));
    assert_true(isnan(consistency_from_counts(CONSISTENCY_ROBUSTNESS, (uint32_t[]){2, 2}, 2)));
}

/* Of a criterion whose fingerprints are one unit. */
static uint64_t unit_of(struct criterion *criterion, struct str response)
{
    struct fingerprint fingerprint = {0};
    const struct sample sample = {.response = response};
    assert_null(criterion->evaluator->fingerprint(criterion->state, &sample, &criterion->arena,
                                                  &fingerprint));
    assert_int_equal(fingerprint.count, 1);
    return fingerprint.units[0];
}

static void entropies_are_those_published(void **state)
{
    (void)state;
    /* nats: metrics.md, section 4, and drift.md, section 11 */
    static const struct {
        uint32_t counts[4];
        size_t n;
        double entropy, tolerance;
    } cases[] = {
        {{1, 2, 1}, 3, 1.039721, 5e-7}, {{6, 3, 1}, 3, 0.898, 5e-4},
        {{1, 3, 6}, 3, 0.898, 5e-4},    {{5, 5}, 2, 0.693, 5e-4},
        {{4, 1}, 2, 0.500, 5e-4},       {{7}, 1, 0, 1e-15},
        {{2, 0}, 2, 0, 1e-15},          {{1, 1, 1}, 3, 1.0986123, 5e-8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double total = 0;
        for (size_t j = 0; j < cases[i].n; j++)
            total += cases[i].counts[j];
        double value =
            consistency_from_counts(CONSISTENCY_SEMANTIC_ENTROPY, cases[i].counts, cases[i].n);
        assert_true(value >= 0 && value <= 1);
        assert_true(fabs((1 - value) * log(total) - cases[i].entropy) <= cases[i].tolerance);
    }
    uint32_t one = 1;
    assert_true(isnan(consistency_from_counts(CONSISTENCY_SEMANTIC_ENTROPY, &one, 1)));
}

static void equal_answers_have_equal_fingerprints(void **state)
{
    (void)state;
    static const struct {
        const char *options, *a, *b;
        bool equal;
    } cases[] = {
        {"{\"metric\":\"agreement\"}", " Yes\n", "yes", true},
        {"{\"metric\":\"agreement\"}", "yes", "no", false},
        {"{\"metric\":\"agreement\"}", "$1,200.50", "1200.5", true},
        {"{\"metric\":\"agreement\"}", "12005e-1", "1200.5", true},
        {"{\"metric\":\"agreement\"}", "1200.5", "1200.05", false},
        {"{\"metric\":\"agreement\",\"extract\":\"final_answer\"}", "Well. #### 7",
         "I say: the answer is 7.", true},
        {"{\"metric\":\"agreement\",\"extract\":\"last_number\"}", "2+2=4", "four: 4.0", true},
        {"{\"metric\":\"agreement\",\"extract\":\"json_field\",\"field\":\"label\"}",
         "{\"label\": \"Spam\"}", "{\"x\": 1, \"label\": \"spam\"}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct criterion criterion;
        assert_true(criterion_open(&criterion, "consistency", cases[i].options));
        uint64_t a = unit_of(&criterion, str_of(cases[i].a));
        uint64_t b = unit_of(&criterion, str_of(cases[i].b));
        assert_true(a != FINGERPRINT_NOTHING && b != FINGERPRINT_NOTHING);
        assert_int_equal(a == b, cases[i].equal);
        criterion_close(&criterion);
    }
}

static void a_fingerprint_is_the_same_on_every_machine(void **state)
{
    (void)state;
    struct criterion criterion;
    assert_true(criterion_open(&criterion, "consistency", "{\"metric\":\"majority\"}"));
    /* the first 8 bytes of SHA-256("abc"), FIPS 180-2 */
    assert_true(unit_of(&criterion, STR(" ABC ")) == UINT64_C(0xba7816bf8f01cfea));
    assert_true(unit_of(&criterion, STR(" \n")) == FINGERPRINT_NOTHING);
    criterion_close(&criterion);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{}", "{\"metric\":\"entropy\"}", "{\"metric\":\"lexical\",\"extract\":\"all\"}",
        "{\"metric\":\"lexical\",\"field\":\"\"}", "{\"metric\":\"lexical\",\"k\":3}",
        "{\"metric\":\"lexical\",\"equal_by\":\"entailment\"}",
        "{\"metric\":\"contradiction\",\"extract\":\"last_number\"}",
        "{\"metric\":\"robustness\",\"resample\":3}",
        "{\"metric\":\"robustness\",\"perturbed_tag\":\"\"}",
        "{\"metric\":\"agreement\",\"perturbed_tag\":\"p\"}",
        "{\"metric\":\"agreement\",\"temperature\":1}",
        "{\"metric\":\"agreement\",\"max_tokens\":100}",
        "{\"metric\":\"agreement\",\"resample\":11}",
        "{\"metric\":\"agreement\",\"model\":\"m\"}",
        "{\"metric\":\"agreement\",\"max_questions\":9}",
        "{\"metric\":\"contradiction\",\"max_questions\":65}"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct criterion criterion;
        assert_false(criterion_open(&criterion, "consistency", cases[i]));
        assert_true(criterion.problems.total > 0);
        criterion_close(&criterion);
    }
}

static void more_resamples_than_a_sample_may_have_are_an_error(void **state)
{
    (void)state;
    struct criterion criterion;
    assert_true(criterion_open(&criterion, "consistency", "{\"metric\":\"agreement\"}"));
    json_t *responses = json_array();
    for (int i = 0; i < SAMPLE_RESAMPLES_MAX + 1; i++)
        json_array_append_new(responses, json_string("x"));
    json_t *row = json_pack("{s:o}", "responses", responses);
    struct score score = criterion_score(&criterion, row);
    assert_int_equal(score.status, SCORE_SCORED);
    assert_true(score.value == 1);
    json_array_append_new(responses, json_string("x"));
    assert_int_equal(criterion_score(&criterion, row).status, SCORE_ERROR);
    json_decref(row);
    criterion_close(&criterion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_give_the_published_values),
        cmocka_unit_test(entropies_are_those_published),
        cmocka_unit_test(equal_answers_have_equal_fingerprints),
        cmocka_unit_test(a_fingerprint_is_the_same_on_every_machine),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(more_resamples_than_a_sample_may_have_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
