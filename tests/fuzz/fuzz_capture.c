/* fuzz_capture: any bytes become a sample with valid texts or a named reason, and json_tape takes
 * what jansson takes. Build with clang and -DASSAY_FUZZ=ON; run with tests/capture as corpus. */
#include <jansson.h>
#include <stdlib.h>

#include "schema/base/json_tape.h"
#include "schema/base/utf8.h"
#include "schema/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_be_text(struct str text)
{
    must(utf8_valid(text) && (!text.size || !memchr(text.data, '\0', text.size)));
}

static void check_sample(const struct sample *sample)
{
    must(sample->id.size > 0 && sample->model.size > 0 && sample->response.data);
    must_be_text(sample->id);
    must_be_text(sample->model);
    must_be_text(sample->prompt);
    must_be_text(sample->last_user);
    must_be_text(sample->response);
    for (size_t i = 0; i < sample->reference_count; i++)
        must_be_text(sample->references[i]);
    for (size_t i = 0; i < sample->resample_count; i++)
        must_be_text(sample->resamples[i]);
    must(sample->probability > 0 && sample->probability <= 1);
}

/* See tests/test_json_tape.c: limits of depth, and numbers that do not fit, are excused; and so is
 * a raw NUL, which jansson 2.14 skips behind a number or a literal. */
static void compare_with_jansson(struct str text, struct arena *arena)
{
    struct json_tape tape = {0};
    struct json_fault fault = {.code = "invalid_utf8"};
    bool taken = utf8_valid(text) && json_tape_read(&tape, text, arena, &fault);
    json_error_t error;
    json_t *tree =
        json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    bool excused = (!tree && json_error_code(&error) == json_error_numeric_overflow) ||
                   (!taken && (strcmp(fault.code, "too_deep") == 0 ||
                               memchr(text.data, '\0', text.size) != NULL));
    must(excused || taken == (tree != NULL));
    json_decref(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct str record = {(const char *)data, size};
    struct sample sample;
    struct capture_reason reason = {0};
    if (capture_decode(record, STR("d"), &arena, &sample, &reason))
        check_sample(&sample);
    else
        must(reason.code && reason.code[0] && reason.at <= size);
    compare_with_jansson(record, &arena);
    arena_clear(&arena);
    return 0;
}
