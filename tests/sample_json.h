/* sample_json: a sample from the keys of a flat capture record, for tests that start at an
 * evaluator. Header-only, for tests and their commands. */
#ifndef ASSAY_TESTS_SAMPLE_JSON_H
#define ASSAY_TESTS_SAMPLE_JSON_H

#include <jansson.h>
#include "schema/base/arena.h"
#include "schema/sample.h"

static inline struct str sample_json_text(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

/* The texts of an array, or of one string. */
static inline const struct str *sample_json_texts(const json_t *value, struct arena *arena,
                                                  size_t *out_count)
{
    size_t count = json_is_string(value) ? 1 : json_array_size(value);
    struct str *texts = arena_new(arena, count + 1, sizeof *texts);
    for (size_t i = 0; i < count; i++)
        texts[i] = sample_json_text(json_is_string(value) ? value : json_array_get(value, i));
    *out_count = count;
    return texts;
}

/* Borrows the texts of `row`. Knows id, model, prompt, response, context, reference(s), resamples,
 * finish_reason and the numbers beside them; "responses" is a response and its resamples. */
static inline struct sample sample_json_read(const json_t *row, struct arena *arena)
{
    struct sample sample = {
        .id = sample_json_text(json_object_get(row, "id")),
        .observed_at_ms = -1,
        .model = sample_json_text(json_object_get(row, "model")),
        .prompt = sample_json_text(json_object_get(row, "prompt")),
        .response = sample_json_text(json_object_get(row, "response")),
        .context = sample_json_text(json_object_get(row, "context")),
        .finish_reason = sample_json_text(json_object_get(row, "finish_reason")),
        .resample_index = -1,
        .resample_expected = -1,
        .probability = 1,
        .latency_ms = -1,
        .input_tokens = -1,
        .output_tokens = -1,
    };
    sample.last_user = sample.prompt;
    const json_t *references = json_object_get(row, "references");
    sample.references =
        sample_json_texts(references ? references : json_object_get(row, "reference"), arena,
                          &sample.reference_count);
    sample.resamples =
        sample_json_texts(json_object_get(row, "resamples"), arena, &sample.resample_count);
    const json_t *responses = json_object_get(row, "responses");
    if (json_array_size(responses) > 0) {
        size_t count;
        const struct str *texts = sample_json_texts(responses, arena, &count);
        sample.response = texts[0];
        sample.resamples = texts + 1;
        sample.resample_count = count - 1;
    }
    if (!sample.response.data)
        sample.response = STR("");
    return sample;
}

#endif
