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

#include "rubrics/glob.h"
#include "rubrics/packs.h"
#include "rubrics/rubric.h"

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

/* ---- rubrics written here ---- */

static char folder[] = "/tmp/assay-rubric-XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static struct rubric *load_for(const char *name, const struct judge_identity *judge)
{
    char path[512];
    struct problems problems = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct rubric *rubric = rubric_load(path, judge, &problems);
    if (!rubric)
        problems_print(&problems, stderr, name);
    problems_clear(&problems);
    assert_non_null(rubric);
    return rubric;
}

static struct rubric *load(const char *name)
{
    return load_for(name, NULL);
}

static struct rubric *load_text(const char *text)
{
    write_file("r.json", text);
    return load("r.json");
}

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

#define LENGTH(options)                                                                            \
    "{\"name\":\"r\",\"criteria\":[{\"name\":\"a\",\"evaluator\":\"length\"," options "}]}"

static void a_hash_is_of_the_content_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool same_rubric, same_criterion; /* as the first */
    } cases[] = {
        {LENGTH("\"options\":{\"min\":1,\"max\":9}"), true, true},
        {LENGTH("\"options\" : { \"max\" : 9 , \"min\" : 1 }"), true, true},
        {LENGTH("\"options\":{\"min\":1,\"max\":8}"), false, false},
        {LENGTH("\"weight\":2,\"options\":{\"min\":1,\"max\":9}"), false, true},
    };
    struct rubric *first = load_text(cases[0].text);
    assert_int_equal(strlen(first->hash), 64);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rubric *rubric = load_text(cases[i].text);
        assert_int_equal(strcmp(rubric->hash, first->hash) == 0, cases[i].same_rubric);
        assert_int_equal(strcmp(rubric->criteria[0].hash, first->criteria[0].hash) == 0,
                         cases[i].same_criterion);
        rubric_free(rubric);
    }
    rubric_free(first);
}

/* printf 'criterion 1\nlength\n{"max":9,"min":1}\n' | sha256sum */
static void a_criterion_is_hashed_as_written_down(void **state)
{
    (void)state;
    struct rubric *rubric = load_text(LENGTH("\"options\":{\"min\":1,\"max\":9}"));
    assert_string_equal(rubric->criteria[0].hash,
                        "71e6d2243da2c5821bb7faf2d107ae0beccb93386431adfe92af853d3e98ec3a");
    rubric_free(rubric);
}

/* ---- packs ---- */

static void check_pack(const char *name, const char *which)
{
    char path[512];
    struct problems problems = {0};
    snprintf(path, sizeof path, "%s/r.json", folder);
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
    snprintf(path, sizeof path, "%s/packs", folder);
    assert_int_equal(access(path, F_OK), 0);
    write_file("packs/one.json", "{\"which\":\"packs/one\"}");
    write_file("one.json", "{\"which\":\"one\"}");
    write_file("two.json", "{\"which\":\"two\"}");
    write_file("three.json", "{\"name\":\"three\",\"criteria\":[]}"); /* a rubric: no pack */
    write_file("elsewhere/three.json", "{\"which\":\"elsewhere/three\"}");
    write_file("broken.json", "{");
    snprintf(path, sizeof path, "/no-such-folder:%s/elsewhere", folder);
    setenv("ASSAY_RUBRICS", path, 1);
    check_pack("one", "packs/one");
    check_pack("two", "two");
    check_pack("three", "elsewhere/three");
    check_pack("broken", NULL);
    check_pack("four", NULL);
    unsetenv("ASSAY_RUBRICS");
    check_pack("three", NULL);
}

static void a_pack_counts_in_the_hash_of_who_uses_it(void **state)
{
    (void)state;
    static const char pack[] =
        "{\"name\":\"mine\",\"version\":1,\"description\":\"d\",\"rules\":[{\"id\":\"x\","
        "\"description\":\"d\",\"entity\":\"x\",\"pattern\":\"%s\",\"severity\":\"high\"}]}";
    static const char rubric[] =
        "{\"name\":\"r\",\"criteria\":[{\"name\":\"a\",\"evaluator\":\"regex\",\"options\":"
        "{\"packs\":[\"mine\"]}},{\"name\":\"b\",\"evaluator\":\"length\"}]}";
    char text[512];
    snprintf(text, sizeof text, pack, "foo");
    write_file("packs/mine.json", text);
    struct rubric *before = load_text(rubric);
    snprintf(text, sizeof text, pack, "bar");
    write_file("packs/mine.json", text);
    struct rubric *after = load_text(rubric);
    assert_string_not_equal(before->hash, after->hash);
    assert_string_not_equal(before->criteria[0].hash, after->criteria[0].hash);
    assert_string_equal(before->criteria[1].hash, after->criteria[1].hash);
    rubric_free(before);
    rubric_free(after);
}

