/* Does a rubric load whole or say everything that is wrong, and is it meant for the right samples?
 */
#include <dirent.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#include "evaluators/registry.h"
#include "rubrics/glob.h"
#include "rubrics/packs.h"
#include "rubrics/rubric.h"
#include "tests/rubric_folder.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BROKEN "tests/rubrics-broken/"

/* ---- broken rubrics ---- */

static bool mentions(const struct problems *problems, const char *text)
{
    for (size_t i = 0; i < problems->count; i++)
        if (strstr(problems->lines[i], text))
            return true;
    return false;
}

static void check_broken(const char *file, const char *told)
{
    char path[512];
    snprintf(path, sizeof path, BROKEN "%.400s", file);
    struct problems problems = {0};
    assert_null(rubric_load(path, NULL, &problems));
    if (!mentions(&problems, told)) {
        problems_print(&problems, stderr, file);
        fail_msg("%s: no problem says \"%s\"", file, told);
    }
    problems_clear(&problems);
}

static void everything_wrong_with_a_rubric_is_told_with_its_path(void **state)
{
    (void)state;
    FILE *expected = fopen(BROKEN "expected.txt", "r");
    assert_non_null(expected);
    char line[1024];
    size_t checked = 0;
    while (fgets(line, sizeof line, expected)) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (line[0] == '#' || !tab)
            continue;
        *tab = '\0';
        check_broken(line, tab + 1);
        checked++;
    }
    fclose(expected);
    assert_true(checked >= 90);
}

static bool listed(const char *file)
{
    FILE *expected = fopen(BROKEN "expected.txt", "r");
    char line[1024];
    bool found = false;
    size_t size = strlen(file);
    while (!found && fgets(line, sizeof line, expected))
        found = strncmp(line, file, size) == 0 && line[size] == '\t';
    fclose(expected);
    return found;
}

static void every_broken_rubric_has_an_expected_problem(void **state)
{
    (void)state;
    DIR *folder = opendir(BROKEN);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strstr(entry->d_name, ".json") && !listed(entry->d_name))
            fail_msg("%s is not in expected.txt", entry->d_name);
    closedir(folder);
}

static void a_missing_file_and_a_missing_name_are_told(void **state)
{
    (void)state;
    struct problems problems = {0};
    assert_null(rubric_load("tests/rubrics-broken/absent.json", NULL, &problems));
    assert_true(mentions(&problems, "cannot open: No such file or directory"));
    problems_clear(&problems);
    assert_null(rubric_load("no-such-rubric", NULL, &problems));
    assert_true(mentions(&problems, "there is no rubric of that name in "));
    problems_clear(&problems);
}

/* ---- what a rubric says ---- */

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    struct rubric *rubric =
        load_text("{\"//\":\"why\",\"name\":\"r\",\"criteria\":[{\"name\":\"a\","
                  "\"evaluator\":\"length\"},{\"name\":\"b\",\"dimension\":\"form\","
                  "\"evaluator\":\"length\",\"weight\":2,\"threshold\":1,\"gate\":{\"cap\":0.25},"
                  "\"sample\":0.5},{\"name\":\"c\",\"evaluator\":\"length\",\"gate\":true},"
                  "{\"name\":\"d\",\"evaluator\":\"length\",\"gate\":false}]}");
    const struct criterion *c = rubric->criteria;
    assert_string_equal(rubric->name, "r");
    assert_int_equal(rubric->criterion_count, 4);
    assert_string_equal(c[0].dimension, "quality");
    assert_true(c[0].weight == 1 && c[0].threshold == .5 && c[0].sample == 1 && !c[0].gate);
    assert_string_equal(c[1].dimension, "form");
    assert_true(c[1].weight == 2 && c[1].threshold == 1 && c[1].sample == .5);
    assert_true(c[1].gate && c[1].gate_cap == .25);
    assert_true(c[2].gate && c[2].gate_cap == 0);
    assert_false(c[3].gate);
    assert_string_equal(c[0].hash, c[2].hash); /* a gate does not change what is scored */
    rubric_free(rubric);
}

/* ---- packs ---- */

static void check_pack(const char *name, const char *which)
{
    char path[512];
    struct problems problems = {0};
    snprintf(path, sizeof path, "%s/r.json", rubric_folder);
    struct packs *packs = packs_new(path);
    const json_t *pack = packs_find(packs, name, "here", &problems);
    assert_int_equal(pack != NULL, which != NULL);
    assert_int_equal(problems.total, which == NULL);
    if (which)
        assert_string_equal(json_string_value(json_object_get(pack, "which")), which);
    assert_ptr_equal(pack, which ? packs_find(packs, name, "here", &problems) : NULL);
    packs_free(packs);
    problems_clear(&problems);
}

