/* Does every form of capture record become the sample it should, or a named reason? The cases are
 * lines in tests/capture: {"what", "record" (JSON) | "text" | "bytes_b64", "sample" {what the
 * sample holds} | "invalid" (the code)}. To add a case, add a line. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>

#include "schema/base/base64.h"
#include "schema/base/utf8.h"
#include "schema/capture.h"
#include "schema/capture_write.h"

static const struct {
    const char *name;
    size_t offset;
} TEXTS[] = {
#define TEXT(name)                                                                                 \
    {                                                                                              \
#name, offsetof(struct sample, name)                                                       \
    }
    TEXT(id),    TEXT(model),   TEXT(model_version), TEXT(endpoint), TEXT(variant),
    TEXT(route), TEXT(prompt),  TEXT(last_user),     TEXT(response), TEXT(context),
    TEXT(group), TEXT(stratum), TEXT(finish_reason), TEXT(session),  TEXT(inference_component),
#undef TEXT
};

static const struct {
    const char *name;
    size_t offset;
} WHOLES[] = {
#define WHOLE(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct sample, name)                                                       \
    }
    WHOLE(observed_at_ms), WHOLE(resample_index), WHOLE(resample_expected),
    WHOLE(input_tokens),   WHOLE(output_tokens),
#undef WHOLE
};

static bool same_text(struct str text, const json_t *expected)
{
    if (json_is_null(expected))
        return !text.data;
    struct str wanted = {json_string_value(expected), json_string_length(expected)};
    return text.data && str_equal(text, wanted);
}

static bool same_list(const struct str *texts, size_t count, const json_t *expected)
{
    bool same = count == json_array_size(expected);
    for (size_t i = 0; same && i < count; i++)
        same = same_text(texts[i], json_array_get(expected, i));
    return same;
}

/* Tags are written "key=value". */
static bool same_tags(const struct sample *sample, const json_t *expected)
{
    bool same = sample->tag_count == json_array_size(expected);
    for (size_t i = 0; same && i < sample->tag_count; i++) {
        char text[128];
        snprintf(text, sizeof text, "%.*s=%.*s", STR_ARGS(sample->tags[i].key),
                 STR_ARGS(sample->tags[i].value));
        same = strcmp(text, json_string_value(json_array_get(expected, i))) == 0;
    }
    return same;
}

static bool same_field(const struct sample *sample, const char *name, const json_t *expected)
{
    const char *base = (const char *)sample;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        if (strcmp(TEXTS[i].name, name) == 0)
            return same_text(*(const struct str *)(base + TEXTS[i].offset), expected);
    for (size_t i = 0; i < sizeof WHOLES / sizeof *WHOLES; i++)
        if (strcmp(WHOLES[i].name, name) == 0)
            return *(const int64_t *)(base + WHOLES[i].offset) == json_integer_value(expected);
    if (strcmp(name, "run") == 0)
        return strcmp(sample_run_name(sample->run), json_string_value(expected)) == 0;
    if (strcmp(name, "probability") == 0)
        return sample->probability == json_number_value(expected);
    if (strcmp(name, "latency_ms") == 0)
        return sample->latency_ms == json_number_value(expected);
    if (strcmp(name, "unknown_keys") == 0)
        return sample->unknown_keys == json_integer_value(expected);
    if (strcmp(name, "references") == 0)
        return same_list(sample->references, sample->reference_count, expected);
    if (strcmp(name, "resamples") == 0)
        return same_list(sample->resamples, sample->resample_count, expected);
    if (strcmp(name, "tags") == 0)
        return same_tags(sample, expected);
    fail_msg("the case names a field that samples have not: %s", name);
    return false;
}

/* The record's bytes; the caller frees. */
static char *record_of(const json_t *row, size_t *out_size)
{
    const json_t *text = json_object_get(row, "text");
    const json_t *base64 = json_object_get(row, "bytes_b64");
    struct arena arena = {0};
    struct str bytes = {0};
    if (text) {
        bytes = (struct str){json_string_value(text), json_string_length(text)};
    } else if (base64) {
        assert_true(base64_decode(str_of(json_string_value(base64)), &arena, &bytes));
    } else {
        char *dumped = json_dumps(json_object_get(row, "record"), JSON_COMPACT);
        *out_size = strlen(dumped);
        return dumped;
    }
    char *copy = malloc(bytes.size + 1); /* exactly as large, so that reading on is noticed */
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    *out_size = bytes.size;
    arena_clear(&arena);
    return copy;
}

