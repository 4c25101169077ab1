/* Do patterns, validators, keywords and rule sets find what they say, and fail as they say? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "schema/base/memory.h"
#include "evaluators/rules/keywords.h"
#include "evaluators/rules/rules.h"
#include "evaluators/scratch.h"
#include "tests/json_of.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void patterns_that_could_harm_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *source, *why;
    } cases[] = {
        {"a(b", "at offset 3: missing closing parenthesis"},
        {"[z-a]", "at offset 3: range out of order"},
        {"x*", "empty"},
        {"(?=a)", "empty"},
        {"\\b", "empty"},
        {"(*NO_JIT)a", "starts with an option"},
        {"(*LIMIT_MATCH=1)a", "starts with an option"},
        {"(*UCP)a", "starts with an option"},
        {"a\\Cb", "\\C is disabled"},
        {"(?<=a{300})b", "lookbehind"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct error error = {0};
        assert_null(pattern_compile(str_of(cases[i].source), 0, &error));
        assert_int_equal(error.kind, ERROR_INPUT);
        if (!strstr(error.text, cases[i].why))
            fail_msg("%s: %s", cases[i].source, error.text);
    }
    char *longest = memory_new(PATTERN_BYTES_MAX + 2, 1);
    memset(longest, 'a', PATTERN_BYTES_MAX + 1);
    struct error error = {0};
    assert_null(pattern_compile(str_of(longest), 0, &error));
    assert_non_null(strstr(error.text, "longer than"));
    free(longest);
}

static void validators_agree_with_published_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *validator, *text;
        bool passes;
    } cases[] = {
        {"luhn", "4111 1111 1111 1111", true}, /* test numbers of the card schemes */
        {"luhn", "378282246310005", true},
        {"luhn", "4111111111111112", false},
        {"luhn", "0000000000000000", false},
        {"iban_mod97", "GB82 WEST 1234 5698 7654 32", true}, /* examples of ISO 13616 */
        {"iban_mod97", "DE89370400440532013000", true},
        {"iban_mod97", "de89370400440532013000", true},
        {"iban_mod97", "GB82 WEST 1234 5698 7654 33", false},
        {"iban_mod97", "DE8937040044053201300", false},
        {"iban_mod97", "", false},
        {"ssn_area", "457-55-5462", true},
        {"ssn_area", "000-55-5462", false},
        {"ssn_area", "666-55-5462", false},
        {"ssn_area", "900-55-5462", false},
        {"ssn_area", "457-00-5462", false},
        {"ssn_area", "457-55-0000", false},
        {"ssn_area", "078-05-1120", false},
        {"ipv4_octets", "192.0.2.255", true},
        {"ipv4_octets", "192.0.2.256", false},
        {"ipv6", "2001:db8::1", true},
        {"ipv6", "12:30:45", false},
        {"nanp", "(202) 555-0143", true},
        {"nanp", "1-202-555-0143", true},
        {"nanp", "123-456-7890", false},
        {"nanp", "911-555-0143", false},
        {"entropy>=2", "abcd", true}, /* four equally frequent bytes: two bits */
        {"entropy>=2.1", "abcd", false},
        {"entropy>2", "abcd", false},
        {"entropy>1.9", "abcd", true},
        {"entropy>=0.1", "aaaa", false},
        {"entropy>=0", "", false},
        {"digits>=3", "1a2b3", true},
        {"digits>=4", "1a2b3", false},
        {"distinct>=2", "aab", true},
        {"distinct>=3", "aab", false},
        {"mixed", "a1", true},
        {"mixed", "aa", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct validator validator;
        struct error error = {0};
        assert_true(validator_read(str_of(cases[i].validator), &validator, &error));
        if (validator_passes(&validator, str_of(cases[i].text)) != cases[i].passes)
            fail_msg("%s of \"%s\"", cases[i].validator, cases[i].text);
    }
    static const char *const unknown[] = {"lun",         "luhn2",     "luhn>=3",
                                          "entropy",     "entropy>=", "entropy>=x",
                                          "entropy>=1e", "entropy>",  "entropy<3", ""};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        struct validator validator;
        struct error error = {0};
        assert_false(validator_read(str_of(unknown[i]), &validator, &error));
        assert_non_null(strstr(error.text, "luhn"));
    }
}

