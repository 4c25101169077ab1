/* Does json_tape take exactly the documents that jansson takes, and give their parts? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>

#include "schema/base/base64.h"
#include "schema/base/json_tape.h"
#include "schema/base/utf8.h"

static void a_document_is_written_as_it_was(void **state)
{
    (void)state;
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"{}", "{}"},
        {" [ ] ", "[]"},
        {"{ \"a\" : [ 1 , -0.50e+10, true , false , null ], \"b\":{\"c\":[{}]} }",
         "{\"a\":[1,-0.50e+10,true,false,null],\"b\":{\"c\":[{}]}}"},
        {"\"\\u00e9\\n\\\"\\ud83d\\ude00\"", "\"\u00e9\\n\\\"\U0001f600\""},
        {"{\"k\\u0065y\":1e999}", "{\"key\":1e999}"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct json_tape tape = {0};
        struct json_fault fault;
        struct buffer out = {0};
        assert_true(json_tape_read(&tape, str_of(cases[i].text), &arena, &fault));
        json_tape_write(tape.tokens, &arena, &out);
        assert_string_equal(out.data, cases[i].written);
        buffer_clear(&out);
        arena_clear(&arena);
    }
}

static void documents_are_taken_or_refused_with_a_code(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *code; /* NULL: taken */
    } cases[] = {
        {STR("{}"), NULL},
        {STR(" [ ] "), NULL},
        {STR("\"lone\""), NULL},
        {STR("-0.5e+10"), NULL},
        {STR("[1,2,{\"a\":[true,false,null]},\"x\"]"), NULL},
        {STR("{\"a\":{\"a\":1},\"b\":1}"), NULL},
        {STR("\"\\ud83d\\ude00\""), NULL},
        {STR("123456789012345678901234567890"), NULL},
        {STR("1e999"), NULL},
        {STR(""), "truncated"},
        {STR("  "), "truncated"},
        {STR("{\"a\""), "truncated"},
        {STR("[1,"), "truncated"},
        {STR("\"abc"), "truncated"},
        {STR("\"abc\\"), "truncated"},
        {STR("\"\\u12"), "truncated"},
        {STR("\"\\ud83d\\ude"), "truncated"},
        {STR("tru"), "truncated"},
        {STR("-"), "truncated"},
        {STR("1."), "truncated"},
        {STR("1e"), "truncated"},
        {STR("{} {}"), "not_json"},
        {STR("[1,]"), "not_json"},
        {STR("[,1]"), "not_json"},
        {STR("{\"a\":1,}"), "not_json"},
        {STR("{a:1}"), "not_json"},
        {STR("{\"a\" 1}"), "not_json"},
        {STR("[1 2]"), "not_json"},
        {STR("[}"), "not_json"},
        {STR("01"), "not_json"},
        {STR("+1"), "not_json"},
        {STR(".5"), "not_json"},
        {STR("NaN"), "not_json"},
        {STR("nulL"), "not_json"},
        {STR("'a'"), "not_json"},
        {STR("\"a\nb\""), "not_json"},
        {STR("\"\\x41\""), "not_json"},
        {STR("\"\\ud800\""), "not_json"},
        {STR("\"\\ud800\\u0041\""), "not_json"},
        {STR("\"\\udc00\""), "not_json"},
        {STR("\"\\u00g0\""), "not_json"},
        {STR("\xef\xbb\xbf{}"), "not_json"},
        {STR("\"\\u0000\""), "nul_byte"},
        {STR("\"a\0b\""), "nul_byte"},
        {STR("[1,\0]"), "nul_byte"},
        {STR("{\"a\":1,\"a\":2}"), "duplicate_key"},
        {STR("{\"a\":1,\"\\u0061\":2}"), "duplicate_key"},
        {STR("[{\"b\":{\"a\":1,\"c\":2,\"a\":3}}]"), "duplicate_key"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_tape tape = {0};
        struct json_fault fault = {0};
        bool taken = json_tape_read(&tape, cases[i].text, &arena, &fault);
        if (taken != !cases[i].code || (!taken && strcmp(fault.code, cases[i].code) != 0))
            fail_msg("case %zu: %s", i, taken ? "taken" : fault.code);
    }
    arena_clear(&arena);
}