static bool same_texts(const struct str *a, size_t a_count, const struct str *b, size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++)
        same = str_equal(a[i], b[i]) && !a[i].data == !b[i].data;
    return same;
}

static void assert_same_sample(const char *what, const struct sample *a, const struct sample *b)
{
    const char *one = (const char *)a, *other = (const char *)b;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        if (!same_texts((const struct str *)(one + TEXTS[i].offset), 1,
                        (const struct str *)(other + TEXTS[i].offset), 1))
            fail_msg("%s: %s is not what was written", what, TEXTS[i].name);
    for (size_t i = 0; i < sizeof WHOLES / sizeof *WHOLES; i++)
        if (*(const int64_t *)(one + WHOLES[i].offset) !=
            *(const int64_t *)(other + WHOLES[i].offset))
            fail_msg("%s: %s is not what was written", what, WHOLES[i].name);
    bool same =
        same_texts(a->references, a->reference_count, b->references, b->reference_count) &&
        same_texts(a->resamples, a->resample_count, b->resamples, b->resample_count) &&
        same_texts(&a->variant, 1, &b->variant, 1) && a->tag_count == b->tag_count &&
        a->probability == b->probability && a->latency_ms == b->latency_ms;
    for (size_t i = 0; same && i < a->tag_count; i++)
        same = str_equal(a->tags[i].key, b->tags[i].key) &&
               str_equal(a->tags[i].value, b->tags[i].value);
    if (!same)
        fail_msg("%s: a list or a number is not what was written", what);
}

/* What capture_write makes of a sample is read as the same sample. */
static void check_written(const char *what, const struct sample *sample, struct arena *arena)
{
    struct buffer record = {0};
    struct sample again;
    struct capture_reason reason = {.code = "none"};
    capture_write(sample, &record);
    if (!capture_decode(buffer_str(&record), STR("another"), arena, &again, &reason))
        fail_msg("%s: written, it cannot be read: %s", what, reason.code);
    assert_same_sample(what, sample, &again);
    buffer_clear(&record);
}

static void check_case(const json_t *row, struct arena *arena)
{
    const char *what = json_string_value(json_object_get(row, "what"));
    const char *invalid = json_string_value(json_object_get(row, "invalid"));
    size_t size;
    char *record = record_of(row, &size);
    struct sample sample;
    struct capture_reason reason = {.code = "none"};
    bool read = capture_decode((struct str){record, size}, STR("default"), arena, &sample, &reason);
    if (invalid && (read || strcmp(reason.code, invalid) != 0))
        fail_msg("%s: %s", what, read ? "was read" : reason.code);
    if (!invalid && !read)
        fail_msg("%s: %s", what, reason.code);
    const char *name;
    json_t *expected;
    json_object_foreach(json_object_get(row, "sample"), name,
                        expected) if (!same_field(&sample, name, expected))
        fail_msg("%s: %s differs", what, name);
    if (read)
        check_written(what, &sample, arena);
    free(record);
    arena_reset(arena);
}

static void check_file(const char *path, size_t at_least)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot open %s", path);
    struct arena arena = {0};
    char *line = NULL;
    size_t room = 0, cases = 0;
    for (; getline(&line, &room, file) > 0; cases++) {
        json_t *row = json_loads(line, 0, NULL);
        if (!row)
            fail_msg("%s:%zu is no JSON", path, cases + 1);
        check_case(row, &arena);
        json_decref(row);
    }
    assert_true(cases >= at_least);
    free(line);
    fclose(file);
    arena_clear(&arena);
}

static void flat_records_become_samples(void **state)
{
    (void)state;
    check_file("tests/capture/flat.jsonl", 15);
}

static void sagemaker_records_become_samples(void **state)
{
    (void)state;
    check_file("tests/capture/sagemaker.jsonl", 30);
}

static void pairs_become_samples(void **state)
{
    (void)state;
    check_file("tests/capture/pairs.jsonl", 50);
}

static void bad_records_have_a_reason(void **state)
{
    (void)state;
    check_file("tests/capture/invalid.jsonl", 45);
}

