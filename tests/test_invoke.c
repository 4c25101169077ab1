/* Are exchanges with an endpoint made and read as its documents say? */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <jansson.h>
#include "worker/answer/invoke.h"

static void urls_are_made_of_valid_names_only(void **state)
{
    (void)state;
    static const struct {
        const char *base, *region, *endpoint, *url; /* NULL: refused */
    } cases[] = {
        {NULL, "eu-central-1", "judge-1",
         "https://runtime.sagemaker.eu-central-1.amazonaws.com/endpoints/judge-1/invocations"},
        {NULL, "cn-north-1", "j",
         "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn/endpoints/j/invocations"},
        {"http://127.0.0.1:80/", "r", "j", "http://127.0.0.1:80/endpoints/j/invocations"},
        {"http://h/base", "r", "j", "http://h/base/endpoints/j/invocations"},
        {NULL, "eu-central-1", "a/../b", NULL},
        {NULL, "eu-central-1", "a b", NULL},
        {NULL, "eu-central-1", "-a", NULL},
        {NULL, "eu-central-1", "a-", NULL},
        {NULL, "eu-central-1", "", NULL},
        {NULL, "evil.com/", "a", NULL},
        {NULL, "eu-central-1", "a234567890123456789012345678901234567890123456789012345678901234",
         NULL}, /* 64 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[INVOKE_URL_BYTES_MAX];
        bool made = invoke_url(cases[i].base, cases[i].region, str_of(cases[i].endpoint), url);
        assert_int_equal(made, cases[i].url != NULL);
        if (made)
            assert_string_equal(url, cases[i].url);
    }
}

static const struct question_part PARTS[] = {
    {PART_TEXT, {"say \"", 5}}, {PART_NONCE, {NULL, 0}}, {PART_TEXT, {"\"\n", 2}}};
static const struct question_message MESSAGES[] = {{"system", PARTS, 1}, {"user", PARTS, 3}};

static void bodies_are_chat_completions_with_the_nonce_in_its_place(void **state)
{
    (void)state;
    struct question question = {
        .messages = MESSAGES, .message_count = 2, .max_tokens = 100, .temperature = 0};
    struct buffer body = {0};
    invoke_body(&question, "abc", NULL, &body);
    assert_string_equal(body.data, "{\"messages\":[{\"role\":\"system\",\"content\":\"say \\\"\"},"
                                   "{\"role\":\"user\",\"content\":\"say \\\"abc\\\"\\n\"}],"
                                   "\"max_tokens\":100,\"temperature\":0,\"stream\":false}");
    buffer_reset(&body);
    question.temperature = .7;
    invoke_body(&question, "abc", "m\"x", &body);
    json_t *read = json_loads(body.data, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(read, "model")), "m\"x");
    assert_true(json_real_value(json_object_get(read, "temperature")) == .7);
    json_decref(read);
    buffer_clear(&body);
}

static void a_question_may_bring_its_body(void **state)
{
    (void)state;
    struct question question = {.target = ASK_ENDPOINT, .body = STR("{\"inputs\":\"hi\"}")};
    struct buffer body = {0};
    invoke_body(&question, "abc", "m", &body);
    assert_string_equal(body.data, "{\"inputs\":\"hi\"}");
    buffer_clear(&body);
}

static void a_resample_is_read_as_a_captured_response_is(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body, *failure, *text, *finish;
        int64_t input, output;
    } cases[] = {
        {"application/json",
         "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},"
         "\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}",
         NULL, "hi", "length", 7, 2},
        {"application/json", "[{\"generated_text\":\"hi\"}]", NULL, "hi", NULL, -1, -1},
        {"application/json", "{\"choices\":[{\"message\":{\"content\":\"\"}}]}", NULL, "", NULL, -1,
         -1},
        {"text/plain", "just words", NULL, "just words", NULL, -1, -1},
        {"application/json", "{\"error\":\"out of memory\"}", "model_error", NULL, NULL, 0, 0},
        {"application/json", "<html>", "not_json", NULL, NULL, 0, 0},
        {NULL, "", "no_response", NULL, NULL, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct invoke_answer answer;
        const char *failure = invoke_read_resample(str_of(cases[i].body), str_of(cases[i].type),
                                                   &arena, &answer);
        if (cases[i].failure) {
            assert_string_equal(failure, cases[i].failure);
        } else {
            assert_null(failure);
            assert_true(str_is(answer.text, cases[i].text));
            assert_true(str_is(str_of(answer.finish_reason), cases[i].finish) ||
                        answer.finish_reason == cases[i].finish);
            assert_int_equal(answer.input_tokens, cases[i].input);
            assert_int_equal(answer.output_tokens, cases[i].output);
        }
        arena_clear(&arena);
    }
}

static void what_is_asked_of_an_endpoint_is_all_in_the_hash(void **state)
{
    (void)state;
    const struct question first = {.target = ASK_ENDPOINT,
                                   .purpose = "resample",
                                   .place = {STR("e"), STR("c"), STR("v")},
                                   .body = STR("{}")};
    struct question cases[6];
    for (size_t i = 0; i < 6; i++)
        cases[i] = first;
    cases[1].place.endpoint = STR("e2");
    cases[2].place.component = STR("c2");
    cases[3].place.variant = STR("v2");
    cases[4].body = STR("{ }");
    cases[5].draw = 1;
    for (size_t i = 0; i < 6; i++) {
        question_seal(&cases[i]);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(cases[i].hash, cases[j].hash, SHA256_BYTES);
    }
    struct question same = first;
    same.about = 7;
    question_seal(&same);
    assert_memory_equal(same.hash, cases[0].hash, SHA256_BYTES);
}

static void replies_of_every_known_container_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *body, *failure, *text, *finish;
        int64_t input, output;
    } cases[] = {
        {"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},"
         "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}",
         NULL, "hi", "stop", 7, 2},
        {"{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
         "{\"type\":\"text\",\"text\":\"b\"}]}}]}",
         NULL, "ab", NULL, -1, -1},
        {"{\"choices\":[{\"text\":\"hi\",\"finish_reason\":\"length\"}]}", NULL, "hi", "length", -1,
         -1},
        {"{\"generated_text\":\"hi\",\"details\":{\"finish_reason\":\"eos_token\","
         "\"generated_tokens\":3}}",
         NULL, "hi", "eos_token", -1, 3},
        {"[{\"generated_text\":\"hi\"}]", NULL, "hi", NULL, -1, -1},
        {"{\"generated_text\":\"\",\"details\":{\"finish_reason\":\"error\"}}", "model_error", NULL,
         NULL, 0, 0},
        {"{\"error\":\"out of memory\",\"code\":424}", "model_error", NULL, NULL, 0, 0},
        {"{\"choices\":[{\"message\":{\"content\":null}}]}", "reply_empty", NULL, NULL, 0, 0},
        {"{\"choices\":[{\"message\":{\"content\":\"\"}}]}", "reply_empty", NULL, NULL, 0, 0},
        {"{\"choices\":[{\"message\":{\"content\":5}}]}", "reply_shape", NULL, NULL, 0, 0},
        {"{\"choices\":[]}", "reply_shape", NULL, NULL, 0, 0},
        {"{\"choices\":\"hi\"}", "reply_shape", NULL, NULL, 0, 0},
        {"[{\"generated_text\":\"a\"},{\"generated_text\":\"b\"}]", "reply_shape", NULL, NULL, 0,
         0},
        {"\"hi\"", "reply_shape", NULL, NULL, 0, 0},
        {"<html>502</html>", "reply_not_json", NULL, NULL, 0, 0},
        {"", "reply_not_json", NULL, NULL, 0, 0},
        {"{\"choices\":[{\"message\":{\"content\":\"hi\"", "reply_not_json", NULL, NULL, 0, 0},
        {"{\"generated_text\":\"a\",\"generated_text\":\"b\"}", "reply_not_json", NULL, NULL, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct invoke_answer answer;
        const char *failure = invoke_read(str_of(cases[i].body), &arena, &answer);
        if (cases[i].failure) {
            if (!failure || strcmp(failure, cases[i].failure) != 0)
                fail_msg("%s: %s", cases[i].body, failure ? failure : "read");
        } else {
            assert_null(failure);
            assert_true(str_is(answer.text, cases[i].text));
            assert_int_equal(answer.finish_reason != NULL, cases[i].finish != NULL);
            if (cases[i].finish)
                assert_string_equal(answer.finish_reason, cases[i].finish);
            assert_int_equal(answer.input_tokens, cases[i].input);
            assert_int_equal(answer.output_tokens, cases[i].output);
        }
        arena_clear(&arena);
    }
}

static void error_codes_come_from_the_header_first(void **state)
{
    (void)state;
    static const struct {
        const char *header, *body, *code;
        long original;
        bool no_capacity;
    } cases[] = {
        {"ThrottlingException", "{\"message\":null}", "ThrottlingException", -1, false},
        {"ThrottlingException:http://internal.amazon.com/", "", "ThrottlingException", -1, false},
        {NULL, "{\"__type\":\"com.amazonaws#ExpiredTokenException\"}", "ExpiredTokenException", -1,
         false},
        {NULL, "{\"code\":\"SlowDown\"}", "SlowDown", -1, false},
        {NULL, "{\"code\":424}", "", -1, false},
        {"ModelError", "{\"OriginalStatusCode\":503,\"Message\":\"x\"}", "ModelError", 503, false},
        {"ValidationError",
         "{\"Message\":\"Inference Component has no capacity to process this request.\"}",
         "ValidationError", -1, true},
        {"bad <b>code</b>", "{}", "bad", -1, false},
        {NULL, "<html>", "", -1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_header header = {"x-amzn-errortype", cases[i].header};
        struct http_reply reply = {.status = 400,
                                   .body = str_of(cases[i].body),
                                   .headers = &header,
                                   .header_count = cases[i].header != NULL};
        struct invoke_error error;
        invoke_read_error(&reply, &error);
        assert_string_equal(error.code, cases[i].code);
        assert_int_equal(error.original_status, cases[i].original);
        assert_int_equal(error.no_capacity, cases[i].no_capacity);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_made_of_valid_names_only),
        cmocka_unit_test(bodies_are_chat_completions_with_the_nonce_in_its_place),
        cmocka_unit_test(a_question_may_bring_its_body),
        cmocka_unit_test(a_resample_is_read_as_a_captured_response_is),
        cmocka_unit_test(what_is_asked_of_an_endpoint_is_all_in_the_hash),
        cmocka_unit_test(replies_of_every_known_container_are_read),
        cmocka_unit_test(error_codes_come_from_the_header_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