static struct json_tape read_or_fail(struct str text, struct arena *arena)
{
    struct json_tape tape = {0};
    struct json_fault fault;
    assert_true(json_tape_read(&tape, text, arena, &fault));
    return tape;
}

static void depth_and_tokens_have_limits(void **state)
{
    (void)state;
    struct arena arena = {0};
    char deep[2 * (JSON_TAPE_DEPTH_MAX + 1)];
    for (unsigned depth = JSON_TAPE_DEPTH_MAX; depth <= JSON_TAPE_DEPTH_MAX + 1; depth++) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        struct json_tape tape = {0};
        struct json_fault fault = {0};
        bool taken = json_tape_read(&tape, (struct str){deep, 2 * depth}, &arena, &fault);
        assert_int_equal(taken, depth == JSON_TAPE_DEPTH_MAX);
        if (!taken)
            assert_string_equal(fault.code, "too_deep");
    }
    size_t size = 2 * (size_t)JSON_TAPE_TOKENS_MAX + 1;
    char *wide = malloc(size); /* "[0,0,...,0]" */
    for (size_t i = 0; i < size; i++)
        wide[i] = i % 2 ? '0' : ',';
    wide[0] = '[';
    wide[size - 1] = ']';
    struct json_tape tape = {0};
    struct json_fault fault = {0};
    assert_false(json_tape_read(&tape, (struct str){wide, size}, &arena, &fault));
    assert_string_equal(fault.code, "too_many_tokens");
    free(wide);
    arena_clear(&arena);
}

static void duplicates_are_found_among_many_keys(void **state)
{
    (void)state;
    enum { KEYS = 1000 };
    char text[KEYS * 12];
    for (int repeated = -1; repeated < KEYS; repeated += 333) {
        size_t used = 0;
        for (int i = 0; i < KEYS; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s\"k%d\":0", i ? "," : "{",
                                     i == KEYS - 1 && repeated >= 0 ? repeated % (KEYS - 1) : i);
        used += (size_t)snprintf(text + used, sizeof text - used, "}");
        struct arena arena = {0};
        struct json_tape tape = {0};
        struct json_fault fault = {0};
        bool taken = json_tape_read(&tape, (struct str){text, used}, &arena, &fault);
        assert_int_equal(taken, repeated < 0);
        arena_clear(&arena);
    }
}

static void parts_are_found_by_key_and_by_walking(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json_tape tape = read_or_fail(
        STR("{\"one\":1,\"list\":[10,[],{\"x\":{}},\"s\"],\"\\u00e4\":\"a\\n\\ud83d\\ude00\\/b\"}"),
        &arena);
    struct json_token *root = tape.tokens;
    assert_int_equal(root->size, 3);
    int64_t one = 0;
    assert_true(json_tape_int(json_tape_get(root, "one"), &one));
    assert_int_equal(one, 1);
    struct json_token *list = json_tape_get(root, "list");
    assert_int_equal(list->size, 4);
    static const enum json_tape_kind kinds[] = {TAPE_NUMBER, TAPE_ARRAY, TAPE_OBJECT, TAPE_STRING};
    size_t count = 0;
    for (struct json_token *at = json_tape_first(list); at < json_tape_end(list);
         at = json_tape_next(at))
        assert_int_equal(at->kind, kinds[count++]);
    assert_int_equal(count, 4);
    struct str text = json_tape_text(json_tape_get(root, "\xc3\xa4"), &arena);
    assert_true(str_is(text, "a\n\xf0\x9f\x98\x80/b"));
    assert_null(json_tape_get(root, "two"));
    assert_null(json_tape_get(list, "one"));
    assert_null(json_tape_get(NULL, "one"));
    assert_null(json_tape_text(list, &arena).data);
    arena_clear(&arena);
}