static void a_byte_order_mark_in_front_is_passed_over(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sample sample;
    struct capture_reason reason;
    assert_true(capture_decode(STR("\xef\xbb\xbf{\"response\":\"a\"}"), STR("d"), &arena, &sample,
                               &reason));
    assert_true(str_is(sample.response, "a"));
    arena_clear(&arena);
}

static const char WHOLE[] =
    "{\"id\":\"w\",\"model\":\"m\",\"record\":\"{\\\"captureData\\\":{\\\"endpointOutput\\\":{"
    "\\\"observedContentType\\\":\\\"application/json\\\",\\\"data\\\":\\\"{\\\\\\\"generated_text"
    "\\\\\\\":\\\\\\\"Hi\\\\\\\"}\\\",\\\"encoding\\\":\\\"JSON\\\"}}}\",\"tags\":{\"a\":1}}";

static void a_record_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t size = 0; size < sizeof WHOLE; size++) {
        char *cut = malloc(size ? size : 1);
        memcpy(cut, WHOLE, size);
        struct sample sample;
        struct capture_reason reason = {0};
        bool read = capture_decode((struct str){cut, size}, STR("d"), &arena, &sample, &reason);
        assert_int_equal(read, size == sizeof WHOLE - 1);
        if (!read && size > 0)
            assert_string_equal(reason.code, "truncated");
        free(cut);
        arena_reset(&arena);
    }
    arena_clear(&arena);
}

static void too_long_a_record_is_not_looked_at(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sample sample;
    struct capture_reason reason;
    struct str record = {"", (size_t)CAPTURE_RECORD_BYTES_MAX + 1};
    assert_false(capture_decode(record, STR("d"), &arena, &sample, &reason));
    assert_string_equal(reason.code, "too_long");
    arena_clear(&arena);
}

/* A stream of a million small events: what is kept for each must be small. */
static void memory_stays_in_proportion_to_the_record(void **state)
{
    (void)state;
    static const char head[] = "{\"request\":\"?\",\"response_body\":\"", event[] = "data: {}\\n",
                      tail[] = "data: {\\\"delta\\\":\\\"x\\\"}\\n\"}";
    enum { EVENTS = 1000000 };
    size_t size = sizeof head + sizeof tail - 2 + EVENTS * (sizeof event - 1);
    char *record = malloc(size), *to = record;
    to = (char *)memcpy(to, head, sizeof head - 1) + sizeof head - 1;
    for (int i = 0; i < EVENTS; i++)
        to = (char *)memcpy(to, event, sizeof event - 1) + sizeof event - 1;
    memcpy(to, tail, sizeof tail - 1);
    struct arena arena = {0};
    struct sample sample;
    struct capture_reason reason = {.code = ""};
    if (!capture_decode((struct str){record, size}, STR("d"), &arena, &sample, &reason))
        fail_msg("%s", reason.code);
    assert_true(str_is(sample.response, "x"));
    assert_true(arena.used < 4 * size);
    free(record);
    arena_clear(&arena);
}

/* Calls `check` for each line of a file of ../shared/data; skips loudly when it is not here. */
static void each_shared_line(const char *path, void (*check)(const json_t *row, struct arena *))
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        print_message("SKIPPED: %s is not here\n", path);
        skip();
    }
    struct arena arena = {0};
    char *line = NULL;
    size_t room = 0, count = 0;
    for (; getline(&line, &room, file) > 0; count++) {
        json_t *row = json_loads(line, JSON_ALLOW_NUL, NULL);
        assert_non_null(row);
        check(row, &arena);
        json_decref(row);
        arena_reset(&arena);
    }
    assert_true(count > 0);
    free(line);
    fclose(file);
    arena_clear(&arena);
}

static void check_naughty(const json_t *row, struct arena *arena)
{
    const json_t *text = json_object_get(row, "text");
    json_t *record = json_pack("{s:O,s:O}", "response", text, "prompt", text);
    for (int ascii = 0; ascii < 2; ascii++) {
        char *dumped = json_dumps(record, ascii ? JSON_ENSURE_ASCII : 0);
        struct sample sample;
        struct capture_reason reason = {.code = ""};
        if (!capture_decode(str_of(dumped), STR("d"), arena, &sample, &reason))
            fail_msg("%s: %s", json_string_value(json_object_get(row, "id")), reason.code);
        assert_true(same_text(sample.response, text) && same_text(sample.prompt, text));
        free(dumped);
    }
    json_decref(record);
}

