/* capture_write: a sample as a capture record, so that it can be read again. */
#include "schema/capture_write.h"

#include <inttypes.h>

static void add_key(struct buffer *out, const char *key)
{
    buffer_printf(out, "%s\"%s\":", out->data[out->size - 1] == '{' ? "" : ",", key);
}

static void add_text(struct buffer *out, const char *key, struct str text)
{
    if (!text.data)
        return;
    add_key(out, key);
    buffer_append_json(out, text);
}

static void add_count(struct buffer *out, const char *key, int64_t count)
{
    if (count < 0)
        return;
    add_key(out, key);
    buffer_printf(out, "%" PRId64, count);
}

static void add_number(struct buffer *out, const char *key, double value)
{
    add_key(out, key);
    buffer_append_number(out, value);
}

static void add_list(struct buffer *out, const char *key, const struct str *texts, size_t count)
{
    if (!count)
        return;
    add_key(out, key);
    for (size_t i = 0; i < count; i++) {
        buffer_append(out, i ? "," : "[", 1);
        buffer_append_json(out, texts[i]);
    }
    buffer_append(out, "]", 1);
}

static void add_tags(struct buffer *out, const struct sample *sample)
{
    if (!sample->tag_count)
        return;
    add_key(out, "tags");
    for (size_t i = 0; i < sample->tag_count; i++) {
        buffer_append(out, i ? "," : "{", 1);
        buffer_append_json(out, sample->tags[i].key);
        buffer_append(out, ":", 1);
        buffer_append_json(out, sample->tags[i].value);
    }
    buffer_append(out, "}", 1);
}

/* The prompt is said as it is; what the user said last, as the only message there is. */
static void add_request(struct buffer *out, const struct sample *sample)
{
    add_text(out, "prompt", sample->prompt);
    if (str_equal(sample->prompt, sample->last_user) && sample->prompt.data)
        return;
    add_key(out, "messages");
    buffer_append(out, "[", 1);
    if (sample->last_user.data) {
        buffer_append_str(out, STR("{\"role\":\"user\",\"content\":"));
        buffer_append_json(out, sample->last_user);
        buffer_append(out, "}", 1);
    }
    buffer_append(out, "]", 1);
}

void capture_write(const struct sample *sample, struct buffer *out)
{
    buffer_append(out, "{", 1);
    add_text(out, "id", sample->id);
    add_count(out, "timestamp", sample->observed_at_ms);
    add_text(out, "model", sample->model);
    add_text(out, "model_version", sample->model_version);
    add_text(out, "endpoint", sample->endpoint);
    add_text(out, "variant", sample->variant);
    add_text(out, "inference_component", sample->inference_component);
    add_text(out, "route", sample->route);
    add_tags(out, sample);
    add_request(out, sample);
    add_text(out, "response", sample->response);
    add_list(out, "reference", sample->references, sample->reference_count);
    add_text(out, "context", sample->context);
    add_list(out, "resamples", sample->resamples, sample->resample_count);
    add_text(out, "group", sample->group);
    add_count(out, "resample_index", sample->resample_index);
    add_count(out, "resample_count", sample->resample_expected);
    add_text(out, "stratum", sample->stratum);
    add_number(out, "probability", sample->probability);
    if (sample->latency_ms >= 0)
        add_number(out, "latency_ms", sample->latency_ms);
    add_count(out, "input_tokens", sample->input_tokens);
    add_count(out, "output_tokens", sample->output_tokens);
    add_text(out, "finish_reason", sample->finish_reason);
    add_text(out, "session", sample->session);
    buffer_append(out, "}", 1);
}