static void text_without_escapes_is_borrowed(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct str document = STR("[\"plain\",\"\"]");
    struct json_tape tape = read_or_fail(document, &arena);
    struct str text = json_tape_text(tape.tokens + 1, &arena);
    assert_ptr_equal(text.data, document.data + 2);
    struct str empty = json_tape_text(tape.tokens + 2, &arena);
    assert_non_null(empty.data);
    assert_int_equal(empty.size, 0);
    arena_clear(&arena);
}

static void numbers_are_read_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool whole, real;
        int64_t value;
        double number;
    } cases[] = {
        {"0", true, true, 0, 0},
        {"-7", true, true, -7, -7},
        {"28.0", true, true, 28, 28},
        {"28e0", true, true, 28, 28},
        {"9223372036854775807", true, true, INT64_MAX, 9223372036854775807.0},
        {"-9223372036854775808", true, true, INT64_MIN, -9223372036854775808.0},
        {"9223372036854775808", false, true, 0, 9223372036854775808.0},
        {"0.5", false, true, 0, 0.5},
        {"1e999", false, false, 0, 0},
        {"\"5\"", false, false, 0, 0},
        {"true", false, false, 0, 0},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_tape tape = read_or_fail(str_of(cases[i].text), &arena);
        int64_t value = 0;
        double number = 0;
        assert_int_equal(json_tape_int(tape.tokens, &value), cases[i].whole);
        assert_true(value == cases[i].value);
        assert_int_equal(json_tape_number(tape.tokens, &number), cases[i].real);
        assert_true(number == cases[i].number);
    }
    arena_clear(&arena);
}

/* Both read a document alike, or differ for a reason that json_tape.h names: limits of depth, and
 * numbers that do not fit, which jansson refuses. */
static void compare_with_jansson(struct str text, struct arena *arena)
{
    struct json_tape tape = {0};
    struct json_fault fault = {.code = "invalid_utf8"};
    bool taken = utf8_valid(text) && json_tape_read(&tape, text, arena, &fault);
    json_error_t error;
    json_t *tree =
        json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    bool excused = !tree && json_error_code(&error) == json_error_numeric_overflow;
    excused = excused || (!taken && strcmp(fault.code, "too_deep") == 0);
    if (taken != (tree != NULL) && !excused)
        fail_msg("taken %d (%s), jansson says %s: %.*s", taken, taken ? "" : fault.code,
                 tree ? "ok" : error.text, STR_ARGS(text));
    json_decref(tree);
    arena_reset(arena);
}

static uint32_t next_random(uint32_t *state) /* Numerical Recipes' generator */
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void mutated_documents_are_judged_as_jansson_judges_them(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        "{\"id\":\"a\\u00e9\\n\",\"n\":[-1.5e+3,0,12],\"o\":{\"k\":null,\"l\":true}}",
        "[[],{},\"\\ud83d\\ude00\",false,{\"a\":1,\"b\":{\"a\":2}},0.1E-2]",
        "{\"data\":\"{\\\"inputs\\\": \\\"hi\\\"}\",\"\xc3\xa4\":\"\xf0\x9f\x98\x80\"}",
    };
    static const char letters[] = "{}[]\",:\\u0019e.-+ truefalsn\t\x01\xc3\xa9"
                                  "d8";
    uint32_t random = 7;
    struct arena arena = {0};
    for (int round = 0; round < 60000; round++) {
        char text[128];
        size_t size = strlen(seeds[round % 3]);
        memcpy(text, seeds[round % 3], size);
        for (uint32_t edits = 1 + next_random(&random) % 3; edits > 0; edits--) {
            size_t at = next_random(&random) % size;
            uint32_t how = next_random(&random) % 3;
            if (how == 0) {
                text[at] = letters[next_random(&random) % (sizeof letters - 1)];
            } else if (how == 1) {
                memmove(text + at, text + at + 1, size - at - 1);
                size--;
            } else {
                memmove(text + at + 1, text + at, size - at);
                text[at] = letters[next_random(&random) % (sizeof letters - 1)];
                size++;
            }
        }
        compare_with_jansson((struct str){text, size}, &arena);
    }
    arena_clear(&arena);
}

