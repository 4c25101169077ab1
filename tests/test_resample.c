/* Is a captured request sent again in its own form, every parameter kept but those that would not
 * give another response? */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>

#include "evaluators/comparing/resample.h"
#include "schema/capture.h"

static const struct resampling AS_IT_WAS = {.draws = 3, .temperature = NAN, .max_tokens = 64};
static const struct resampling WARMER = {.draws = 3, .temperature = .7, .max_tokens = 64};

static struct sample decoded(const char *record, struct arena *arena)
{
    struct sample sample;
    struct capture_reason reason;
    assert_true(capture_decode(str_of(record), STR("d"), arena, &sample, &reason));
    return sample;
}

static void check_body(const struct resampling *how, const char *record, const char *expected,
                       int64_t expected_tokens)
{
    struct arena arena = {0};
    struct sample sample = decoded(record, &arena);
    struct str body;
    int64_t tokens;
    assert_null(resample_body(how, &sample, &arena, &body, &tokens));
    json_t *made = json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    json_t *wanted = json_loads(expected, 0, NULL);
    assert_non_null(made);
    assert_non_null(wanted);
    if (!json_equal(made, wanted))
        fail_msg("%s\n  became %.*s", record, STR_ARGS(body));
    assert_int_equal(tokens, expected_tokens);
    json_decref(made);
    json_decref(wanted);
    arena_clear(&arena);
}

static void a_request_keeps_its_form_and_its_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *record, *body;
        int64_t tokens;
    } cases[] = {
        /* chat completions, an object of the record */
        {"{\"request\":{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi "
         "\\u00e9\"}],"
         "\"temperature\":1e-1,\"top_p\":0.9,\"max_tokens\":300},"
         "\"response\":{\"choices\":[{\"message\":{\"content\":\"a\"}}]}}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi \\u00e9\"}],"
         "\"temperature\":1e-1,\"top_p\":0.9,\"max_tokens\":300}",
         300},
        /* what would stream it, give several, or the same again */
        {"{\"request\":{\"prompt\":\"p\",\"stream\":true,"
         "\"stream_options\":{\"include_usage\":true},"
         "\"n\":4,\"best_of\":5,\"seed\":7,\"max_completion_tokens\":9},\"response\":\"a\"}",
         "{\"prompt\":\"p\",\"max_completion_tokens\":9}", 9},
        /* TGI and LMI: settings stand apart */
        {"{\"request\":{\"inputs\":\"p\",\"parameters\":{\"seed\":3,\"temperature\":0.5,"
         "\"max_new_tokens\":20,\"details\":true}},\"response\":{\"generated_text\":\"a\"}}",
         "{\"inputs\":\"p\",\"parameters\":{\"temperature\":0.5,\"max_new_tokens\":20,"
         "\"details\":true}}",
         20},
        {"{\"request\":{\"inputs\":\"p\"},\"response\":{\"generated_text\":\"a\"}}",
         "{\"inputs\":\"p\",\"parameters\":{\"max_new_tokens\":64}}", 64},
        {"{\"request\":{\"inputs\":\"p\",\"parameters\":null},"
         "\"response\":{\"generated_text\":\"a\"}}",
         "{\"inputs\":\"p\",\"parameters\":{\"max_new_tokens\":64}}", 64},
        /* the greatest of several limits may be what the answer takes */
        {"{\"request\":{\"prompt\":\"p\",\"max_tokens\":5,\"max_completion_tokens\":8},"
         "\"response\":\"a\"}",
         "{\"prompt\":\"p\",\"max_tokens\":5,\"max_completion_tokens\":8}", 8},
        /* limits that are none are replaced */
        {"{\"request\":{\"prompt\":\"p\",\"max_tokens\":null},\"response\":\"a\"}",
         "{\"prompt\":\"p\",\"max_tokens\":64}", 64},
        {"{\"request\":{\"prompt\":\"p\",\"max_tokens\":-1},\"response\":\"a\"}",
         "{\"prompt\":\"p\",\"max_tokens\":64}", 64},
        {"{\"request\":{\"input\":\"p\"},\"response\":\"a\"}",
         "{\"input\":\"p\",\"max_output_tokens\":64}", 64},
        /* the body as text, and in SageMaker's envelope */
        {"{\"request\":\"{\\\"prompt\\\":\\\"p\\\",\\\"max_tokens\\\":2}\",\"response\":\"a\"}",
         "{\"prompt\":\"p\",\"max_tokens\":2}", 2},
        {"{\"captureData\":{\"endpointInput\":{\"encoding\":\"BASE64\",\"observedContentType\":"
         "\"application/json\",\"data\":\"eyJpbnB1dHMiOiJwIn0=\"},\"endpointOutput\":{\"encoding\":"
         "\"JSON\",\"observedContentType\":\"application/json\",\"data\":"
         "\"{\\\"generated_text\\\":\\\"a\\\"}\"}},\"eventVersion\":\"0\"}",
         "{\"inputs\":\"p\",\"parameters\":{\"max_new_tokens\":64}}", 64},
        /* without a body: chat completions */
        {"{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":"
         "[{\"type\":\"text\",\"text\":\"\\\"p\\\"\"}]}],\"response\":\"a\"}",
         "{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":"
         "[{\"type\":\"text\",\"text\":\"\\\"p\\\"\"}]}],\"max_tokens\":64}",
         64},
        {"{\"prompt\":\"p\\n\\\"q\\\"\",\"response\":\"a\"}",
         "{\"messages\":[{\"role\":\"user\",\"content\":\"p\\n\\\"q\\\"\"}],\"max_tokens\":64}",
         64},
        {"{\"request\":\"just words\",\"response\":\"a\"}",
         "{\"messages\":[{\"role\":\"user\",\"content\":\"just words\"}],\"max_tokens\":64}", 64},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_body(&AS_IT_WAS, cases[i].record, cases[i].body, cases[i].tokens);
}