static void packs_are_found_beside_the_rubric_first(void **state)
{
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s/packs", rubric_folder);
    assert_int_equal(access(path, F_OK), 0);
    write_file("packs/one.json", "{\"which\":\"packs/one\"}");
    write_file("one.json", "{\"which\":\"one\"}");
    write_file("two.json", "{\"which\":\"two\"}");
    write_file("three.json", "{\"name\":\"three\",\"criteria\":[]}"); /* a rubric: no pack */
    write_file("elsewhere/three.json", "{\"which\":\"elsewhere/three\"}");
    write_file("broken.json", "{");
    snprintf(path, sizeof path, "/no-such-folder:%s/elsewhere", rubric_folder);
    setenv("ASSAY_RUBRICS", path, 1);
    check_pack("one", "packs/one");
    check_pack("two", "two");
    check_pack("three", "elsewhere/three");
    check_pack("broken", NULL);
    check_pack("four", NULL);
    unsetenv("ASSAY_RUBRICS");
    check_pack("three", NULL);
}

/* ---- extends and include ---- */

#define BASE                                                                                       \
    "{\"name\":\"base\",\"description\":\"of the base\",\"applies_to\":{\"model\":\"m\"},"         \
    "\"composite\":{\"method\":\"minimum\"},\"examples\":[],\"criteria\":["                        \
    "{\"name\":\"a\",\"evaluator\":\"length\",\"options\":{\"min\":1},\"weight\":2},"              \
    "{\"name\":\"b\",\"evaluator\":\"length\"},{\"name\":\"c\",\"evaluator\":\"length\"}]}"

static void a_rubric_takes_over_what_it_extends(void **state)
{
    (void)state;
    write_file("base.json", BASE);
    write_file("middle.json", "{\"name\":\"middle\",\"extends\":\"./base.json\",\"criteria\":["
                              "{\"name\":\"a\",\"options\":{\"max\":9}}]}");
    struct rubric *rubric =
        load_text("{\"name\":\"r\",\"extends\":\"middle.json\",\"criteria\":["
                  "{\"name\":\"b\",\"remove\":true},{\"name\":\"d\",\"evaluator\":\"length\"},"
                  "{\"name\":\"a\",\"threshold\":1}],\"composite\":{\"method\":\"geometric\"}}");
    const struct criterion *c = rubric->criteria;
    assert_string_equal(rubric->name, "r");
    assert_null(rubric->description);
    assert_int_equal(rubric->composite, COMPOSITE_GEOMETRIC);
    assert_string_equal(json_string_value(json_object_get(rubric->applies_to, "model")), "m");
    assert_int_equal(rubric->criterion_count, 3);
    assert_string_equal(c[0].name, "a");
    assert_string_equal(c[1].name, "c");
    assert_string_equal(c[2].name, "d");
    assert_true(c[0].weight == 2 && c[0].threshold == 1);
    assert_string_equal(rubric->criterion_paths[0], "criteria[2]");
    assert_string_equal(rubric->criterion_paths[1], "extends.extends.criteria[2]");
    rubric_free(rubric);
}

static void packs_of_a_base_are_found_beside_it(void **state)
{
    (void)state;
    write_file(
        "elsewhere/far.json",
        "{\"name\":\"far\",\"version\":1,\"description\":\"d\",\"rules\":[{\"id\":\"x\","
        "\"description\":\"d\",\"entity\":\"x\",\"pattern\":\"foo\",\"severity\":\"high\"}]}");
    write_file("elsewhere/base.json", "{\"name\":\"base\",\"include\":[\"far\"]}");
    struct rubric *rubric = load_text("{\"name\":\"r\",\"extends\":\"elsewhere/base.json\"}");
    assert_string_equal(rubric->criteria[0].name, "far");
    rubric_free(rubric);
}

/* ---- not ---- */

