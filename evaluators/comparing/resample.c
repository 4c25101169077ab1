/* resample: asks the endpoint that a sample came from for further responses to its request. */
#include "evaluators/comparing/resample.h"

#include <math.h>
#include <string.h>
#include "schema/base/json_tape.h"
#include "schema/base/utf8.h"

static const char PURPOSE[] = "resample";

/* They would stream the answer, give several of them, or the same one again. */
static const char *const DROPPED[] = {
    "stream", "stream_options", "n", "best_of", "num_return_sequences", "seed", "random_seed",
    NULL};

/* How containers spell the most tokens that an answer may have. */
static const char *const TOKEN_KEYS[] = {"max_tokens",        "max_completion_tokens",
                                         "max_output_tokens", "max_new_tokens",
                                         "max_gen_len",       NULL};

static bool is_one_of(struct str key, const char *const *words)
{
    while (*words && !str_is(key, *words))
        words++;
    return *words != NULL;
}

/* The greatest that the object says; 0 when it says none. */
static int64_t tokens_of(struct json_token *object)
{
    int64_t most = 0;
    for (const char *const *key = TOKEN_KEYS; *key; key++) {
        int64_t value;
        if (json_tape_int(json_tape_get(object, *key), &value) && value > most)
            most = value;
    }
    return most;
}

/* ---- writing ---- */

struct writer {
    const struct resampling *how;
    struct arena *arena;
    struct buffer out;
    int64_t max_tokens;
};

static void write_key(struct writer *writer, struct str key)
{
    bool first = writer->out.data[writer->out.size - 1] == '{';
    buffer_append_str(&writer->out, first ? STR("") : STR(","));
    buffer_append_json(&writer->out, key);
    buffer_append_str(&writer->out, STR(":"));
}

static bool is_kept(const struct writer *writer, struct str key, struct json_token *value)
{
    int64_t tokens;
    if (is_one_of(key, DROPPED) || (str_is(key, "temperature") && !isnan(writer->how->temperature)))
        return false;
    return !is_one_of(key, TOKEN_KEYS) || (json_tape_int(value, &tokens) && tokens > 0);
}

static void write_members(struct writer *writer, struct json_token *object, const char *but)
{
    struct json_token *end = json_tape_end(object);
    for (struct json_token *key = json_tape_first(object); key < end; key = json_tape_next(key)) {
        struct str name = json_tape_text(key, writer->arena);
        struct json_token *value = json_tape_value(key);
        if ((but && str_is(name, but)) || !is_kept(writer, name, value))
            continue;
        write_key(writer, name);
        json_tape_write(value, writer->arena, &writer->out);
    }
}

static void write_settings(struct writer *writer, const char *token_key)
{
    if (!isnan(writer->how->temperature)) {
        write_key(writer, STR("temperature"));
        buffer_append_number(&writer->out, writer->how->temperature);
    }
    if (writer->max_tokens > 0)
        return;
    writer->max_tokens = writer->how->max_tokens;
    write_key(writer, str_of(token_key));
    buffer_printf(&writer->out, "%lld", (long long)writer->max_tokens);
}

/* {"inputs":…,"parameters":{…}} (TGI, LMI) keeps its settings apart, all others beside the rest. */
static void write_request(struct writer *writer, struct json_token *request)
{
    struct json_token *parameters = json_tape_get(request, "parameters");
    bool apart = json_tape_is(parameters, TAPE_OBJECT) || json_tape_get(request, "inputs");
    bool of_responses = json_tape_get(request, "input") && !json_tape_get(request, "messages");
    int64_t within = tokens_of(parameters);
    writer->max_tokens = tokens_of(request);
    writer->max_tokens = within > writer->max_tokens ? within : writer->max_tokens;
    buffer_append_str(&writer->out, STR("{"));
    write_members(writer, request, apart ? "parameters" : NULL);
    if (apart) {
        write_key(writer, STR("parameters"));
        buffer_append_str(&writer->out, STR("{"));
        if (json_tape_is(parameters, TAPE_OBJECT))
            write_members(writer, parameters, NULL);
        write_settings(writer, "max_new_tokens");
        buffer_append_str(&writer->out, STR("}"));
    } else {
        write_settings(writer, of_responses ? "max_output_tokens" : "max_tokens");
    }
    buffer_append_str(&writer->out, STR("}"));
}