static void keywords_are_found_in_one_pass_without_case(void **state)
{
    (void)state;
    static const struct keyword list[] = {{"he", 0},  {"she", 1},      {"his", 2}, {"hers", 70},
                                          {"sk-", 4}, {"ushers!", 71}, {"HE", 3}};
    static const struct {
        struct str text;
        uint64_t low, high; /* owners 0 to 63, 64 to 127 */
    } cases[] = {
        {STR("ushers"), 1 | 2 | 8, 1 << 6},
        {STR("USHERS!"), 1 | 2 | 8, 1 << 6 | 1 << 7},
        {STR("hi"), 0, 0},
        {STR(""), 0, 0},
        {STR("xhisx"), 4, 0},
        {STR("\xc5\xbf\xe2\x84\xaa-"), 16, 0}, /* long s, Kelvin sign */
        {STR("\xc5\xbe\xe2\x84\xab-\xc5"), 0, 0},
        {STR("s k-"), 0, 0},
    };
    struct keywords *keywords = keywords_new(list, COUNT(list));
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t owners[2] = {0};
        keywords_find(keywords, cases[i].text, owners);
        assert_true(owners[0] == cases[i].low);
        assert_true(owners[1] == cases[i].high);
    }
    keywords_free(keywords);
    keywords_free(NULL);
}

struct fixture {
    struct rules *rules;
    struct scratch *scratch;
    struct arena arena;
};

static void open_fixture(struct fixture *fixture, const char *list)
{
    static const struct rules_wanted all = {0};
    struct problems problems = {0};
    json_t *json = json_of(list);
    fixture->rules = rules_new();
    fixture->scratch = scratch_new();
    rules_add_list(fixture->rules, json, &all, "forbid", &problems);
    rules_prepare(fixture->rules, "", &problems);
    problems_print(&problems, stderr, "test");
    assert_int_equal(problems.total, 0);
    json_decref(json);
}

static void close_fixture(struct fixture *fixture)
{
    rules_free(fixture->rules);
    scratch_free(fixture->scratch);
    arena_clear(&fixture->arena);
}

/* "id start end, ..." of everything found. */
static const char *found(struct fixture *fixture, struct str text)
{
    struct rule_matches matches;
    struct error error = {0};
    if (!rules_find(fixture->rules, text, RULE_BOTH, RULES_MATCHES_MAX, fixture->scratch,
                    &fixture->arena, &matches, &error))
        return arena_copy(&fixture->arena, str_of(error.text));
    const char *line = "";
    for (size_t i = 0; i < matches.count; i++)
        line = arena_printf(&fixture->arena, "%s%s%s %zu %zu", line, i ? ", " : "",
                            matches.list[i].rule->id, matches.list[i].start, matches.list[i].end);
    return line;
}

