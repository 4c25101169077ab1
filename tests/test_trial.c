/* Are patterns that a hostile text can make slow refused, and the others not? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "schema/base/memory.h"
#include "evaluators/rules/pattern_parts.h"
#include "evaluators/rules/pattern_trial.h"
#include "evaluators/rules/rules.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct str repeated(struct arena *arena, const char *before, const char *pump, size_t count)
{
    size_t first = strlen(before), size = strlen(pump);
    char *text = arena_alloc(arena, first + size * count + 1);
    memcpy(text, before, first);
    for (size_t i = 0; i < count; i++)
        memcpy(text + first + i * size, pump, size);
    return (struct str){text, first + size * count};
}

/* Steps of a whole search, by hand from what a backtracking matcher must do. */
static void steps_are_items_tried_and_bytes_gone_on_by(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *before, *pump;
        size_t count, steps_min, steps_max;
    } cases[] = {
        {"x", "", "a", 100, 101, 101},         /* one item at each of 100 places and the end */
        {"ab", "", "a", 100, 299, 302},        /* a at each, b behind each, a byte to get there */
        {"a[^b]*+b", "", "a", 100, 5000, 6000}, /* each goes on to the end: 100 * 99 / 2 bytes */
        {"a[^c]*b", "", "a", 100, 10000, 11000}, /* and comes back byte by byte */
        {"x[^b]*+b", "x", "a", 100, 200, 210}, /* one place only */
    };
    struct pattern_scratch *scratch = pattern_scratch_new();
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error error = {0};
        struct pattern *pattern = pattern_compile_counted(str_of(cases[i].pattern), 0, &error);
        struct str text = repeated(&arena, cases[i].before, cases[i].pump, cases[i].count);
        size_t steps = 0, again = 0;
        assert_true(pattern_count_steps(pattern, text, 1000000, scratch, &steps));
        if (steps < cases[i].steps_min || steps > cases[i].steps_max)
            fail_msg("%s: %zu steps", cases[i].pattern, steps);
        assert_true(pattern_count_steps(pattern, text, steps, scratch, &again));
        assert_int_equal(again, steps);
        assert_false(pattern_count_steps(pattern, text, steps - 1, scratch, &again));
        pattern_free(pattern);
    }
    arena_clear(&arena);
    pattern_scratch_free(scratch);
}

static bool is_tried(const char *source, unsigned flags, struct error *error)
{
    struct pattern_scratch *scratch = pattern_scratch_new();
    size_t steps_left = TRIAL_STEPS_OF_SET;
    bool fine = pattern_trial(str_of(source), flags, scratch, &steps_left, error);
    pattern_scratch_free(scratch);
    return fine;
}

static const char POLYNOMIAL[] = "bound it, as {1,200}";
static const char BOUNDED[] = "make its bounds smaller";
static const char EXPONENTIAL[] = "divided in many ways";

static void patterns_that_a_text_can_make_slow_are_refused_with_a_repair(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        unsigned flags;
        const char *blamed, *why;
    } cases[] = {
        {"(a+)+$", 0, "(a+)+ at offset 0", EXPONENTIAL},
        {"(a|aa)+$", 0, "(a|aa)+ at offset 0", EXPONENTIAL},
        {"(?:a|b|ab)*c", 0, "at offset 0", POLYNOMIAL},
        {"^(\\w+\\s?)*$x", 0, "(\\w+\\s?)* at offset 1", EXPONENTIAL},
        {"(.*a){20}", 0, ".* at offset 1", EXPONENTIAL},
        {"(?:x+x+)+y", 0, "at offset 0", EXPONENTIAL},
        {"(.|\\s)*z", 0, "at offset 0", EXPONENTIAL},
        {"(?i)(a|A)+$", 0, "(a|A)+ at offset 4", EXPONENTIAL},
        {"( a + ) + $ # why", PATTERN_EXTENDED, "( a + ) + at offset 0", EXPONENTIAL},
        {"(?x: ( a + ) + ) b", 0, "at offset 5", EXPONENTIAL},
        {"(?<name>\\w+\\d*)+!", 0, "at offset 0", EXPONENTIAL},
        {"\\x61(\\x62+)+c", 0, "at offset 4", EXPONENTIAL},
        {"[]a](?:[\\]b]+[:b]*)+c", 0, "at offset 4", EXPONENTIAL},
        {"\xc3\xa9(?:\xc3\xa9+)+x", 0, "at offset 2", EXPONENTIAL},
        {"\\s+$", 0, "\\s+ at offset 0", POLYNOMIAL},
        {"a.*b.*c", 0, ".* at offset 1", POLYNOMIAL},
        {"begin.*end", PATTERN_DOTALL, ".* at offset 5", POLYNOMIAL},
        {"<script[^>]*>", 0, "[^>]* at offset 7", POLYNOMIAL},
        {"a(?=(.*?)#)", 0, ".*? at offset 5", POLYNOMIAL}, /* 5 s as machine code, 40 kB */
        {"a(?!.*#)x", 0, ".* at offset 4", POLYNOMIAL},
        {"(?<!\\w)\\d+(?:,\\d+)*\\.\\d+", 0, "at offset", POLYNOMIAL},
        {"a[^b]*+b", 0, "[^b]*+ at offset 1", POLYNOMIAL},
        {"(?>[^b]*)b", 0, "[^b]* at offset 3", POLYNOMIAL},
        {"x[^y]{9999}z", 0, "the pattern at offset 0", BOUNDED},
        {"[ab]{20,8000}?c", 0, "at offset 0", BOUNDED},
        {"[\\w.-]{0,50}?key[\\w ]{0,200}=[\\w=]{0,200};", 0, "at offset", BOUNDED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error error = {0};
        if (is_tried(cases[i].source, cases[i].flags, &error))
            fail_msg("%s is not refused", cases[i].source);
        assert_int_equal(error.kind, ERROR_INPUT);
        if (!strstr(error.text, cases[i].blamed) || !strstr(error.text, cases[i].why))
            fail_msg("%s: %s", cases[i].source, error.text);
    }
}