static void write_chat(struct writer *writer, struct json_token *messages, struct str prompt)
{
    writer->max_tokens = 0;
    buffer_append_str(&writer->out, STR("{\"messages\":"));
    if (messages) {
        json_tape_write(messages, writer->arena, &writer->out);
    } else {
        buffer_append_str(&writer->out, STR("[{\"role\":\"user\",\"content\":"));
        buffer_append_json(&writer->out, prompt);
        buffer_append_str(&writer->out, STR("}]"));
    }
    write_settings(writer, "max_tokens");
    buffer_append_str(&writer->out, STR("}"));
}

/* ---- the request ---- */

/* The body that was captured, as an object; NULL and *out_request NULL when none was. */
static const char *read_body(const struct sample_request *captured, struct arena *arena,
                             struct json_token **out_request)
{
    struct json_tape tape = {0};
    struct json_fault fault;
    *out_request = captured->json;
    if (!captured->json && captured->body.size) {
        if (!utf8_valid(captured->body) ||
            !json_tape_read(&tape, captured->body, arena, &fault))
            return "request_not_json";
        *out_request = tape.tokens;
    }
    return !*out_request || json_tape_is(*out_request, TAPE_OBJECT) ? NULL : "request_not_json";
}

const char *resample_body(const struct resampling *resampling, const struct sample *sample,
                          struct arena *arena, struct str *out_body, int64_t *out_max_tokens)
{
    struct json_token *request;
    if (sample->request.batch)
        return "request_batch";
    const char *why_not = read_body(&sample->request, arena, &request);
    if (why_not)
        return why_not;
    if (!request && !sample->request.messages && !sample->prompt.size)
        return "no_request";
    struct writer writer = {.how = resampling, .arena = arena};
    if (request)
        write_request(&writer, request);
    else
        write_chat(&writer, sample->request.messages, sample->prompt);
    *out_body = (struct str){arena_copy(arena, buffer_str(&writer.out)), writer.out.size};
    *out_max_tokens = writer.max_tokens;
    buffer_clear(&writer.out);
    return NULL;
}

/* ---- questions ---- */

static struct question *question_of(const struct sample *sample, struct str body,
                                    int64_t max_tokens, unsigned draw, struct arena *arena)
{
    struct question *question = arena_new(arena, 1, sizeof *question);
    bool component = sample->inference_component.size > 0; /* it says which model; both may not */
    question->target = ASK_ENDPOINT;
    question->purpose = PURPOSE;
    question->place = (struct question_place){
        .endpoint = sample->endpoint,
        .component = sample->inference_component,
        .variant = component ? (struct str){0} : sample->variant,
    };
    question->body = body;
    question->max_tokens = max_tokens;
    question->draw = question->about = draw;
    question_seal(question);
    return question;
}

struct question *resample_questions(const struct resampling *resampling,
                                    const struct sample *sample, struct arena *arena)
{
    struct question *list = NULL;
    struct str body;
    int64_t max_tokens;
    if ((size_t)resampling->draws <= sample->resample_count ||
        resample_body(resampling, sample, arena, &body, &max_tokens) != NULL)
        return NULL;
    size_t lacking = (size_t)resampling->draws - sample->resample_count;
    for (unsigned draw = 0; draw < lacking; draw++) {
        struct question *question = question_of(sample, body, max_tokens, draw, arena);
        question->next = list;
        list = question;
    }
    return list;
}

void resample_determine(const struct resampling *resampling, struct buffer *into)
{
    static const char specimen[] = "{\"inputs\":\"a\",\"seed\":1,\"parameters\":{\"n\":2}}";
    struct arena arena = {0};
    struct str body;
    int64_t max_tokens;
    const struct sample sample = {.request.body = str_of(specimen)};
    if (resampling->draws && !resample_body(resampling, &sample, &arena, &body, &max_tokens))
        buffer_printf(into, "sends %.*s\n", STR_ARGS(body));
    arena_clear(&arena);
}