static void rules_count_only_what_passes_every_check(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    open_fixture(
        &fixture,
        "[{\"id\": \"card\", \"pattern\": \"\\\\d(?:[ -]?\\\\d){12,18}\","
        "  \"validators\": [\"luhn\"]},"
        " {\"id\": \"key\", \"pattern\": \"key=(?<value>\\\\w+)\", \"keywords\": [\"KEY=\"],"
        "  \"stop\": [\"Sample\"], \"allow\": [\"^x+$\"]},"
        " {\"id\": \"either\", \"pattern\": \"either:(?<value>)(?: at=(?<value>\\\\d)| "
        "or=(?<value>\\\\d))\"},"
        " {\"id\": \"num\", \"pattern\": \"\\\\d{4}\", \"where\": \"request\","
        "  \"context\": {\"words\": [\"pin\"], \"within\": 5}}]");
    static const struct {
        const char *text, *found;
    } cases[] = {
        {"", ""},
        {"4111111111111111", "card 0 16"},
        {"12 4111111111111111", "card 3 19"}, /* started too early, then right */
        {"key=abc", "key 4 7"},               /* the group "value" is the finding */
        {"either: or=7", "either 11 12"},     /* the first that is not empty */
        {"key=mysample1 key=ok", "key 18 20"},
        {"key=xxx", ""},
        {"pin 1234", "num 4 8"},
        {"PIN:1234", "num 4 8"},
        {"1234 is it", ""},
        {"pins 1234", ""},                 /* another word */
        {"pin ...  1234", ""},             /* too far */
        {"1234 pin", "num 0 4"},           /* behind */
        {"pin \xc3\xa9\xc3\xa9 1234", ""}, /* "in éé 1234" is five characters, not bytes */
        {"pin\xc3\xa9 1234", "num 6 10"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *got = found(&fixture, str_of(cases[i].text));
        if (strcmp(got, cases[i].found) != 0)
            fail_msg("\"%s\": \"%s\" instead of \"%s\"", cases[i].text, got, cases[i].found);
    }
    struct rule_matches matches;
    struct error error = {0};
    assert_true(rules_find(fixture.rules, STR("pin 1234"), RULE_RESPONSE, 10, fixture.scratch,
                           &fixture.arena, &matches, &error));
    assert_int_equal(matches.count, 0); /* num looks at requests only */
    close_fixture(&fixture);
}

static void a_limit_is_an_error_that_names_the_rule(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    open_fixture(&fixture, "[{\"id\": \"slow\", \"pattern\": \"(?:a|b){1,9}?(?:b|c){1,9}?[de]\"},"
                           " {\"id\": \"word\", \"pattern\": \"w\\\\w{1,99}\","
                           "  \"allow\": [\"^(?:a|b){1,9}?(?:b|c){1,9}?[de]$\"]}]");
    pattern_scratch_limit(fixture.scratch->patterns, 30);
    for (int interpret = 0; interpret < 2; interpret++) {
        pattern_scratch_interpret(fixture.scratch->patterns, interpret);
        const char *got = found(&fixture, STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
        if (!strstr(got, "rule slow: match limit reached"))
            fail_msg("%s", got);
        assert_string_equal(found(&fixture, STR("wba")), "word 0 3");
    }
    close_fixture(&fixture);
    open_fixture(&fixture, "[{\"id\": \"word\", \"pattern\": \"b\\\\w{1,99}\","
                           "  \"allow\": [\"^(?:a|b){1,9}?(?:b|c){1,9}?[de]$\"]}]");
    pattern_scratch_limit(fixture.scratch->patterns, 30);
    assert_non_null(strstr(found(&fixture, STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")),
                           "rule word: a limit of an allow pattern"));
    close_fixture(&fixture);
}

/* A text of two-byte letters and blanks with a marker every 37 bytes; chunks end inside of both. */
static struct str long_text(struct arena *arena, size_t size)
{
    char *text = arena_alloc(arena, size + 8);
    for (size_t i = 0; i < size;) {
        if (i % 37 == 0 && i + 5 < size) {
            memcpy(text + i, "<id7>", 5);
            i += 5;
        } else if (i % 37 < 35 && i + 2 < size) {
            memcpy(text + i, "\xc3\xa9", 2);
            i += 2;
        } else {
            text[i++] = ' ';
        }
    }
    return (struct str){text, size};
}

static void chunks_change_nothing(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    open_fixture(&fixture, "[{\"id\": \"mark\", \"pattern\": \"<id\\\\d>\"},"
                           " {\"id\": \"begin\", \"pattern\": \"\\\\A<\"},"
                           " {\"id\": \"caret\", \"pattern\": \"^.\"},"
                           " {\"id\": \"end\", \"pattern\": \".$\"},"
                           " {\"id\": \"behind\", \"pattern\": \"(?<=<id)7\"},"
                           " {\"id\": \"word\", \"pattern\": \"\\\\bid7\\\\b\"},"
                           " {\"id\": \"long\", \"pattern\": \"<[^<]+<\"}]");
    struct str text = long_text(&fixture.arena, 9001);
    const char *whole = found(&fixture, text);
    assert_non_null(strstr(whole, "begin 0 1"));
    assert_non_null(strstr(whole, "end 9000 9001"));
    size_t marks = 0;
    for (const char *at = whole; (at = strstr(at, "mark ")); at++)
        marks++;
    assert_int_equal(marks, 244); /* 9001 = 243 * 37 + 10: one more begins */
    for (size_t chunk = 4; chunk < 200; chunk += 7) {
        fixture.scratch->chunk_bytes = chunk;
        const char *got = found(&fixture, text);
        if (strcmp(got, whole) != 0)
            fail_msg("chunks of %zu bytes find something else", chunk);
    }
    close_fixture(&fixture);
}

static void a_text_longer_than_a_chunk_is_searched_to_its_end(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    open_fixture(&fixture, "[\"needle\"]");
    size_t size = 3 * RULES_CHUNK_BYTES;
    char *text = memory_new(size, 1);
    memset(text, 'x', size);
    const size_t places[] = {0, RULES_CHUNK_BYTES - 3, 2 * RULES_CHUNK_BYTES, size - 6};
    for (size_t i = 0; i < COUNT(places); i++)
        memcpy(text + places[i], "needle", 6);
    const char *got = found(&fixture, (struct str){text, size});
    assert_string_equal(got, "forbid[0] 0 6, forbid[0] 65533 65539, forbid[0] 131072 131078, "
                             "forbid[0] 196602 196608");
    free(text);
    close_fixture(&fixture);
}

/* The first window of a text is a chunk and what is seen behind it: 72704 bytes. */
static void what_lies_across_the_end_of_a_window_is_found_whole_or_not_at_all(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    open_fixture(&fixture, "[\"[0-9]+\", \"begin[^y]*$\", \"x(?![^y])\"]");
    size_t size = 3 * RULES_CHUNK_BYTES;
    char *text = memory_new(size, 1);
    memset(text, 'x', size);
    memcpy(text, "begin", 5);
    memset(text + 72680, '7', 40);
    text[size - 1] = 'y';
    const char *got = found(&fixture, (struct str){text, size});
    assert_string_equal(got, "forbid[0] 72680 72720, forbid[2] 196606 196607");
    free(text);
    close_fixture(&fixture);
}

static void more_matches_than_asked_for_are_said_to_be_cut(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    struct rule_matches matches;
    struct error error = {0};
    open_fixture(&fixture, "[\"a\", \"b\"]");
    assert_true(rules_find(fixture.rules, STR("aaab"), RULE_BOTH, 2, fixture.scratch,
                           &fixture.arena, &matches, &error));
    assert_true(matches.cut);
    assert_int_equal(matches.count, 3);
    assert_true(rules_find(fixture.rules, STR("aab"), RULE_BOTH, 2, fixture.scratch, &fixture.arena,
                           &matches, &error));
    assert_false(matches.cut);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_that_could_harm_are_refused_by_name),
        cmocka_unit_test(validators_agree_with_published_numbers),
        cmocka_unit_test(keywords_are_found_in_one_pass_without_case),
        cmocka_unit_test(rules_count_only_what_passes_every_check),
        cmocka_unit_test(a_limit_is_an_error_that_names_the_rule),
        cmocka_unit_test(chunks_change_nothing),
        cmocka_unit_test(a_text_longer_than_a_chunk_is_searched_to_its_end),
        cmocka_unit_test(what_lies_across_the_end_of_a_window_is_found_whole_or_not_at_all),
        cmocka_unit_test(more_matches_than_asked_for_are_said_to_be_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
