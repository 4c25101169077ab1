/* What does the evaluator regex score and find, and which options does it refuse? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "evaluators/registry.h"
#include "evaluators/rules/rules.h"
#include "evaluators/scratch.h"
#include "tests/json_of.h"

extern const struct evaluator evaluator_regex;

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The packs of a test: an object of name to pack. */
static const json_t *test_pack(void *packs, const char *name, const char *path,
                               struct problems *problems)
{
    const json_t *pack = json_object_get(packs, name);
    if (!pack)
        problems_add(problems, path, "no such pack");
    return pack;
}

static const char PACKS[] =
    "{\"demo\": {\"name\": \"demo\", \"version\": 3, \"description\": \"x\", \"rules\": ["
    "  {\"id\": \"mail\", \"entity\": \"email\", \"pattern\": \"\\\\w{1,9}@\\\\w{1,9}\", "
    "\"severity\": "
    "\"low\"},"
    "  {\"id\": \"secret\", \"pattern\": \"s3cr3t\", \"severity\": \"critical\"},"
    "  {\"id\": \"asks\", \"pattern\": \"please\", \"where\": \"request\"},"
    "  {\"id\": \"tel\", \"pattern\": \"\\\\d{5}\", \"severity\": \"high\","
    "   \"context\": {\"words\": [\"call\"], \"required\": false}}]},"
    " \"bad\": {\"name\": \"bad\", \"version\": 1, \"description\": \"x\", \"rules\": ["
    "  {\"id\": \"A b\", \"pattern\": \"x(\", \"colour\": 1, \"severity\": \"grave\"},"
    "  {\"id\": \"twice\", \"pattern\": \"x\"}, {\"id\": \"twice\", \"pattern\": \"y\"},"
    "  {\"id\": \"v\", \"pattern\": \"x\", \"validators\": [\"nonsense\"], \"flags\": [\"loud\"]},"
    "  {\"id\": \"p\", \"pattern\": \"x(\", \"keywords\": [\"\\u00e9\"]},"
    "  {\"id\": \"q\", \"pattern\": \"x(\"}]}}";

static void *configured(const char *options, json_t *packs, struct problems *problems)
{
    struct evaluator_context context = {
        .path = "criteria[0].options", .pack = test_pack, .packs = packs};
    json_t *json = json_of(options);
    void *regex = NULL;
    bool fine = evaluator_regex.configure(json, &context, &regex, problems);
    assert_int_equal(fine, problems->total == 0);
    json_decref(json);
    return regex;
}

static void mistakes_in_options_and_packs_are_all_listed_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        const char *said[8];
    } cases[] = {
        {"{}", {"criteria[0].options: has no rule"}},
        {"{\"packs\": [\"nope\"]}", {"criteria[0].options.packs[0]: no such pack"}},
        {"{\"packs\": [7]}", {"criteria[0].options.packs[0]: must be the name"}},
        {"{\"forbit\": []}", {"criteria[0].options.forbit: unknown key"}},
        {"{\"forbid\": [\"a(\"]}",
         {"criteria[0].options.forbid[0]: rule forbid[0]: the pattern is "
          "wrong at offset 2: missing closing parenthesis"}},
        {"{\"forbid\": [\"a\"], \"where\": \"everywhere\"}", {"criteria[0].options.where"}},
        {"{\"packs\": [\"demo\"], \"entities\": [\"fax\"]}", {"packs[0]: no rule of pack"}},
        {"{\"packs\": [\"demo\"], \"entities\": [\"email\", \"fax\"]}", {"entities[1]: no rule"}},
        {"{\"forbid\": [{\"id\": \"x\", \"pattern\": \"y\", \"where\": \"request\"}]}",
         {"forbid: rule x never looks"}},
        {"{\"packs\": [\"bad\"]}",
         {"packs[0].rules[0].id: must be 1 to 64", "rules[0].colour: unknown key",
          "rules[0].severity: \"grave\"", "rules[2]: there is a rule \"twice\" already",
          "rules[3].flags[0]", "rules[4].keywords[0]: must be printable ASCII",
          "rules[5]: rule q: the pattern is wrong at offset 2"}},
    };
    json_t *packs = json_of(PACKS);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct problems problems = {0};
        evaluator_regex.release(configured(cases[i].options, packs, &problems));
        for (size_t k = 0; k < COUNT(cases[i].said) && cases[i].said[k]; k++) {
            bool said = false;
            for (size_t p = 0; p < problems.count; p++)
                said |= strstr(problems.lines[p], cases[i].said[k]) != NULL;
            if (!said) {
                problems_print(&problems, stderr, cases[i].options);
                fail_msg("not said: %s", cases[i].said[k]);
            }
        }
        problems_clear(&problems);
    }
    json_decref(packs);
}