static void patterns_that_stay_quick_are_not_refused(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "word",
        "colou?r",
        "[A-Za-z0-9]{20,}", /* what it passes over it matches */
        "\"[^\"]*\"",       /* begins where it ends */
        "^.*secret",        /* one place a line; and no line twice */
        "(?<!\\w)\\d{3}-\\d{2}-\\d{4}(?!\\w)",
        ";(?>a+)+x|,(?:a++)+b{1,9}z",
        "\\bkey\\s{0,9}=\\s{0,9}\\S{8,200}",
        "(?:[0-9]{1,3}\\.){3}[0-9]{1,3}",
        "(\\w)\\1{4,20}",
        "(?:foo|bar|(?:baz){2,4})qux",
        "[[:alpha:]]{1,20}@[[:alpha:]]{1,20}",
        "\\Qa(b\\Ec",
        "(?#(a+)ab",
    };
    for (size_t i = 0; i < COUNT(sources); i++) {
        struct error error = {0};
        if (!is_tried(sources[i], 0, &error))
            fail_msg("%s: %s", sources[i], error.text);
    }
}

static void groups_in_quotes_are_read_to_an_end(void **state)
{
    (void)state;
    char deep[4000] = "\\Q";
    memset(deep + 2, '(', sizeof deep - 3);
    struct arena arena = {0};
    assert_non_null(pattern_parts(str_of(deep), false, &arena));
    deep[1] = '('; /* nothing that compiles */
    assert_non_null(pattern_parts(str_of(deep), true, &arena));
    static const char *const broken[] = {"",    "\\",   "[",    "[^",  "(?",  "(?<", "a{", "a{1,",
                                         "(?P", "\\x{", "\\Qa", "(?x", "[[:", "\\k", "(",  ")"};
    for (size_t i = 0; i < COUNT(broken); i++)
        assert_non_null(pattern_parts(str_of(broken[i]), true, &arena));
    arena_clear(&arena);
}

static bool set_has_room_for(size_t count, struct problems *problems)
{
    static const struct rules_wanted all = {0};
    struct rules *rules = rules_new();
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:o}", "id", json_sprintf("r%zu", i),
                                              "pattern", json_sprintf("word%zu", i)));
    json_t *pack = json_pack("{s:s, s:i, s:s, s:o}", "name", "big", "version", 1, "description",
                             "x", "rules", list);
    bool fine = rules_add_pack(rules, pack, &all, "big", problems);
    assert_int_equal(rules_count(rules), fine ? count : 0);
    json_decref(pack);
    rules_free(rules);
    return fine;
}

static void a_pack_of_too_many_rules_is_refused_before_any_is_tried(void **state)
{
    (void)state;
    struct problems problems = {0};
    assert_true(set_has_room_for(RULES_MAX, &problems));
    assert_false(set_has_room_for(10000, &problems));
    assert_int_equal(problems.total, 1);
    assert_non_null(strstr(problems.lines[0], "10000 rules, more than 2000; split it"));
    problems_clear(&problems);
}

static void trials_of_a_set_end(void **state)
{
    (void)state;
    struct pattern_scratch *scratch = pattern_scratch_new();
    struct error error = {0};
    size_t steps_left = 1000;
    assert_false(pattern_trial(STR("[ab]{1,20}c"), 0, scratch, &steps_left, &error));
    assert_int_equal(steps_left, 0);
    assert_non_null(strstr(error.text, "the patterns before this one took all"));
    pattern_scratch_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_items_tried_and_bytes_gone_on_by),
        cmocka_unit_test(patterns_that_a_text_can_make_slow_are_refused_with_a_repair),
        cmocka_unit_test(patterns_that_stay_quick_are_not_refused),
        cmocka_unit_test(groups_in_quotes_are_read_to_an_end),
        cmocka_unit_test(a_pack_of_too_many_rules_is_refused_before_any_is_tried),
        cmocka_unit_test(trials_of_a_set_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