static void naughty_strings_stay_as_they_are(void **state)
{
    (void)state;
    each_shared_line("../shared/data/naughty_strings/dev.jsonl", check_naughty);
}

static bool has_special(struct str bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if ((uint8_t)bytes.data[i] < 0x20 || bytes.data[i] == '"' || bytes.data[i] == '\\')
            return true;
    return false;
}

static void check_utf8_line(const json_t *row, struct arena *arena)
{
    bool valid = json_is_true(json_object_get(row, "valid"));
    struct str bytes;
    assert_true(
        base64_decode(str_of(json_string_value(json_object_get(row, "bytes_b64"))), arena, &bytes));
    if (valid && has_special(bytes)) /* would need escaping: the naughty strings cover that */
        return;
    char *record = malloc(bytes.size + 16);
    memcpy(record, "{\"response\":\"", 13);
    memcpy(record + 13, bytes.data, bytes.size);
    memcpy(record + 13 + bytes.size, "\"}", 2);
    struct sample sample;
    struct capture_reason reason = {.code = ""};
    bool read =
        capture_decode((struct str){record, bytes.size + 15}, STR("d"), arena, &sample, &reason);
    assert_int_equal(read, valid);
    if (read)
        assert_true(str_equal(sample.response, bytes));
    else
        assert_string_equal(reason.code, "invalid_utf8");
    free(record);
}

static void invalid_utf8_is_named_and_valid_is_kept(void **state)
{
    (void)state;
    each_shared_line("../shared/data/utf8_stress/dev.jsonl", check_utf8_line);
}

/* Real bodies: each gives a prompt and a response, or a reason that says why not. */
static void check_cassette(const json_t *row, struct arena *arena)
{
    char *record = json_dumps(row, JSON_COMPACT);
    struct sample sample;
    struct capture_reason reason = {0};
    static const char *const honest[] = {"tool_call_response", "not_inference", "image_response",
                                         "content_filtered"};
    const char *id = json_string_value(json_object_get(row, "id"));
    if (capture_decode(str_of(record), STR("d"), arena, &sample, &reason)) {
        if (!sample.prompt.size || !sample.response.size)
            fail_msg("%s lacks text", id);
    } else {
        bool known = false;
        for (size_t i = 0; i < sizeof honest / sizeof *honest; i++)
            known = known || strcmp(reason.code, honest[i]) == 0;
        if (!known)
            fail_msg("%s: %s", id, reason.code);
    }
    free(record);
}

static void real_bodies_give_text_or_an_honest_reason(void **state)
{
    (void)state;
    each_shared_line("../shared/data/llm_api_cassettes/dev.jsonl", check_cassette);
}

static void check_real_capture(const json_t *row, struct arena *arena)
{
    char *record = json_dumps(row, JSON_COMPACT);
    struct sample sample;
    struct capture_reason reason = {.code = ""};
    if (!capture_decode(str_of(record), STR("d"), arena, &sample, &reason))
        fail_msg("%s", reason.code);
    assert_true(sample.prompt.size && sample.response.size && sample.observed_at_ms > 0);
    assert_false(str_is(sample.id, "d"));
    free(record);
}

static void real_sagemaker_records_are_read(void **state)
{
    (void)state;
    each_shared_line("../shared/data/sagemaker_capture/dev_capture_llm_real.jsonl",
                     check_real_capture);
    each_shared_line("../shared/data/sagemaker_capture/dev_capture_csv_docs.jsonl",
                     check_real_capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_records_become_samples),
        cmocka_unit_test(sagemaker_records_become_samples),
        cmocka_unit_test(pairs_become_samples),
        cmocka_unit_test(bad_records_have_a_reason),
        cmocka_unit_test(a_byte_order_mark_in_front_is_passed_over),
        cmocka_unit_test(a_record_cut_anywhere_is_refused),
        cmocka_unit_test(too_long_a_record_is_not_looked_at),
        cmocka_unit_test(memory_stays_in_proportion_to_the_record),
        cmocka_unit_test(naughty_strings_stay_as_they_are),
        cmocka_unit_test(invalid_utf8_is_named_and_valid_is_kept),
        cmocka_unit_test(real_bodies_give_text_or_an_honest_reason),
        cmocka_unit_test(real_sagemaker_records_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