/* The rubric's hash follows its criteria that ask: another judge, another composite. */
static void a_judge_counts_in_the_hash_of_who_asks_it(void **state)
{
    (void)state;
    static const char judged[] =
        "{\"name\":\"r\",\"criteria\":[{\"name\":\"a\",\"evaluator\":\"judge\",\"options\":"
        "{\"template\":\"tone\"}},{\"name\":\"b\",\"evaluator\":\"length\"}]}";
    static const struct judge_identity judges[] = {
        {NULL, NULL, NULL}, {"e", NULL, NULL}, {"f", NULL, NULL},
        {"e", "c", NULL},   {"e", NULL, "m"},  {"e", NULL, "n"},
    };
    struct rubric *loaded[COUNT(judges)], *plain = load_text(LENGTH("\"weight\":1"));
    for (size_t i = 0; i < COUNT(judges); i++) {
        struct rubric *still = load_for("r.json", &judges[i]);
        assert_string_equal(still->hash, plain->hash);
        rubric_free(still);
    }
    write_file("r.json", judged);
    for (size_t i = 0; i < COUNT(judges); i++) {
        struct rubric *again = load_for("r.json", &judges[i]);
        loaded[i] = load_for("r.json", &judges[i]);
        assert_string_equal(again->hash, loaded[i]->hash);
        assert_string_equal(again->criteria[1].hash, loaded[0]->criteria[1].hash);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(loaded[i]->hash, loaded[j]->hash);
            assert_string_not_equal(loaded[i]->criteria[0].hash, loaded[j]->criteria[0].hash);
        }
        rubric_free(again);
    }
    for (size_t i = 0; i < COUNT(judges); i++)
        rubric_free(loaded[i]);
    rubric_free(plain);
}

/* Rubrics that ask nobody keep the hash they always had: stores hold rows under it.
 * { printf 'rubric 1\n'; printf '%s' '{"criteria":[...],"name":"r"}'; printf '\n'; } | sha256sum */
static void a_rubric_is_hashed_as_written_down(void **state)
{
    (void)state;
    struct rubric *rubric = load_text(LENGTH("\"options\":{\"min\":1,\"max\":9}"));
    assert_string_equal(rubric->hash,
                        "dbf196b48d044b987a2f09bc0a1fcb42e7f32dd7572b22854950b67cb53dee8f");
    rubric_free(rubric);
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

/* The hash is of what comes out, however it was put together. */
static void a_hash_is_of_the_resolved_rubric(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"name\":\"r\",\"criteria\":[{\"name\":\"a\",\"evaluator\":\"length\",\"weight\":3},"
        "{\"name\":\"pii\",\"dimension\":\"safety\",\"evaluator\":\"regex\",\"gate\":true,"
        "\"options\":{\"packs\":[\"pii\"],\"where\":\"both\"}}]}";
    write_file("base.json",
               "{\"name\":\"base\",\"criteria\":[{\"name\":\"a\",\"evaluator\":\"length\"}]}");
    struct rubric *written = load_text(whole);
    struct rubric *made =
        load_text("{\"name\":\"r\",\"extends\":\"./base.json\",\"include\":[{\"pack\":\"pii\","
                  "\"gate\":true,\"options\":{\"where\":\"both\"}}],"
                  "\"criteria\":[{\"name\":\"a\",\"weight\":3}]}");
    assert_string_equal(made->hash, written->hash);
    assert_string_equal(made->criteria[1].hash, written->criteria[1].hash);
    write_file("base.json",
               "{\"name\":\"base\",\"criteria\":[{\"name\":\"a\",\"evaluator\":\"length\","
               "\"threshold\":1}]}");
    struct rubric *other =
        load_text("{\"name\":\"r\",\"extends\":\"./base.json\",\"include\":[{\"pack\":\"pii\","
                  "\"gate\":true,\"options\":{\"where\":\"both\"}}],"
                  "\"criteria\":[{\"name\":\"a\",\"weight\":3}]}");
    assert_string_not_equal(other->hash, written->hash);
    rubric_free(written);
    rubric_free(made);
    rubric_free(other);
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

/* printf 'criterion 1\nnot-length\n{"max":9,"min":1}\n' | sha256sum */
static void not_has_a_hash_of_its_own(void **state)
{
    (void)state;
    struct rubric *rubric = load_text("{\"name\":\"r\",\"criteria\":[{\"name\":\"a\",\"evaluator\":"
                                      "\"not-length\",\"options\":{\"min\":1,\"max\":9}}]}");
    assert_string_equal(rubric->criteria[0].hash,
                        "abb87787dd52e198faab69e5e0184299b19470a811fc628cc0748e03f96a2ab1");
    rubric_free(rubric);
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

static int make_folder(void **state)
{
    (void)state;
    char command[128];
    if (!mkdtemp(folder))
        return -1;
    snprintf(command, sizeof command, "mkdir %s/packs %s/elsewhere", folder, folder);
    return system(command);
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_wrong_with_a_rubric_is_told_with_its_path),
        cmocka_unit_test(every_broken_rubric_has_an_expected_problem),
        cmocka_unit_test(a_missing_file_and_a_missing_name_are_told),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(a_hash_is_of_the_content_alone),
        cmocka_unit_test(a_criterion_is_hashed_as_written_down),
        cmocka_unit_test(packs_are_found_beside_the_rubric_first),
        cmocka_unit_test(a_pack_counts_in_the_hash_of_who_uses_it),
        cmocka_unit_test(a_judge_counts_in_the_hash_of_who_asks_it),
        cmocka_unit_test(a_rubric_is_hashed_as_written_down),
        cmocka_unit_test(a_rubric_takes_over_what_it_extends),
        cmocka_unit_test(a_hash_is_of_the_resolved_rubric),
        cmocka_unit_test(packs_of_a_base_are_found_beside_it),
        cmocka_unit_test(not_turns_a_value_round),
        cmocka_unit_test(not_has_a_hash_of_its_own),
        cmocka_unit_test(what_is_waited_for_is_known_by_its_place),
        cmocka_unit_test(globs_match_whole_names),
        cmocka_unit_test(a_rubric_is_meant_for_the_samples_it_names),
        cmocka_unit_test(a_share_is_kept_and_is_the_same_everywhere),
        cmocka_unit_test(passed_is_at_or_above_the_threshold),
        cmocka_unit_test(the_rubrics_that_ship_load_by_name),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