static void regex_scores_what_is_forbidden_and_required(void **state)
{
    (void)state;
    static const struct {
        const char *options, *prompt, *response;
        double value;
        const char *reason, *label;
        size_t findings;
    } cases[] = {
        {"{\"packs\": [\"demo\"]}", "please", "fine", 1, NULL, NULL, 0},
        {"{\"packs\": [\"demo\"]}", "", "a@b", 0, "forbidden: mail", "email", 1},
        {"{\"packs\": [\"demo\"]}", "", "a@b s3cr3t", 0, "forbidden: secret", "secret", 2},
        {"{\"packs\": [\"demo\"]}", "a@b", "fine", 1, NULL, NULL, 0},
        {"{\"packs\": [\"demo\"], \"where\": \"request\"}", "please", "a@b", 0, "forbidden: asks",
         "asks", 1},
        {"{\"packs\": [\"demo\"], \"where\": \"both\"}", "please", "a@b", 0, "forbidden: asks",
         "asks", 2},
        {"{\"packs\": [\"demo\"], \"entities\": [\"secret\"]}", "", "a@b", 1, NULL, NULL, 0},
        {"{\"packs\": [\"demo\"], \"min_severity\": \"high\"}", "", "a@b", 1, NULL, NULL, 0},
        {"{\"packs\": [\"demo\"], \"min_severity\": \"high\"}", "", "call 12345", 0,
         "forbidden: tel", "tel", 1},
        {"{\"packs\": [\"demo\"], \"min_severity\": \"high\"}", "", "order 12345", 1, NULL, NULL,
         0},
        {"{\"forbid\": [\"colou?r\"]}", "", "my color", 0, "forbidden: forbid[0]", "pattern", 1},
        {"{\"rules\": [{\"id\": \"hue\", \"pattern\": \"RED\", \"flags\": [\"caseless\"]}]}", "",
         "red", 0, "forbidden: hue", "hue", 1},
        {"{\"require\": [\"yes\", \"no\"]}", "no", "yes", 0, "missing: require[1]", "missing", 0},
        {"{\"require\": [\"yes\", \"no\"]}", "", "no, yes", 1, NULL, NULL, 0},
        {"{\"require\": [\"yes\"], \"forbid\": [\"no\"]}", "", "yes, no", 0, "forbidden: forbid[0]",
         "pattern", 1},
        {"{\"require\": [\"yes\"]}", "", "", 0, "missing: require[0]", "missing", 0},
    };
    json_t *packs = json_of(PACKS);
    struct scratch *scratch = scratch_new();
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct problems problems = {0};
        struct score score;
        struct error error = {0};
        struct sample sample = {.prompt = str_of(cases[i].prompt),
                                .response = str_of(cases[i].response)};
        void *regex = configured(cases[i].options, packs, &problems);
        assert_int_equal(problems.total, 0);
        assert_true(evaluator_regex.score(regex, &sample, NULL, scratch, &arena, &score, &error));
        assert_int_equal(score.status, SCORE_SCORED);
        assert_true(score.value == cases[i].value);
        assert_string_equal(score.reason ? score.reason : "",
                            cases[i].reason ? cases[i].reason : "");
        assert_string_equal(score.label ? score.label : "", cases[i].label ? cases[i].label : "");
        assert_int_equal(score.finding_count, cases[i].findings);
        evaluator_regex.release(regex);
    }
    scratch_free(scratch);
    arena_clear(&arena);
    json_decref(packs);
}

static void findings_tell_code_points_and_bytes_and_are_bounded(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct scratch *scratch = scratch_new();
    struct arena arena = {0};
    struct score score;
    struct error error = {0};
    void *regex = configured("{\"forbid\": [\"x\\u00e9+\", \"q\"]}", NULL, &problems);
    struct sample sample = {.response = STR("\xe2\x82\xac x\xc3\xa9\xc3\xa9 \xf0\x9f\x98\x80 q")};
    assert_true(evaluator_regex.score(regex, &sample, NULL, scratch, &arena, &score, &error));
    assert_int_equal(score.finding_count, 2);
    static const size_t expected[2][4] = {{2, 5, 4, 9}, {8, 9, 15, 16}}; /* counted by hand */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(score.findings[i].start, expected[i][0]);
        assert_int_equal(score.findings[i].end, expected[i][1]);
        assert_int_equal(score.findings[i].start_byte, expected[i][2]);
        assert_int_equal(score.findings[i].end_byte, expected[i][3]);
        assert_string_equal(score.findings[i].where, "response");
    }
    char many[2 * SCORE_FINDINGS_MAX];
    memset(many, 'q', sizeof many);
    sample.response = (struct str){many, sizeof many};
    assert_true(evaluator_regex.score(regex, &sample, NULL, scratch, &arena, &score, &error));
    assert_int_equal(score.finding_count, SCORE_FINDINGS_MAX);
    assert_int_equal(score.findings[SCORE_FINDINGS_MAX - 1].start, SCORE_FINDINGS_MAX - 1);
    evaluator_regex.release(regex);
    scratch_free(scratch);
    arena_clear(&arena);
}

static void a_limit_is_no_score(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct scratch *scratch = scratch_new();
    struct arena arena = {0};
    struct score score;
    struct error error = {0};
    void *regex = configured("{\"forbid\": [\"(?:a|b){1,9}?(?:b|c){1,9}?[de]\"]}", NULL, &problems);
    struct sample sample = {.response = STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")};
    pattern_scratch_limit(scratch->patterns, 30);
    assert_false(evaluator_regex.score(regex, &sample, NULL, scratch, &arena, &score, &error));
    assert_non_null(strstr(error.text, "rule forbid[0]: match limit"));
    evaluator_regex.release(regex);
    scratch_free(scratch);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_in_options_and_packs_are_all_listed_with_their_place),
        cmocka_unit_test(regex_scores_what_is_forbidden_and_required),
        cmocka_unit_test(findings_tell_code_points_and_bytes_and_are_bounded),
        cmocka_unit_test(a_limit_is_no_score),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