static void a_temperature_is_replaced_where_it_stands(void **state)
{
    (void)state;
    check_body(&WARMER,
               "{\"request\":{\"prompt\":\"p\",\"temperature\":0,\"max_tokens\":2},"
               "\"response\":\"a\"}",
               "{\"prompt\":\"p\",\"max_tokens\":2,\"temperature\":0.7}", 2);
    check_body(&WARMER,
               "{\"request\":{\"inputs\":\"p\",\"parameters\":{\"temperature\":0,"
               "\"max_new_tokens\":2}},"
               "\"response\":{\"generated_text\":\"a\"}}",
               "{\"inputs\":\"p\",\"parameters\":{\"max_new_tokens\":2,\"temperature\":0.7}}", 2);
    check_body(&WARMER, "{\"prompt\":\"p\",\"response\":\"a\"}",
               "{\"messages\":[{\"role\":\"user\",\"content\":\"p\"}],\"temperature\":0.7,"
               "\"max_tokens\":64}",
               64);
}

static void numbers_are_sent_as_they_were_spelled(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sample sample = decoded("{\"request\":{\"prompt\":\"p\",\"max_tokens\":3,\"top_p\":0.10,"
                                   "\"big\":123456789012345678901234567890},\"response\":\"a\"}",
                                   &arena);
    struct str body;
    int64_t tokens;
    assert_null(resample_body(&AS_IT_WAS, &sample, &arena, &body, &tokens));
    assert_true(str_is(body, "{\"prompt\":\"p\",\"max_tokens\":3,\"top_p\":0.10,"
                             "\"big\":123456789012345678901234567890}"));
    arena_clear(&arena);
}

static void what_cannot_be_sent_again_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *record, *code;
    } cases[] = {
        {"{\"response\":\"a\"}", "no_request"},
        {"{\"prompt\":\"\",\"response\":\"a\"}", "no_request"},
        {"{\"request\":{\"inputs\":[\"p\",\"q\"]},\"response\":[{\"generated_text\":\"a\"},"
         "{\"generated_text\":\"b\"}]}",
         "request_batch"},
        {"{\"captureData\":{\"endpointInput\":{\"encoding\":\"CSV\",\"observedContentType\":"
         "\"text/csv\",\"data\":\"1,2,3\"},\"endpointOutput\":{\"encoding\":\"JSON\","
         "\"observedContentType\":\"application/json\",\"data\":\"{\\\"generated_text\\\":"
         "\\\"a\\\"}\"}},\"eventVersion\":\"0\"}",
         "request_not_json"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct sample sample = decoded(cases[i].record, &arena);
        struct str body;
        int64_t tokens;
        const char *why = resample_body(&AS_IT_WAS, &sample, &arena, &body, &tokens);
        assert_string_equal(why, cases[i].code);
        assert_null(resample_questions(&AS_IT_WAS, &sample, &arena));
        arena_clear(&arena);
    }
}

static void as_many_are_asked_for_as_the_sample_lacks(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sample sample = decoded("{\"prompt\":\"p\",\"response\":\"a\",\"resamples\":[\"b\"],"
                                   "\"endpoint\":\"e\",\"variant\":\"v\"}",
                                   &arena);
    struct question *list = resample_questions(&AS_IT_WAS, &sample, &arena);
    const struct question *first = list, *second = list->next;
    assert_non_null(second);
    assert_null(second->next);
    assert_int_equal(first->target, ASK_ENDPOINT);
    assert_true(str_is(first->place.endpoint, "e") && str_is(first->place.variant, "v"));
    assert_null(first->place.component.data);
    assert_int_equal(first->max_tokens, 64);
    assert_int_not_equal(first->draw, second->draw);
    assert_memory_not_equal(first->hash, second->hash, SHA256_BYTES);
    assert_true(str_equal(first->body, second->body));
    sample.inference_component = STR("c"); /* says which model: a variant beside it may not be */
    list = resample_questions(&AS_IT_WAS, &sample, &arena);
    assert_true(str_is(list->place.component, "c"));
    assert_int_equal(list->place.variant.size, 0);
    sample.resample_count = 3;
    assert_null(resample_questions(&AS_IT_WAS, &sample, &arena));
    arena_clear(&arena);
}

static void what_decides_the_body_is_determined(void **state)
{
    (void)state;
    struct buffer cold = {0}, warm = {0}, none = {0};
    resample_determine(&AS_IT_WAS, &cold);
    resample_determine(&WARMER, &warm);
    resample_determine(&(struct resampling){.temperature = NAN}, &none);
    assert_true(cold.size > 0 && warm.size > 0 && none.size == 0);
    assert_false(str_equal(buffer_str(&cold), buffer_str(&warm)));
    buffer_clear(&cold);
    buffer_clear(&warm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_keeps_its_form_and_its_parameters),
        cmocka_unit_test(a_temperature_is_replaced_where_it_stands),
        cmocka_unit_test(numbers_are_sent_as_they_were_spelled),
        cmocka_unit_test(what_cannot_be_sent_again_is_named),
        cmocka_unit_test(as_many_are_asked_for_as_the_sample_lacks),
        cmocka_unit_test(what_decides_the_body_is_determined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