static void not_turns_a_value_round(void **state)
{
    (void)state;
    static const struct {
        const char *evaluator, *options, *reference, *response;
        enum score_status status;
        double value;
    } cases[] = {
        {"length", "{\"max\":3}", NULL, "abcd", SCORE_SCORED, 0},
        {"not-length", "{\"max\":3}", NULL, "abcd", SCORE_SCORED, 1},
        {"not-length", "{\"max\":3}", NULL, "abc", SCORE_SCORED, 0},
        {"reference", "{\"metric\":\"levenshtein\"}", "abcd", "abce", SCORE_SCORED, .75},
        {"reference", "{\"metric\":\"not-levenshtein\"}", "abcd", "abce", SCORE_SCORED, .25},
        {"not-reference", "{\"metric\":\"exact\"}", NULL, "x", SCORE_NOT_APPLICABLE, 0},
        {"not-reference", "{\"metric\":\"numeric\"}", "7", "none at all", SCORE_SCORED, 0},
        {"not-reference", "{\"metric\":\"numeric\"}", "7", "it is 8", SCORE_SCORED, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[512];
        snprintf(
            text, sizeof text,
            "{\"name\":\"r\",\"criteria\":[{\"name\":\"a\",\"evaluator\":\"%s\",\"options\":%s}]}",
            cases[i].evaluator, cases[i].options);
        struct rubric *rubric = load_text(text);
        struct arena arena = {0};
        struct scratch *scratch = scratch_new();
        const struct str reference = str_of(cases[i].reference);
        const struct sample sample = {.response = str_of(cases[i].response),
                                      .references = &reference,
                                      .reference_count = reference.data != NULL};
        struct score score = criterion_score(&rubric->criteria[0], &sample, NULL, scratch, &arena);
        assert_int_equal(score.status, cases[i].status);
        if (score.status == SCORE_SCORED)
            assert_true(score.value == cases[i].value);
        scratch_free(scratch);
        arena_clear(&arena);
        rubric_free(rubric);
    }
}

static void what_is_waited_for_is_known_by_its_place(void **state)
{
    (void)state;
    struct rubric *rubric = load_text("{\"name\":\"r\",\"criteria\":[{\"name\":\"a\",\"evaluator\":"
                                      "\"length\",\"sample\":{\"rate\":"
                                      "0.5,\"when\":{\"failed\":[\"b\",\"c\"],\"passed\":[\"b\"]}}}"
                                      ",{\"name\":\"b\",\"evaluator\":"
                                      "\"length\"},{\"name\":\"c\",\"evaluator\":\"length\"}]}");
    assert_true(rubric->criteria[0].when_failed == 6 && rubric->criteria[0].when_passed == 2);
    assert_true(rubric->criteria[0].sample == .5 && rubric->awaited == 6);
    rubric_free(rubric);
}

/* ---- which samples ---- */

static void globs_match_whole_names(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"*", "", true},          {"*", "anything", true},     {"", "", true},
        {"", "a", false},         {"gpt-*", "gpt-4", true},    {"gpt-*", "my-gpt-4", false},
        {"*-4", "gpt-4", true},   {"*-4", "gpt-40", false},    {"a?c", "abc", true},
        {"a?c", "ac", false},     {"*a*b*", "xxaxxbxx", true}, {"*a*b*", "xxbxxaxx", false},
        {"a*b*c", "abbc", true},  {"a**c", "abc", true},       {"[ab]", "a", false},
        {"GPT*", "gpt-4", false}, {"*.b", "a.b.b", true},      {"**", "", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(glob_matches(str_of(cases[i].pattern), str_of(cases[i].text)),
                         cases[i].matches);
}

static void a_rubric_is_meant_for_the_samples_it_names(void **state)
{
    (void)state;
    static const struct {
        const char *applies_to;
        const char *model, *endpoint, *route, *lang;
        bool applies;
    } cases[] = {
        {"{}", "m", NULL, NULL, NULL, true},
        {"{\"model\":\"gpt-*\"}", "gpt-4", NULL, NULL, NULL, true},
        {"{\"model\":\"gpt-*\"}", "llama", NULL, NULL, NULL, false},
        {"{\"model\":[\"a\",\"b\"]}", "b", NULL, NULL, NULL, true},
        {"{\"model\":\"a\",\"endpoint\":\"e\"}", "a", "e", NULL, NULL, true},
        {"{\"model\":\"a\",\"endpoint\":\"e\"}", "a", "f", NULL, NULL, false},
        {"{\"endpoint\":\"*\"}", "a", NULL, NULL, NULL, true},
        {"{\"endpoint\":\"prod-*\"}", "a", NULL, NULL, NULL, false},
        {"{\"route\":\"/chat*\"}", "a", NULL, "/chat/1", NULL, true},
        {"{\"tags\":{\"lang\":\"de\"}}", "a", NULL, NULL, "de", true},
        {"{\"tags\":{\"lang\":[\"de\",\"fr\"]}}", "a", NULL, NULL, "en", false},
        {"{\"tags\":{\"lang\":\"de\"}}", "a", NULL, NULL, NULL, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{\"name\":\"r\",\"applies_to\":%s,\"criteria\":[{\"name\":\"a\",\"evaluator\":"
                 "\"length\",\"applies_to\":%s},{\"name\":\"b\",\"evaluator\":\"length\"}]}",
                 cases[i].applies_to, cases[i].applies_to);
        struct rubric *rubric = load_text(text);
        const struct tag tag = {STR("lang"), str_of(cases[i].lang)};
        struct sample sample = {.model = str_of(cases[i].model),
                                .endpoint = str_of(cases[i].endpoint),
                                .route = str_of(cases[i].route),
                                .tags = &tag,
                                .tag_count = cases[i].lang != NULL};
        assert_int_equal(rubric_applies(rubric, &sample), cases[i].applies);
        assert_int_equal(criterion_applies(&rubric->criteria[0], &sample), cases[i].applies);
        assert_true(criterion_applies(&rubric->criteria[1], &sample));
        rubric_free(rubric);
    }
}

/* 20000 ids at .25: five standard deviations of the binomial are 306. */
static void a_share_is_kept_and_is_the_same_everywhere(void **state)
{
    (void)state;
    static const char text[] =
        "{\"name\":\"r\",\"criteria\":[{\"name\":\"a\",\"evaluator\":\"length\",\"sample\":0.25},"
        "{\"name\":\"b\",\"evaluator\":\"length\",\"options\":{\"min\":2},\"sample\":0.25}]}";
    struct rubric *rubric = load_text(text), *again = load_text(text);
    int first = 0, both = 0;
    for (int i = 0; i < 20000; i++) {
        char id[32];
        snprintf(id, sizeof id, "sample-%d", i);
        const struct sample sample = {.id = str_of(id)};
        bool a = criterion_samples(&rubric->criteria[0], &sample);
        bool b = criterion_samples(&rubric->criteria[1], &sample);
        assert_int_equal(a, criterion_samples(&again->criteria[0], &sample));
        first += a;
        both += a && b;
    }
    assert_in_range(first, 5000 - 306, 5000 + 306);
    assert_in_range(both, 1250 - 171, 1250 + 171); /* criteria choose independently */
    rubric_free(rubric);
    rubric_free(again);
}

static void passed_is_at_or_above_the_threshold(void **state)
{
    (void)state;
    const struct criterion criterion = {.threshold = .8};
    const struct score at = score_value(.8, NULL), below = score_value(.7999, NULL);
    const struct score broken = score_without_value(SCORE_ERROR, "x");
    assert_true(criterion_passed(&criterion, &at));
    assert_false(criterion_passed(&criterion, &below));
    assert_false(criterion_passed(&criterion, &broken));
}

/* ---- those that ship ---- */

static void the_rubrics_that_ship_load_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name, *criterion;
    } cases[] = {
        {"general", "relevance"},        {"safety", "pii"},        {"support-chat", "relevance"},
        {"grade-school-math", "answer"}, {"exact-match", "exact"}, {"pii", "pii"},
        {"refusal", "refusal"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct problems problems = {0};
        struct rubric *rubric = rubric_load(cases[i].name, NULL, &problems);
        problems_print(&problems, stderr, cases[i].name);
        assert_non_null(rubric);
        assert_string_equal(rubric->name, cases[i].name);
        assert_string_equal(rubric->criteria[0].name, cases[i].criterion);
        rubric_free(rubric);
        problems_clear(&problems);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_wrong_with_a_rubric_is_told_with_its_path),
        cmocka_unit_test(every_broken_rubric_has_an_expected_problem),
        cmocka_unit_test(a_missing_file_and_a_missing_name_are_told),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(packs_are_found_beside_the_rubric_first),
        cmocka_unit_test(a_rubric_takes_over_what_it_extends),
        cmocka_unit_test(packs_of_a_base_are_found_beside_it),
        cmocka_unit_test(not_turns_a_value_round),
        cmocka_unit_test(what_is_waited_for_is_known_by_its_place),
        cmocka_unit_test(globs_match_whole_names),
        cmocka_unit_test(a_rubric_is_meant_for_the_samples_it_names),
        cmocka_unit_test(a_share_is_kept_and_is_the_same_everywhere),
        cmocka_unit_test(passed_is_at_or_above_the_threshold),
        cmocka_unit_test(the_rubrics_that_ship_load_by_name),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
