/* Does a rubric's hash follow what is in it and whom it asks, and nothing else? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rubrics/rubric.h"
#include "tests/rubric_folder.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_is_of_the_content_alone),
        cmocka_unit_test(a_criterion_is_hashed_as_written_down),
        cmocka_unit_test(not_has_a_hash_of_its_own),
        cmocka_unit_test(a_rubric_is_hashed_as_written_down),
        cmocka_unit_test(a_hash_is_of_the_resolved_rubric),
        cmocka_unit_test(a_pack_counts_in_the_hash_of_who_uses_it),
        cmocka_unit_test(a_judge_counts_in_the_hash_of_who_asks_it),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
