/* Is what AWS answers read as it is meant: XML, errors, when to ask again? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "schema/base/buffer.h"
#include "worker/aws/aws_error.h"
#include "worker/aws/xml_read.h"

static void xml_gives_one_text_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *path, *text; /* NULL: none */
    } cases[] = {
        {"<a><b>1</b><b>2</b></a>", "a/b", "1"},
        {"<a><b>1</b><b>2</b></a>", "b", "1"},
        {"<a><c><b>1</b></c><b>2</b></a>", "a/b", "2"},
        {"<x:a y='<'><x:b>1</x:b></x:a>", "a/b", NULL},
        {"<a y='>' z=\">'\"><b>1</b></a>", "a/b", "1"},
        {"<x:a y='z'><x:b q=\"r\">1</x:b></x:a>", "a/b", "1"},
        {"<a><b></b></a>", "a/b", ""},
        {"<a><b/></a>", "a/b", NULL},
        {"<a>&lt;&gt;&quot;&apos;&amp;&#65;&#xe9;</a>", "a", "<>\"'&A\xc3\xa9"},
        {"<a>&evil;</a>", "a", NULL},
        {"<a>&#xd800;</a>", "a", NULL},
        {"<a>&#0;</a>", "a", NULL},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>1</a>", "a", NULL},
        {"<a><b>1</c></a>", "b", "1"}, /* read no further than needed */
        {"<a><c>1</b></c><d>2</d></a>", "d", NULL},
        {"<a><b>1", "b", NULL},
        {"</a>", "a", NULL},
        {"<", "a", NULL},
        {"", "a", NULL},
        {"<>x</>", "a", NULL},
        {"<a><!-- <b>no</b> --><b>1</b></a>", "b", "1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = {0};
        bool good = xml_text(str_of(cases[i].xml), cases[i].path, &out);
        if (good != (cases[i].text != NULL))
            print_error("%s\n", cases[i].xml);
        assert_int_equal(good, cases[i].text != NULL);
        if (good)
            assert_true(str_equal(buffer_str(&out), str_of(cases[i].text)));
        buffer_clear(&out);
    }
}

static void error_replies_are_understood_by_their_code(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *header, *value, *body, *code;
        enum aws_error meaning;
    } cases[] = {
        {200, "x", "", "{}", "", AWS_OK},
        {400, "x-amzn-errortype", "ThrottlingException:http://x/", "{\"message\":null}",
         "ThrottlingException", AWS_THROTTLED},
        {400, "x-amzn-query-error", "Throttling;Sender", "", "Throttling", AWS_THROTTLED},
        {400, "x", "", "{\"__type\":\"com.amazonaws#Throttling\"}", "Throttling", AWS_THROTTLED},
        {400, "x", "", "{\"code\":\"SlowDown\"}", "SlowDown", AWS_THROTTLED},
        {400, "x", "",
         "<ErrorResponse><Error><Code>RequestLimitExceeded</Code></Error></ErrorResponse>",
         "RequestLimitExceeded", AWS_THROTTLED},
        {400, "x", "", "{\"__type\":\"ValidationError\"}", "ValidationError", AWS_INVALID},
        {400, "x", "", "not json", "", AWS_INVALID},
        {403, "x", "", "{\"__type\":\"ExpiredTokenException\"}", "ExpiredTokenException",
         AWS_EXPIRED},
        {403, "x", "", "{\"__type\":\"InvalidSignatureException\",\"message\":\"no match\"}",
         "InvalidSignatureException", AWS_DENIED},
        {403, "x", "",
         "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: 2026\"}",
         "InvalidSignatureException", AWS_SKEWED},
        {403, "x", "", "", "", AWS_DENIED},
        {429, "x", "", "", "", AWS_THROTTLED},
        {500, "x", "", "{\"__type\":\"InternalServiceError\"}", "InternalServiceError", AWS_BROKEN},
        {502, "x", "", "<html>", "", AWS_BROKEN},
        {503, "x", "", "", "", AWS_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_header header = {cases[i].header, cases[i].value};
        struct http_reply reply = {.status = cases[i].status,
                                   .body = str_of(cases[i].body),
                                   .headers = &header,
                                   .header_count = 1};
        char code[AWS_ERROR_CODE_BYTES];
        aws_error_code(&reply, code);
        assert_string_equal(code, cases[i].code);
        assert_int_equal(aws_error_of(&reply, code), cases[i].meaning);
    }
    for (unsigned attempt = 1; attempt < 40; attempt++)
        for (int i = 0; i < 50; i++) {
            int64_t most = attempt > 5 ? 20000 : 1000ll << (attempt - 1);
            int64_t ms = aws_backoff_ms(attempt);
            assert_true(ms >= 0 && ms < (most < 20000 ? most : 20000));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_gives_one_text_or_none),
        cmocka_unit_test(error_replies_are_understood_by_their_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
