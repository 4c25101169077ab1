/* Do the rule packs that ship say what they match, and match what they say? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <glob.h>
#include <string.h>
#include "schema/base/json_read.h"
#include "evaluators/rules/rule_examples.h"
#include "evaluators/rules/rule_read.h"

#define PACKS "rubrics/packs/"

/* Named here so that a pack that is lost is noticed. */
static const struct {
    const char *name;
    size_t rules_min;
} EXPECTED[] = {{"pii", 20},    {"secrets", 60},  {"profanity", 5},           {"prompt_leak", 4},
                {"refusal", 5}, {"injection", 8}, {"jailbreak_compliance", 4},
                {"medical_financial_advice", 6}};

static void every_pack_that_ships_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++) {
        char path[200];
        struct error error = {0};
        struct problems problems = {0};
        struct pack_text text = {0};
        snprintf(path, sizeof path, PACKS "%s.json", EXPECTED[i].name);
        json_t *pack = json_read_file(path, &JSON_LIMITS_DOCUMENT, &error);
        if (!pack)
            fail_msg("%s", error.text);
        assert_true(pack_read(pack, &text, "", &problems));
        assert_string_equal(text.name, EXPECTED[i].name);
        assert_in_range(json_array_size(text.rules), EXPECTED[i].rules_min, 1000);
        json_decref(pack);
    }
}

static void every_example_is_as_said_in_both_engines_with_and_without_keywords(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob(PACKS "*.json", 0, NULL, &files), 0);
    size_t wrong = 0;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct error error = {0};
        struct problems problems = {0};
        json_t *pack = json_read_file(files.gl_pathv[i], &JSON_LIMITS_DOCUMENT, &error);
        if (!pack)
            fail_msg("%s", error.text);
        rule_examples_check(pack, "", &problems);
        problems_print(&problems, stderr, files.gl_pathv[i]);
        wrong += problems.total;
        problems_clear(&problems);
        json_decref(pack);
    }
    globfree(&files);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pack_that_ships_is_there),
        cmocka_unit_test(every_example_is_as_said_in_both_engines_with_and_without_keywords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
