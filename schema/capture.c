/* capture: from a capture record's bytes to a sample. */
#include "schema/capture.h"

#include <strings.h>
#include "schema/base/base64.h"
#include "schema/base/json_tape.h"
#include "schema/base/utf8.h"
#include "schema/capture_fields.h"
#include "schema/payload.h"
#include "schema/question.h"

struct decoder {
    struct str record;
    struct arena *arena;
    struct capture_fields fields;
    struct payload_body request, response;
    struct payload_request asked;
    struct capture_reason *reason;
};

static bool fail(struct decoder *decoder, const char *code, size_t at)
{
    *decoder->reason = (struct capture_reason){code, at};
    return false;
}

/* What is wrong stands at this value: its place in the record, unless it came out of an escape. */
static bool fail_at(struct decoder *decoder, const char *code, const struct json_token *value)
{
    const char *start = decoder->record.data, *at = value->data;
    bool inside = at >= start && at < start + decoder->record.size;
    return fail(decoder, code, inside ? (size_t)(at - start) : 0);
}

static bool read_json(struct decoder *decoder, struct str text, struct json_token **out)
{
    struct json_tape tape = {0};
    struct json_fault fault;
    if (!json_tape_read(&tape, text, decoder->arena, &fault))
        return fail(decoder, fault.code, fault.at);
    *out = tape.tokens;
    return true;
}

static bool read_fields(struct decoder *decoder, struct json_token *object)
{
    struct json_fault fault;
    struct json_token *culprit;
    if (object->kind != TAPE_OBJECT)
        return fail_at(decoder, "wrong_type", object);
    return capture_fields_read(&decoder->fields, object, decoder->arena, &fault, &culprit) ||
           fail_at(decoder, fault.code, culprit);
}

/* The capture record inside an envelope, an object or its text; NULL when this is no envelope. */
static bool open_envelope(struct decoder *decoder, struct json_token *object,
                          struct json_token **out)
{
    struct json_token *inner = json_tape_get(object, "record");
    if (!inner)
        inner = json_tape_get(object, "capture");
    *out = NULL;
    if (!inner || inner->kind == TAPE_NULL)
        return true;
    if (inner->kind == TAPE_STRING)
        return read_json(decoder, json_tape_text(inner, decoder->arena), out);
    *out = inner;
    return true;
}

/* The record inside first: what the envelope says wins. */
static bool read_record(struct decoder *decoder)
{
    struct json_token *object, *inner;
    if (!read_json(decoder, decoder->record, &object))
        return false;
    if (object->kind != TAPE_OBJECT)
        return fail(decoder, "wrong_type", 0);
    if (!open_envelope(decoder, object, &inner))
        return false;
    capture_fields_init(&decoder->fields);
    return (!inner || read_fields(decoder, inner)) && read_fields(decoder, object);
}

