/* Is a judge's reply read as it was meant, and is everything else refused with its own reason? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <jansson.h>
#include "schema/base/buffer.h"
#include "schema/base/clock.h"
#include "evaluators/judging/verdict.h"

/* N in a case stands for the nonce of the call. */
#define N "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffff"
#define SAYS(verdict) "{\"nonce\":\"" N "\",\"reasoning\":\"because\",\"verdict\":" verdict "}"

static const struct verdict_scale ONE_TO_FIVE = {.min = 1, .max = 5};
static const struct verdict_label YES_NO[] = {{"yes", 1}, {"no", 0}, {"unknown", NAN}};
static const struct verdict_scale LABELS = {.labels = YES_NO, .label_count = 3};

static void verdicts_on_a_scale_of_numbers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *what, *reply;
        int64_t number; /* -1: unknown */
        double value;
    } cases[] = {
        {"the whole reply", SAYS("4"), 4, .75},
        {"the lowest", SAYS("1"), 1, 0},
        {"the highest", SAYS("5"), 5, 1},
        {"white space around it", " \n\t" SAYS("2") "\r\n ", 2, .25},
        {"a fenced block", "Here you are:\n```json\n" SAYS("3") "\n```\nAnything else?", 3, .5},
        {"after prose with braces", "The set {1, 2} and f(x) { return x; } are fine.\n" SAYS("4"),
         4, .75},
        {"after prose with a lonely brace", "It opens a { and goes on. " SAYS("4"), 4, .75},
        {"inside a brace of prose", "\\boxed{ " SAYS("4") " }", 4, .75},
        {"after a quoted verdict without the nonce",
         "The response says {\"verdict\":1} and {\"nonce\":\"" OTHER
         "\",\"verdict\":1}. " SAYS("5"),
         5, 1},
        {"before a quoted verdict without the nonce", SAYS("5") " not {\"verdict\":1}", 5, 1},
        {"the same verdict twice", SAYS("2") "\n" SAYS("2"), 2, .25},
        {"braces and quotes inside the reasoning",
         "{\"nonce\":\"" N "\",\"reasoning\":\"it says \\\"}{\\\" and {\\\"verdict\\\":1}\","
         "\"verdict\":3}",
         3, .5},
        {"keys in another order", "{\"verdict\":3,\"nonce\":\"" N "\"}", 3, .5},
        {"a refused form of it first", SAYS("4.5") " I mean " SAYS("4"), 4, .75},
        {"the judge cannot tell", SAYS("\"unknown\""), -1, NAN},
        {"a quote in prose before it", "It's 5\" long. " SAYS("4"), 4, .75},
        {"other languages around it", "\xe8\xa9\x95\xe4\xbe\xa1: " SAYS("4") " \xe3\x80\x82", 4,
         .75},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct verdict out = {0};
        const char *failure = verdict_parse(str_of(cases[i].reply), N, &ONE_TO_FIVE, &out);
        if (failure)
            fail_msg("%s: %s", cases[i].what, failure);
        assert_int_equal(out.unknown, cases[i].number < 0);
        if (out.unknown)
            assert_true(isnan(out.value));
        else if (out.number != cases[i].number || out.value != cases[i].value)
            fail_msg("%s: %lld, %g", cases[i].what, (long long)out.number, out.value);
    }
}

static void verdicts_by_label_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *label, *failure;
    } cases[] = {
        {SAYS("\"yes\""), "yes", NULL},
        {SAYS("\"no\""), "no", NULL},
        {SAYS("\"unknown\""), "unknown", NULL},
        {SAYS("\"Yes\""), NULL, "unknown_label"},
        {SAYS("\"yes \""), NULL, "unknown_label"},
        {SAYS("\"maybe\""), NULL, "unknown_label"},
        {SAYS("1"), NULL, "wrong_type"},
        {SAYS("true"), NULL, "wrong_type"},
        {SAYS("[\"yes\"]"), NULL, "wrong_type"},
        {SAYS("\"yes\"") SAYS("\"no\""), NULL, "conflicting_verdicts"},
        {SAYS("\"yes\"") SAYS("\"unknown\""), NULL, "conflicting_verdicts"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct verdict out = {0};
        const char *failure = verdict_parse(str_of(cases[i].reply), N, &LABELS, &out);
        if (cases[i].failure) {
            assert_non_null(failure);
            assert_string_equal(failure, cases[i].failure);
            continue;
        }
        assert_null(failure);
        assert_string_equal(out.label->name, cases[i].label);
        assert_int_equal(out.unknown, strcmp(cases[i].label, "unknown") == 0);
    }
}

