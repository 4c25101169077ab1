/* truth_line: a line of a ground-truth file, as SageMaker Model Monitor reads them:
 * {"groundTruthData":{"data":"1","encoding":"CSV"},"eventMetadata":{"eventId":"..."},...} */
#include "worker/feed/truth_line.h"

#include "schema/base/base64.h"
#include "schema/base/buffer.h"
#include "schema/base/json_tape.h"
#include "schema/base/utf8.h"

static struct str as_json(struct str text, struct arena *arena)
{
    struct buffer json = {0};
    buffer_append_json(&json, text);
    struct str copy = {arena_copy(arena, buffer_str(&json)), json.size};
    buffer_clear(&json);
    return copy;
}

static bool is_list_of_texts(struct json_token *value)
{
    if (value->kind != TAPE_ARRAY || value->size == 0)
        return false;
    struct json_token *end = json_tape_end(value);
    for (struct json_token *item = json_tape_first(value); item < end; item = json_tape_next(item))
        if (item->kind != TAPE_STRING)
            return false;
    return true;
}

/* Data that is JSON: a text's text, a list of accepted texts; of anything else, the JSON itself. */
static const char *read_json(struct str data, struct arena *arena, struct str *out)
{
    struct json_tape tape = {0};
    struct json_fault fault;
    if (!json_tape_read(&tape, data, arena, &fault))
        return fault.code;
    if (is_list_of_texts(tape.tokens))
        *out = data;
    else if (tape.tokens->kind == TAPE_STRING)
        *out = as_json(json_tape_text(tape.tokens, arena), arena);
    else
        *out = as_json(data, arena);
    return NULL;
}

static const char *read_data(struct json_token *truth, struct arena *arena, struct str *out)
{
    struct json_token *value = json_tape_get(truth, "data");
    struct str data = json_tape_text(value, arena);
    struct str encoding = json_tape_text(json_tape_get(truth, "encoding"), arena);
    if (!data.data || value->kind == TAPE_NULL)
        return "wrong_type";
    if (str_is(encoding, "JSON"))
        return read_json(data, arena, out);
    if (str_is(encoding, "BASE64")) {
        if (!base64_decode(data, arena, &data))
            return "bad_base64";
        if (!utf8_valid(data) || memchr(data.data, '\0', data.size))
            return "invalid_utf8";
    } else if (encoding.data && !str_is(encoding, "CSV")) {
        return "unknown_encoding";
    }
    *out = as_json(data, arena);
    return NULL;
}

const char *truth_line_read(struct truth_line *out, struct str line, struct arena *arena)
{
    static const char *const IDS[TRUTH_IDS] = {"inferenceId", "eventId"};
    struct json_tape tape = {0};
    struct json_fault fault;
    if (!utf8_valid(line))
        return "invalid_utf8";
    if (!json_tape_read(&tape, line, arena, &fault))
        return fault.code;
    if (tape.tokens->kind != TAPE_OBJECT)
        return "wrong_type";
    struct json_token *truth = json_tape_get(tape.tokens, "groundTruthData");
    if (!json_tape_is(truth, TAPE_OBJECT))
        return "no_ground_truth";
    *out = (struct truth_line){0};
    struct json_token *metadata = json_tape_get(tape.tokens, "eventMetadata");
    for (size_t i = 0; i < TRUTH_IDS; i++) {
        struct json_token *id = json_tape_get(metadata, IDS[i]);
        out->ids[i] = json_tape_is(id, TAPE_STRING) ? json_tape_text(id, arena) : (struct str){0};
    }
    if (out->ids[0].size + out->ids[1].size == 0)
        return "no_id";
    return read_data(truth, arena, &out->reference);
}