/* One line {"id", "label": "y"|"n"|"i", "bytes_b64"} of the JSON test suite. */
static void check_suite_line(const char *line, struct arena *arena, unsigned *counted)
{
    json_t *row = json_loads(line, 0, NULL);
    assert_non_null(row);
    const char *label = json_string_value(json_object_get(row, "label"));
    struct str text;
    assert_true(
        base64_decode(str_of(json_string_value(json_object_get(row, "bytes_b64"))), arena, &text));
    struct json_tape tape = {0};
    struct json_fault fault = {.code = "invalid_utf8"};
    bool taken = utf8_valid(text) && json_tape_read(&tape, text, arena, &fault);
    const char *id = json_string_value(json_object_get(row, "id"));
    /* legal, but not for us: a key twice, a NUL in a key, a NUL in a text */
    static const char *const refused[] = {"y_object_duplicated_key.json",
                                          "y_object_escaped_null_in_key.json",
                                          "y_string_null_escape.json"};
    bool expected = label[0] == 'y';
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        expected = expected && strcmp(id, refused[i]) != 0;
    if (label[0] != 'i' && label[0] != 't' && taken != expected)
        fail_msg("%s is %s", id, taken ? "taken" : fault.code);
    compare_with_jansson(text, arena);
    counted[label[0] == 'y' ? 0 : label[0] == 'n' ? 1 : 2]++;
    json_decref(row);
}

static void the_json_test_suite_is_judged_as_it_says(void **state)
{
    (void)state;
    FILE *file = fopen("../shared/data/jsontestsuite/dev.jsonl", "rb");
    if (!file) {
        print_message("SKIPPED: ../shared/data/jsontestsuite is not here\n");
        skip();
    }
    struct arena arena = {0};
    unsigned counted[3] = {0};
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0)
        check_suite_line(line, &arena, counted);
    assert_true(counted[0] >= 40 && counted[1] >= 70);
    free(line);
    fclose(file);
    arena_clear(&arena);
}

static void base64_is_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes; /* NULL: refused */
    } cases[] = {
        /* RFC 4648, section 10 */
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {"Zm9v\nYmFy\n", "foobar"},
        {"Zg", "f"},
        {"_-8=", "\xff\xef"},
        {"Z", NULL},
        {"Zh==", NULL},
        {"Zg=", NULL},
        {"Zg==Zg==", NULL},
        {"Zm9v====", NULL},
        {"Zm 9v", NULL},
        {"{\"inputs\":1}", NULL},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str bytes;
        bool taken = base64_decode(str_of(cases[i].text), &arena, &bytes);
        if (taken != (cases[i].bytes != NULL) || (taken && !str_is(bytes, cases[i].bytes)))
            fail_msg("%s", cases[i].text);
    }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_written_as_it_was),
        cmocka_unit_test(documents_are_taken_or_refused_with_a_code),
        cmocka_unit_test(depth_and_tokens_have_limits),
        cmocka_unit_test(duplicates_are_found_among_many_keys),
        cmocka_unit_test(parts_are_found_by_key_and_by_walking),
        cmocka_unit_test(text_without_escapes_is_borrowed),
        cmocka_unit_test(numbers_are_read_or_refused),
        cmocka_unit_test(mutated_documents_are_judged_as_jansson_judges_them),
        cmocka_unit_test(the_json_test_suite_is_judged_as_it_says),
        cmocka_unit_test(base64_is_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
