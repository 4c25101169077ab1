/* stored_scores: what is known of a sample whose text is not needed: what live scored. */
#include "worker/intake/stored_scores.h"

#include "schema/base/json_tape.h"

/* ---- the sample ---- */

static struct str text_at(struct json_token *object, const char *key, struct arena *arena)
{
    return json_tape_text(json_tape_get(object, key), arena);
}

/* Nothing below 0 is stored: where there is nothing it is -1. */
static double number_at(struct json_token *object, const char *key)
{
    double value;
    struct json_token *token = json_tape_get(object, key);
    return token && json_tape_number(token, &value) ? value : -1;
}

static size_t size_at(struct json_token *object, const char *key)
{
    double value = number_at(object, key);
    return value > 0 ? (size_t)value : 0;
}

static struct sample read_sample(struct json_token *object, struct arena *arena)
{
    return (struct sample){
        .id = text_at(object, "id", arena),
        .model = text_at(object, "model", arena),
        .endpoint = text_at(object, "endpoint", arena),
        .inference_component = text_at(object, "inference_component", arena),
        .observed_at_ms = (int64_t)number_at(object, "timestamp"),
        .latency_ms = number_at(object, "latency_ms"),
        .input_tokens = (int64_t)number_at(object, "input_tokens"),
        .output_tokens = (int64_t)number_at(object, "output_tokens"),
        .probability = number_at(object, "probability"),
        .prompt = {.size = size_at(object, "prompt_bytes")},
        .response = {.size = size_at(object, "response_bytes")},
        .resample_index = -1,
        .resample_expected = -1,
    };
}

/* ---- scores ---- */

/* NULL for null. */
static const char *string_of(struct json_token *token, struct arena *arena)
{
    return token->kind == TAPE_STRING ? arena_copy(arena, json_tape_text(token, arena)) : NULL;
}

static void read_findings(struct json_token *list, struct arena *arena, struct score *score)
{
    if (list->kind != TAPE_ARRAY || list->size == 0)
        return;
    struct finding *findings = arena_new(arena, list->size, sizeof *findings);
    for (struct json_token *one = json_tape_first(list); one < json_tape_end(list);
         one = json_tape_next(one))
        findings[score->finding_count++] = (struct finding){
            .rule = string_of(json_tape_get(one, "rule"), arena),
            .entity = string_of(json_tape_get(one, "entity"), arena),
            .where = string_of(json_tape_get(one, "where"), arena),
            .start = size_at(one, "start"),
            .end = size_at(one, "end"),
            .start_byte = size_at(one, "start_byte"),
            .end_byte = size_at(one, "end_byte"),
        };
    score->findings = findings;
}

static enum score_status status_of(struct str word)
{
    for (int status = SCORE_SCORED; status < SCORE_ERROR; status++)
        if (str_is(word, score_status_name((enum score_status)status)))
            return (enum score_status)status;
    return SCORE_ERROR;
}

/* [criterion's hash, status, value, label, reason, findings], as stored_row.c writes it. */
static struct stored_score read_score(struct json_token *list, struct arena *arena)
{
    struct json_token *hash = json_tape_first(list), *status = json_tape_next(hash);
    struct json_token *value = json_tape_next(status), *label = json_tape_next(value);
    struct json_token *reason = json_tape_next(label);
    struct score score = score_without_value(status_of(json_tape_text(status, arena)),
                                             string_of(reason, arena));
    json_tape_number(value, &score.value);
    score.label = string_of(label, arena);
    read_findings(json_tape_next(reason), arena, &score);
    return (struct stored_score){json_tape_text(hash, arena), score};
}

bool stored_scores_read(struct str record, struct arena *arena, struct stored_scores *out)
{
    struct json_tape tape = {0};
    struct json_fault fault;
    if (!json_tape_read(&tape, record, arena, &fault))
        return false;
    struct json_token *list = json_tape_get(tape.tokens, "scores");
    *out = (struct stored_scores){.sample = read_sample(tape.tokens, arena),
                                  .scores = arena_new(arena, list->size + 1, sizeof *out->scores)};
    for (struct json_token *one = json_tape_first(list); one < json_tape_end(list);
         one = json_tape_next(one))
        out->scores[out->count++] = read_score(one, arena);
    return true;
}

const struct score *stored_scores_find(const struct stored_scores *stored, const char *hash)
{
    for (size_t i = 0; i < stored->count; i++)
        if (str_is(stored->scores[i].hash, hash))
            return &stored->scores[i].score;
    return NULL;
}
