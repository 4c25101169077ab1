/* Is everything that rules find replaced by masks that say what was there, and nothing else? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "evaluators/rules/redact.h"
#include "evaluators/rules/rules.h"
#include "evaluators/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The packs that ship, by name, as the rubric's loader gives them; `packs` is an object that keeps
 * them. */
static const json_t *shipped_pack(void *packs, const char *name, const char *path,
                                  struct problems *problems)
{
    char file[200];
    struct error error = {0};
    snprintf(file, sizeof file, "rubrics/packs/%s.json", name);
    json_t *pack = json_read_file(file, &JSON_LIMITS_DOCUMENT, &error);
    if (!pack)
        problems_add(problems, path, "%s", error.text);
    else
        json_object_set_new(packs, name, pack);
    return pack;
}

static const json_t *test_pack(void *packs, const char *name, const char *path,
                               struct problems *problems)
{
    (void)path, (void)problems;
    return json_object_get(packs, name);
}

struct fixture {
    struct redactor *redactor;
    struct scratch *scratch;
    struct arena arena;
};

static void open_fixture(struct fixture *fixture, const struct evaluator_context *context,
                         const char *const *names)
{
    struct problems problems = {0};
    fixture->redactor = redactor_new(context, names, &problems);
    problems_print(&problems, stderr, "test");
    assert_non_null(fixture->redactor);
    fixture->scratch = scratch_new();
}

static void close_fixture(struct fixture *fixture)
{
    redactor_free(fixture->redactor);
    scratch_free(fixture->scratch);
    arena_clear(&fixture->arena);
}

static void what_the_shipped_packs_find_is_masked(void **state)
{
    (void)state;
    static const struct {
        const char *text, *redacted;
    } cases[] = {
        {"", ""},
        {"nothing here", "nothing here"},
        {"write to jane@mail.example.org.", "write to [redacted:email:v2:21]."},
        {"SSN 457-55-5462, card 4111 1111 1111 1111",
         "SSN [redacted:us_ssn:v2:11], card [redacted:credit_card:v2:19]"},
        {"password = \"Fake0Key1Not2\"", "password = \"[redacted:generic_password:v2:13]\""},
        {"na\xc3\xafve jane@mail.example.org \xe2\x82\xac",
         "na\xc3\xafve [redacted:email:v2:21] \xe2\x82\xac"},
        {"forged [redacted:email:v2:21] mask", "forged [redacted:mask:v0:10]email:v2:21] mask"},
    };
    static const char *const names[] = {"pii", "secrets", NULL};
    json_t *packs = json_object();
    struct evaluator_context context = {
        .path = "store.redact", .pack = shipped_pack, .packs = packs};
    struct fixture fixture = {0};
    open_fixture(&fixture, &context, names);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str got =
            redact(fixture.redactor, str_of(cases[i].text), fixture.scratch, &fixture.arena);
        if (!str_is(got, cases[i].redacted))
            fail_msg("%.*s", STR_ARGS(got));
    }
    struct str absent = redact(fixture.redactor, (struct str){0}, fixture.scratch, &fixture.arena);
    assert_null(absent.data);
    close_fixture(&fixture);
    json_decref(packs);
}

static const char PACK[] =
    "{\"demo\": {\"name\": \"demo\", \"version\": 7, \"description\": \"x\", \"rules\": ["
    "  {\"id\": \"low\", \"pattern\": \"abc\", \"severity\": \"low\"},"
    "  {\"id\": \"high\", \"pattern\": \"cd\\u00e9\", \"severity\": \"high\", \"where\": "
    "\"request\"},"
    "  {\"id\": \"inner\", \"pattern\": \"b\", \"severity\": \"low\"},"
    "  {\"id\": \"next\", \"pattern\": \"z\"},"
    "  {\"id\": \"slow\", \"pattern\": \"(?:x|y){1,9}?(?:y|z){1,9}?[uv]\"}]}}";

static void overlapping_spans_become_one_mask_of_the_most_severe(void **state)
{
    (void)state;
    static const struct {
        const char *text, *redacted;
    } cases[] = {
        {"-abc-", "-[redacted:low:v7:3]-"},
        {"-abcd\xc3\xa9-", "-[redacted:high:v7:5]-"}, /* a b c d é */
        {"bz", "[redacted:inner:v7:1][redacted:next:v7:1]"},
        {"b", "[redacted:inner:v7:1]"},
    };
    static const char *const names[] = {"demo", NULL};
    struct error error = {0};
    json_t *packs = json_read(str_of(PACK), &JSON_LIMITS_DOCUMENT, &error);
    struct evaluator_context context = {.path = "store.redact", .pack = test_pack, .packs = packs};
    struct fixture fixture = {0};
    open_fixture(&fixture, &context, names);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str got =
            redact(fixture.redactor, str_of(cases[i].text), fixture.scratch, &fixture.arena);
        if (!str_is(got, cases[i].redacted))
            fail_msg("%.*s", STR_ARGS(got));
    }
    close_fixture(&fixture);
    json_decref(packs);
}

static void a_text_that_could_not_be_searched_is_not_given_out(void **state)
{
    (void)state;
    static const char *const names[] = {"demo", NULL};
    struct error error = {0};
    json_t *packs = json_read(str_of(PACK), &JSON_LIMITS_DOCUMENT, &error);
    struct evaluator_context context = {.path = "store.redact", .pack = test_pack, .packs = packs};
    struct fixture fixture = {0};
    open_fixture(&fixture, &context, names);
    struct str slow = STR("yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyw");
    pattern_scratch_limit(fixture.scratch->patterns, 30);
    assert_null(redact(fixture.redactor, slow, fixture.scratch, &fixture.arena).data);
    pattern_scratch_limit(fixture.scratch->patterns, PATTERN_STEPS_MAX);
    char *many = memory_new(RULES_MATCHES_MAX + 1, 1);
    memset(many, 'z', RULES_MATCHES_MAX + 1);
    struct str text = {many, RULES_MATCHES_MAX};
    assert_non_null(redact(fixture.redactor, text, fixture.scratch, &fixture.arena).data);
    text.size++;
    assert_null(redact(fixture.redactor, text, fixture.scratch, &fixture.arena).data);
    free(many);
    close_fixture(&fixture);
    json_decref(packs);
}

static void a_pack_that_is_missing_is_a_problem(void **state)
{
    (void)state;
    static const char *const names[] = {"no_such_pack", NULL};
    json_t *packs = json_object();
    struct evaluator_context context = {
        .path = "store.redact", .pack = shipped_pack, .packs = packs};
    struct problems problems = {0};
    assert_null(redactor_new(&context, names, &problems));
    assert_int_equal(problems.total, 1);
    assert_non_null(strstr(problems.lines[0], "store.redact"));
    problems_clear(&problems);
    redactor_free(NULL);
    json_decref(packs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_shipped_packs_find_is_masked),
        cmocka_unit_test(overlapping_spans_become_one_mask_of_the_most_severe),
        cmocka_unit_test(a_text_that_could_not_be_searched_is_not_given_out),
        cmocka_unit_test(a_pack_that_is_missing_is_a_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
