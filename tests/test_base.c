/* Do times, hashes, UTF-8, buffers and strict JSON do what their headers say? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "schema/base/arena.h"
#include "schema/base/base64.h"
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "schema/base/hash.h"
#include "schema/base/json_read.h"
#include "schema/base/utf8.h"

static void rfc3339_is_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-24T13:50:00Z", 1795528200000},
        {"2026-11-24T13:50:00.1239Z", 1795528200123},
        {"2026-11-24T14:50:00+01:00", 1795528200000},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2026-02-29T00:00:00Z", -1},
        {"2026-11-24T24:00:00Z", -1},
        {"2026-11-24T13:50:00", -1},
        {"2026-11-24", -1},
        {"1969-12-31T23:59:59Z", -1},
        {"2026-11-24T13:50:00Z ", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = -1;
        bool read = clock_parse_rfc3339(str_of(cases[i].text), &ms);
        assert_int_equal(read, cases[i].ms >= 0);
        if (read)
            assert_true(ms == cases[i].ms);
    }
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(1795528200123, text);
    assert_string_equal(text, "2026-11-24T13:50:00.123Z");
}

static void hashes_give_the_published_values(void **state)
{
    (void)state;
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    hash_sha256(STR("abc"), digest); /* FIPS 180-2, appendix B.1 */
    hash_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), digest); /* RFC 4231, 2 */
    hash_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t key[16], data[15];
    for (int i = 0; i < 16; i++)
        key[i] = (uint8_t)i;
    for (int i = 0; i < 15; i++)
        data[i] = (uint8_t)i;
    uint64_t sip = hash_sip(key, (struct str){(char *)data, 15}); /* the paper's appendix A */
    assert_true(sip == 0xa129ca6149be45e5u);
}

static void base64_is_that_of_rfc_4648(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {{"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},        {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
                 {"\xfb\xff\xbf", "+/+/"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct buffer text = {0};
        struct str bytes;
        base64_encode(str_of(cases[i].bytes), &text);
        assert_true(str_is(buffer_str(&text), cases[i].text));
        assert_true(base64_decode(str_of(cases[i].text), &arena, &bytes));
        assert_true(str_is(bytes, cases[i].bytes));
        buffer_clear(&text);
        arena_clear(&arena);
    }
}

static void utf8_follows_table_3_7(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        bool valid;
    } cases[] = {
        {STR(""), true},
        {STR("plain ascii, longer than eight"), true},
        {STR("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80"), true},
        {STR("\xc0\x80"), false},
        {STR("\xe0\x80\x80"), false},
        {STR("\xed\xa0\x80"), false},
        {STR("\xf4\x90\x80\x80"), false},
        {STR("abcdefgh\x80"), false},
        {STR("\xe2\x82"), false},
        {STR("\xff"), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(utf8_valid(cases[i].text), cases[i].valid);
    struct str text = STR("a\xc3\xa9\xf0\x9f\x98\x80");
    assert_int_equal(utf8_count(text), 3);
    size_t at = 1;
    assert_int_equal(utf8_next(text, &at), 0xe9);
    assert_int_equal(utf8_next(text, &at), 0x1f600);
    assert_int_equal(at, text.size);
    char bytes[4];
    assert_int_equal(utf8_put(0x1f600, bytes), 4);
    assert_memory_equal(bytes, "\xf0\x9f\x98\x80", 4);
}

static void numbers_have_the_fewest_digits(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},   {1, "1"},       {1.0 / 3, "0.3333333333333333"},
                 {0.8, "0.8"},   {-0.0, "-0"},   {0.30000000000000004, "0.30000000000000004"},
                 {20, "20"},     {-300, "-300"}, {12345678, "12345678"},
                 {1e5, "1e+05"}, {1024.5, "1024.5"}, {0.001, "0.001"}, {0.00012, "0.00012"},
                 {1e-5, "1e-05"}, {1e300, "1e+300"}, {__builtin_nan(""), "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer buffer = {0};
        buffer_append_number(&buffer, cases[i].value);
        assert_string_equal(buffer.data, cases[i].text);
        buffer_clear(&buffer);
    }
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_json(&buffer, STR("a\"b\\c\n\x01\xc3\xa9"));
    assert_string_equal(buffer.data, "\"a\\\"b\\\\c\\n\\u0001\xc3\xa9\"");
    buffer_clear(&buffer);
}

static void strict_json_refuses_what_it_must(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",  "{",  "{\"a\":1,\"a\":2}", "[1] x", "{\"a\":\"\\u0000\"}", "\"\xff\"", "NaN",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error = {0};
        assert_null(json_read(str_of(bad[i]), &JSON_LIMITS_REPLY, &error));
        assert_int_equal(error.kind, ERROR_INPUT);
    }
    struct error error = {0};
    json_t *value = json_read(STR(" {\"a\": [1, 2]} "), &JSON_LIMITS_REPLY, &error);
    assert_non_null(value);
    json_decref(value);
}

struct target {
    const char *word;
    double share;
    int64_t count;
};

static void fields_list_every_problem_with_its_path(void **state)
{
    (void)state;
    static const char *const words[] = {"yes", "no", NULL};
    static const struct json_field fields[] = {
        {"word", JSON_KIND_STRING, true, offsetof(struct target, word), 0, 0, words},
        {"share", JSON_KIND_NUMBER, false, offsetof(struct target, share), 0, 1, NULL},
        {"count", JSON_KIND_INT, true, offsetof(struct target, count), 0, 0, NULL},
    };
    struct target target = {.share = .5};
    struct problems problems = {0};
    json_t *good = json_loads("{\"word\":\"no\",\"count\":3,\"//\":\"a comment\"}", 0, NULL);
    assert_true(json_read_fields(good, fields, 3, &target, "p", &problems));
    assert_string_equal(target.word, "no");
    assert_true(target.share == .5 && target.count == 3);
    json_decref(good);

    json_t *bad = json_loads("{\"word\":\"maybe\",\"share\":2,\"extra\":1}", 0, NULL);
    assert_false(json_read_fields(bad, fields, 3, &target, "p[0]", &problems));
    assert_int_equal(problems.total, 4);
    assert_string_equal(problems.lines[0], "p[0].word: \"maybe\" is not known here; use yes or no");
    assert_string_equal(problems.lines[1], "p[0].share: must be between 0 and 1");
    assert_string_equal(problems.lines[2],
                        "p[0].extra: unknown key; known here: word, share, count");
    assert_string_equal(problems.lines[3], "p[0].count: is missing; it must be a whole number");
    json_decref(bad);
    problems_clear(&problems);
}

static void an_arena_gives_aligned_memory_and_forgets_it(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t size = 1; size < 40000; size = size * 3 + 1)
        assert_int_equal((uintptr_t)arena_alloc(&arena, size) % 16, 0);
    assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_string_equal(arena_copy(&arena, STR("kept")), "kept");
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3339_is_read_and_written),
        cmocka_unit_test(hashes_give_the_published_values),
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(utf8_follows_table_3_7),
        cmocka_unit_test(numbers_have_the_fewest_digits),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(strict_json_refuses_what_it_must),
        cmocka_unit_test(fields_list_every_problem_with_its_path),
        cmocka_unit_test(an_arena_gives_aligned_memory_and_forgets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