static bool word_is(struct str text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

/* The bytes of one side of a SageMaker record; without an encoding it is BASE64, or JSON's text. */
static bool decode_data(struct decoder *decoder, struct json_token *side, struct str data,
                        struct payload_body *out)
{
    struct json_token *value = json_tape_get(side, "encoding");
    struct str encoding = json_tape_text(value, decoder->arena);
    bool unsaid = !encoding.data || json_tape_is(value, TAPE_NULL);
    out->bytes = data;
    if (word_is(encoding, "JSON"))
        return true;
    if (word_is(encoding, "CSV")) {
        out->plain = true;
        return true;
    }
    if (!unsaid && !word_is(encoding, "BASE64"))
        return fail_at(decoder, "unknown_encoding", value);
    if (base64_decode(data, decoder->arena, &out->bytes))
        return true;
    out->bytes = data;
    return unsaid || fail_at(decoder, "bad_base64", json_tape_get(side, "data"));
}

static bool read_side(struct decoder *decoder, struct json_token *side, struct payload_body *out)
{
    if (!side || side->kind == TAPE_NULL)
        return true;
    struct json_token *data = json_tape_get(side, "data");
    if (side->kind != TAPE_OBJECT || (data && data->kind > TAPE_NULL && data->kind != TAPE_STRING))
        return fail_at(decoder, "wrong_type", side);
    struct json_token *type = json_tape_get(side, "observedContentType");
    if (json_tape_is(type, TAPE_STRING))
        out->content_type = json_tape_text(type, decoder->arena);
    if (!json_tape_is(data, TAPE_STRING))
        return true;
    return decode_data(decoder, side, json_tape_text(data, decoder->arena), out);
}

static bool starts_with(struct str text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

static bool read_metadata(struct decoder *decoder)
{
    struct json_token *metadata = decoder->fields.event_metadata;
    struct sample *sample = &decoder->fields.sample;
    if (!metadata)
        return true;
    if (metadata->kind != TAPE_OBJECT)
        return fail_at(decoder, "wrong_type", metadata);
    static const char *const id_keys[] = {"inferenceId", "eventId"};
    for (size_t i = 0; i < 2 && !sample->id.size; i++)
        sample->id = json_tape_text(json_tape_get(metadata, id_keys[i]), decoder->arena);
    if (sample->id.size > SAMPLE_ID_BYTES_MAX)
        return fail_at(decoder, "too_long", metadata);
    struct json_token *given = json_tape_get(metadata, "inferenceId");
    sample->own = starts_with(json_tape_text(given, decoder->arena), QUESTION_ID_PREFIX);
    struct json_token *time = json_tape_get(metadata, "inferenceTime");
    if (sample->observed_at_ms >= 0 || !time || time->kind == TAPE_NULL)
        return true;
    return capture_read_time(time, decoder->arena, &sample->observed_at_ms) ||
           fail_at(decoder, "bad_timestamp", time);
}

/* A SageMaker data-capture record. */
static bool read_capture(struct decoder *decoder)
{
    struct json_token *data = decoder->fields.capture_data;
    if (data->kind != TAPE_OBJECT)
        return fail_at(decoder, "wrong_type", data);
    struct json_token *output = json_tape_get(data, "endpointOutput");
    if (!read_side(decoder, json_tape_get(data, "endpointInput"), &decoder->request) ||
        !read_side(decoder, output, &decoder->response))
        return false;
    if (!json_tape_is(output, TAPE_OBJECT))
        return fail_at(decoder, "no_response", data); /* captured in mode Input only */
    if (!decoder->response.content_type.data)         /* so SageMaker marks a failed invocation */
        return fail_at(decoder, "error_response", output);
    return true;
}

/* Whether a string under `request` or `response` is a body, or the words themselves. */
static bool is_body(struct str text)
{
    static const char *const starts[] = {"{", "[{", "data:", "event:"};
    while (text.size && strchr(" \t\r\n", *text.data))
        text = (struct str){text.data + 1, text.size - 1};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (starts_with(text, starts[i]))
            return true;
    return false;
}

/* A body as JSON, as text, or as base64 of its bytes. */
static bool read_body(struct decoder *decoder, struct json_token *body, struct json_token *base64,
                      struct payload_body *out)
{
    if (body && body->kind == TAPE_STRING)
        out->bytes = json_tape_text(body, decoder->arena);
    else
        out->json = body;
    if (body || !base64)
        return true;
    if (base64->kind != TAPE_STRING)
        return fail_at(decoder, "wrong_type", base64);
    return base64_decode(json_tape_text(base64, decoder->arena), decoder->arena, &out->bytes) ||
           fail_at(decoder, "bad_base64", base64);
}

/* A request/response pair. */
static bool read_pair(struct decoder *decoder)
{
    struct capture_fields *fields = &decoder->fields;
    struct json_token *request = fields->request_body ? fields->request_body : fields->request;
    struct json_token *response = fields->response_body ? fields->response_body : fields->response;
    decoder->response.content_type = fields->content_type;
    if (fields->status >= 400)
        return fail(decoder, "error_response", 0);
    if (!read_body(decoder, request, fields->request_body_b64, &decoder->request) ||
        !read_body(decoder, response, fields->response_body_b64, &decoder->response))
        return false;
    decoder->request.plain = request == fields->request && !is_body(decoder->request.bytes);
    decoder->response.plain = response == fields->response && response &&
                              response->kind == TAPE_STRING && !is_body(decoder->response.bytes);
    return true;
}

/* What a payload says where the record says nothing; a name too long is none. */
static void take(struct str *field, struct str text)
{
    if (!field->size && text.size && text.size <= SAMPLE_ID_BYTES_MAX)
        *field = text;
}

static bool read_request(struct decoder *decoder)
{
    struct sample *sample = &decoder->fields.sample;
    struct json_fault fault;
    if (!payload_read_request(&decoder->request, decoder->arena, &decoder->asked, &fault))
        return fail(decoder, fault.code, 0);
    struct json_token *messages = decoder->fields.messages;
    struct payload_request spoken = {0};
    if (messages && !payload_read_messages(messages, decoder->arena, &spoken))
        return fail_at(decoder, "wrong_type", messages);
    bool words = decoder->request.plain && !decoder->fields.capture_data; /* in no form at all */
    sample->request = (struct sample_request){.json = decoder->request.json,
                                              .body = words ? (struct str){0}
                                                            : decoder->request.bytes,
                                              .messages = messages,
                                              .batch = decoder->asked.prompts > 1};
    struct str said = sample->prompt;
    if (!sample->prompt.data)
        sample->prompt = messages ? spoken.prompt : decoder->asked.prompt;
    sample->last_user = messages ? spoken.last_user : decoder->asked.last_user;
    if (said.data && !messages && !sample->last_user.data)
        sample->last_user = said;
    return true;
}

/* The first answer is the response; of one request the others are resamples, of a batch its rest.
 */
static bool take_answers(struct decoder *decoder, const struct texts *answers)
{
    struct sample *sample = &decoder->fields.sample;
    sample->response = answers->items[0];
    if (answers->count == 1)
        return true;
    if (decoder->asked.prompts == answers->count) {
        sample->response = texts_join(answers, STR("\n"), decoder->arena);
        return true;
    }
    if (answers->count - 1 > SAMPLE_RESAMPLES_MAX)
        return fail(decoder, "too_many_resamples", 0);
    if (!sample->resamples) {
        sample->resamples = answers->items + 1;
        sample->resample_count = answers->count - 1;
    }
    return true;
}

static bool read_response(struct decoder *decoder)
{
    struct sample *sample = &decoder->fields.sample;
    struct payload_response answer;
    struct json_fault fault;
    if (!payload_read_response(&decoder->response, decoder->arena, &answer, &fault))
        return fail(decoder, fault.code, 0);
    take(&sample->finish_reason, answer.finish_reason);
    take(&sample->model, answer.model);
    take(&sample->model, decoder->asked.model);
    if (sample->input_tokens < 0)
        sample->input_tokens = answer.input_tokens;
    if (sample->output_tokens < 0)
        sample->output_tokens = answer.output_tokens;
    if (sample->latency_ms < 0)
        sample->latency_ms = answer.latency_ms;
    return take_answers(decoder, &answer.texts);
}

/* A flat record's response is its text; a body beside a request, or under a name of its own. */
static bool read_answer(struct decoder *decoder)
{
    struct capture_fields *fields = &decoder->fields;
    bool pair = fields->request || fields->request_body || fields->request_body_b64 ||
                fields->response_body || fields->response_body_b64;
    bool flat = !pair && json_tape_is(fields->response, TAPE_STRING);
    if (fields->capture_data) {
        if (!read_capture(decoder))
            return false;
    } else if (pair || (fields->response && !flat)) {
        if (fields->response && fields->response->kind < TAPE_STRING)
            return fail_at(decoder, "wrong_type", fields->response);
        if (!read_pair(decoder))
            return false;
    } else if (!flat) {
        return fail(decoder, "no_response", 0);
    }
    if (!read_request(decoder))
        return false;
    if (!flat || fields->capture_data)
        return read_response(decoder);
    fields->sample.response = json_tape_text(fields->response, decoder->arena);
    return true;
}

static bool check_group(struct decoder *decoder)
{
    const struct sample *sample = &decoder->fields.sample;
    if (sample->resample_expected >= 0 && sample->resample_index >= sample->resample_expected)
        return fail(decoder, "out_of_range", 0);
    return true;
}

static bool is_blank(struct str record)
{
    for (size_t i = 0; i < record.size; i++)
        if (!strchr(" \t\r\n", record.data[i]) || record.data[i] == '\0')
            return false;
    return true;
}

/* UTF-8 needs no byte order mark, but some producers put one in front. */
static struct str without_mark(struct str record)
{
    static const char mark[] = "\xef\xbb\xbf";
    const size_t size = sizeof mark - 1;
    bool marked = record.size >= size && memcmp(record.data, mark, size) == 0;
    return marked ? (struct str){record.data + size, record.size - size} : record;
}

bool capture_decode(struct str record, struct str default_id, struct arena *arena,
                    struct sample *out, struct capture_reason *reason)
{
    struct decoder decoder = {.record = record, .arena = arena, .reason = reason};
    if (record.size > CAPTURE_RECORD_BYTES_MAX)
        return fail(&decoder, "too_long", 0);
    decoder.record = record = without_mark(record);
    if (is_blank(record))
        return fail(&decoder, "empty_record", 0);
    if (!utf8_valid(record))
        return fail(&decoder, "invalid_utf8", 0);
    if (!read_record(&decoder) || !read_metadata(&decoder) || !read_answer(&decoder) ||
        !check_group(&decoder))
        return false;
    struct sample *sample = &decoder.fields.sample;
    take(&sample->id, default_id);
    take(&sample->model, STR("unknown"));
    *out = *sample;
    return true;
}