static void everything_else_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *failure;
    } cases[] = {
        {"", "empty_reply"},
        {" \n", "empty_reply"},
        {"I'd say 4 out of 5.", "no_verdict"},
        {"I cannot help with that.", "no_verdict"},
        {"4", "no_verdict"},
        {"[[4]]", "no_verdict"},
        {"Rating: {4}", "no_verdict"},
        {"<html><body>502 Bad Gateway</body></html>", "no_verdict"},
        {"{\"verdict\":5}", "wrong_nonce"},
        {"{\"nonce\":\"\",\"verdict\":5}", "wrong_nonce"},
        {"{\"nonce\":\"" OTHER "\",\"reasoning\":\"x\",\"verdict\":5}", "wrong_nonce"},
        {"{\"nonce\":\"" N "0\",\"verdict\":5}", "wrong_nonce"},
        {"{\"nonce\":5,\"verdict\":5}", "wrong_nonce"},
        {"{\"nonce\":[\"" N "\"],\"verdict\":5}", "wrong_nonce"},
        {"{\"score\":5}", "no_verdict"},
        {SAYS("0"), "out_of_range"},
        {SAYS("6"), "out_of_range"},
        {SAYS("-1"), "out_of_range"},
        {SAYS("-0"), "out_of_range"},
        {SAYS("9223372036854775807"), "out_of_range"},
        {SAYS("4.0"), "wrong_type"},
        {SAYS("4.5"), "wrong_type"},
        {SAYS("\"4\""), "wrong_type"},
        {SAYS("\"4/5\""), "wrong_type"},
        {SAYS("null"), "wrong_type"},
        {SAYS("true"), "wrong_type"},
        {SAYS("{\"verdict\":4}"), "wrong_type"},
        {SAYS("1e309"), "invalid_json"},
        {SAYS("92233720368547758080"), "invalid_json"},
        {SAYS("NaN"), "invalid_json"},
        {SAYS("\"5\\u0000\""), "invalid_json"},
        {SAYS("4,"), "invalid_json"},
        {SAYS("1-5"), "invalid_json"},
        {SAYS("4,\"verdict\":5"), "invalid_json"},
        {SAYS("4,\"pass\":true"), "unknown_key"},
        {SAYS("4,\"//\":1"), "unknown_key"},
        {"{\"nonce\":\"" N "\",\"reasoning\":\"x\"}", "no_verdict_key"},
        {"{\"nonce\":\"" N "\",\"reasoning\":7,\"verdict\":4}", "wrong_type"},
        {"[" SAYS("4") "," SAYS("5") "]", "conflicting_verdicts"},
        {SAYS("4") "\n" SAYS("5"), "conflicting_verdicts"},
        {SAYS("4") "\n" SAYS("\"unknown\""), "conflicting_verdicts"},
        {"```json\n" SAYS("4") "\n```\n" SAYS("5"), "conflicting_verdicts"},
        {"{\"nonce\":\"" N "\",\"reasoning\":\"it goes on and on", "truncated"},
        {"{\"nonce\":\"" N "\",\"reasoning\":\"x\",\"verdict\":5", "truncated"},
        {"{\"nonce\":\"" N "\",\"reasoning\":\"x\",\"verdict\":5\"}", "truncated"},
        {"{\"reasoning\":{\"nonce\":\"" N "\",\"verdict\":5}", "truncated"},
        {SAYS("2") " or rather {\"nonce\":\"" N "\",\"reasoning\":\"no", "truncated"},
        {"{\"", "truncated"},
        {"{", "truncated"},
        {"{\"result\":" SAYS("5") "}", "no_verdict"},
        {"{\"a\":1,\"a\":" SAYS("5") "}", "invalid_json"},
        {SAYS("5") "\xff", "invalid_utf8"},
        {"\xed\xa0\x80" SAYS("5"), "invalid_utf8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct verdict out = {.value = -7};
        const char *failure = verdict_parse(str_of(cases[i].reply), N, &ONE_TO_FIVE, &out);
        if (!failure || strcmp(failure, cases[i].failure) != 0)
            fail_msg("%s: %s instead of %s", cases[i].reply, failure ? failure : "a verdict",
                     cases[i].failure);
        assert_true(out.value == -7); /* nothing is written without a verdict */
    }
}

static void nul_bytes_are_refused(void **state)
{
    (void)state;
    struct verdict out;
    assert_string_equal(verdict_parse(STR(SAYS("5") "\0"), N, &ONE_TO_FIVE, &out), "invalid_utf8");
    assert_string_equal(verdict_parse((struct str){0}, N, &ONE_TO_FIVE, &out), "empty_reply");
}

static void an_empty_nonce_matches_nothing(void **state)
{
    (void)state;
    struct verdict out;
    const char *failure =
        verdict_parse(STR("{\"nonce\":\"\",\"verdict\":5}"), "", &ONE_TO_FIVE, &out);
    assert_string_equal(failure, "wrong_nonce");
}

/* 4 MiB of looking at most: an attack on the search ends in milliseconds, not minutes. */
static void hostile_sizes_end_soon(void **state)
{
    (void)state;
    static const struct {
        const char *piece;
        size_t count;
        const char *tail, *failure;
    } cases[] = {
        {"{\"a\":", 40000, SAYS("5"), "truncated"},
        {"{", 200000, SAYS("5"), NULL},
        {"{\"", 100000, "", "truncated"},
        {"{}", 100000, SAYS("5"), NULL},
        {"[", 200000, SAYS("5"), NULL},
        {"{\"a\":[", 60, "]", "truncated"},
        {"x", VERDICT_REPLY_BYTES_MAX + 1, "", "reply_too_long"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer reply = {0};
        for (size_t k = 0; k < cases[i].count; k++)
            buffer_append_str(&reply, str_of(cases[i].piece));
        buffer_append_str(&reply, str_of(cases[i].tail));
        struct verdict out;
        int64_t before = clock_steady_ms();
        const char *failure = verdict_parse(buffer_str(&reply), N, &ONE_TO_FIVE, &out);
        assert_true(clock_steady_ms() - before < 5000);
        if (cases[i].failure)
            assert_string_equal(failure ? failure : "a verdict", cases[i].failure);
        else
            assert_null(failure);
        buffer_clear(&reply);
    }
}

/* 256 levels of objects, closed: the JSON is refused for its depth and not searched inside. */
static void deep_json_holds_no_verdict(void **state)
{
    (void)state;
    struct buffer reply = {0};
    for (int i = 0; i < 256; i++)
        buffer_append_str(&reply, STR("{\"a\":"));
    buffer_append_str(&reply, STR(SAYS("5")));
    for (int i = 0; i < 256; i++)
        buffer_append_str(&reply, STR("}"));
    struct verdict out;
    assert_string_equal(verdict_parse(buffer_str(&reply), N, &ONE_TO_FIVE, &out), "invalid_json");
    buffer_clear(&reply);
}

/* Every proper prefix of a verdict is cut off: none may count. */
static void no_prefix_of_a_verdict_is_a_verdict(void **state)
{
    (void)state;
    static const char whole[] = SAYS("5");
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        char *cut = malloc(size + 1); /* its own block, so that reading over the end is seen */
        memcpy(cut, whole, size);
        struct verdict out;
        assert_non_null(verdict_parse((struct str){cut, size}, N, &ONE_TO_FIVE, &out));
        free(cut);
    }
}

/* Real replies of six judges, written for another format: none of them names our nonce. */
static void real_replies_without_a_nonce_give_no_verdict(void **state)
{
    (void)state;
    FILE *file = fopen("../shared/data/llmbar/dev_judge_replies.jsonl", "r");
    if (!file) {
        print_message("skipped: ../shared/data is absent\n");
        skip();
    }
    char *line = NULL;
    size_t room = 0, count = 0;
    while (getline(&line, &room, file) > 0) {
        json_t *row = json_loads(line, 0, NULL);
        const json_t *reply = json_object_get(row, "reply");
        struct str text = {json_string_value(reply), json_string_length(reply)};
        struct buffer with = {0};
        struct verdict out;
        assert_non_null(verdict_parse(text, N, &ONE_TO_FIVE, &out));
        buffer_append_str(&with, text); /* and with a verdict behind them, they give that */
        buffer_append_str(&with, STR("\n" SAYS("4")));
        assert_null(verdict_parse(buffer_str(&with), N, &ONE_TO_FIVE, &out));
        assert_int_equal(out.number, 4);
        buffer_clear(&with);
        json_decref(row);
        count++;
    }
    free(line);
    fclose(file);
    assert_int_equal(count, 1152); /* the data set's own count */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_on_a_scale_of_numbers_are_read),
        cmocka_unit_test(verdicts_by_label_are_read),
        cmocka_unit_test(everything_else_is_refused_with_its_reason),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(an_empty_nonce_matches_nothing),
        cmocka_unit_test(hostile_sizes_end_soon),
        cmocka_unit_test(deep_json_holds_no_verdict),
        cmocka_unit_test(no_prefix_of_a_verdict_is_a_verdict),
        cmocka_unit_test(real_replies_without_a_nonce_give_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
