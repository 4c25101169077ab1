/* envelope: a line of a capture object becomes the record that the worker reads. */
#include "worker/intake/envelope.h"

#include "schema/base/utf8.h"
#include "worker/intake/sampler.h"

static bool says_nothing(const struct json_token *value)
{
    return !value || value->kind == TAPE_NULL || (value->kind == TAPE_STRING && value->size == 0);
}

/* A key of the record: the envelope's word wins, as for the worker. */
static struct json_token *find(const struct envelope *envelope, const char *key)
{
    struct json_token *value = json_tape_get(envelope->object, key);
    if (says_nothing(value))
        value = json_tape_get(envelope->inner, key);
    return says_nothing(value) ? NULL : value;
}

static struct str text_of(const struct envelope *envelope, const char *key, struct arena *arena)
{
    return json_tape_text(find(envelope, key), arena);
}

static struct str first(struct str a, struct str b)
{
    return a.data ? a : b;
}

static void read_key(struct envelope *envelope, struct arena *arena)
{
    struct str group = text_of(envelope, "group", arena);
    struct str key = first(group, text_of(envelope, "session", arena));
    envelope->grouped = group.size > 0;
    envelope->shared = key.size > 0;
    for (size_t i = 0; i < ENVELOPE_IDS && !key.size; i++)
        key = envelope->ids[i];
    envelope->key = key;
}

static void read_ids(struct envelope *envelope, struct arena *arena)
{
    struct json_token *metadata = find(envelope, "eventMetadata");
    static const char *const IDS[] = {"inferenceId", "eventId"};
    for (size_t i = 0; i < 2; i++) {
        struct json_token *id = json_tape_get(metadata, IDS[i]);
        envelope->ids[i] = says_nothing(id) ? (struct str){0} : json_tape_text(id, arena);
    }
    envelope->ids[2] = text_of(envelope, "id", arena);
}

/* In an envelope the key stands only once, whatever it holds. */
static bool is_referenced(const struct envelope *envelope)
{
    return find(envelope, "reference") ||
           (envelope->inner && json_tape_get(envelope->object, "reference"));
}

/* The record inside of an envelope that holds it as an object, or as text. */
static const char *open_inner(struct envelope *envelope, struct arena *arena)
{
    struct json_tape tape = {0};
    struct json_fault fault;
    struct json_token *inner = json_tape_get(envelope->object, "record");
    envelope->inner = NULL;
    if (!inner)
        inner = json_tape_get(envelope->object, "capture");
    if (json_tape_is(inner, TAPE_STRING)) {
        if (!json_tape_read(&tape, json_tape_text(inner, arena), arena, &fault))
            return fault.code;
        inner = tape.tokens;
    }
    if (!inner || inner->kind == TAPE_NULL)
        return NULL;
    envelope->inner = inner;
    return inner->kind == TAPE_OBJECT ? NULL : "wrong_type";
}

const char *envelope_read(struct envelope *envelope, struct str line, const struct object_key *name,
                          struct arena *arena)
{
    struct json_tape tape = {0};
    struct json_fault fault;
    if (!utf8_valid(line))
        return "invalid_utf8";
    if (!json_tape_read(&tape, line, arena, &fault))
        return fault.code;
    *envelope = (struct envelope){.line = line, .object = tape.tokens, .probability = 1};
    if (tape.tokens->kind != TAPE_OBJECT)
        return "wrong_type";
    if (json_tape_get(tape.tokens, "groundTruthData"))
        return "ground_truth";
    const char *code = open_inner(envelope, arena);
    if (code)
        return code;
    read_ids(envelope, arena);
    read_key(envelope, arena);
    envelope->referenced = is_referenced(envelope);
    envelope->endpoint = first(text_of(envelope, "endpoint", arena), name->endpoint);
    envelope->variant = first(text_of(envelope, "variant", arena), name->variant);
    envelope->stratum = first(text_of(envelope, "stratum", arena), envelope->endpoint);
    struct json_token *said = find(envelope, "probability");
    if (said && (!json_tape_number(said, &envelope->probability) ||
                 !(envelope->probability > 0 && envelope->probability <= 1)))
        return "bad_probability";
    return NULL;
}

static void member(struct buffer *into, const char *key)
{
    buffer_printf(into, "%s\"%s\":", into->data[into->size - 1] == '{' ? "" : ",", key);
}

/* A key with a text, unless the record has it, in whatever form. */
static void add_text(const struct envelope *envelope, struct buffer *into, const char *key,
                     struct str value)
{
    bool taken = envelope->inner && json_tape_get(envelope->object, key);
    if (value.size == 0 || taken || find(envelope, key))
        return;
    member(into, key);
    buffer_append_json(into, value);
}

/* What follows the brace of a line that is an envelope, its own probability replaced. */
static void append_rest(const struct envelope *envelope, bool sampled, double probability,
                        struct buffer *into)
{
    const char *at = memchr(envelope->line.data, '{', envelope->line.size);
    const char *end = envelope->line.data + envelope->line.size;
    const struct json_token *said = json_tape_get(envelope->object, "probability");
    if (sampled && said) {
        buffer_append(into, at + 1, (size_t)(said->data - at - 1));
        buffer_append_number(into, probability);
        at = said->data + said->size - 1;
    }
    buffer_append(into, at + 1, (size_t)(end - at - 1));
}

void envelope_write(const struct envelope *envelope, const struct envelope_options *options,
                    double probability, struct buffer *into)
{
    struct str endpoint = envelope->endpoint, variant = envelope->variant;
    bool whole = envelope->inner != NULL;
    double product = sampler_product(envelope->probability, probability);
    buffer_append_str(into, STR("{"));
    add_text(envelope, into, "endpoint", endpoint);
    add_text(envelope, into, "variant", variant);
    add_text(envelope, into, "model", named_of_endpoint(&options->models, endpoint, variant));
    add_text(envelope, into, "inference_component",
             named_of_endpoint(&options->components, endpoint, variant));
    if (envelope->run != SAMPLE_LIVE)
        add_text(envelope, into, "run", str_of(sample_run_name(envelope->run)));
    if (envelope->reference.data && !envelope->referenced) {
        member(into, "reference");
        buffer_append_str(into, envelope->reference);
    }
    if (options->sampled) {
        add_text(envelope, into, "stratum", envelope->stratum);
        if (!whole || !json_tape_get(envelope->object, "probability")) {
            member(into, "probability");
            buffer_append_number(into, product);
        }
    }
    if (!whole) {
        member(into, "record");
        buffer_append_str(into, envelope->line);
        buffer_append_str(into, STR("}"));
        return;
    }
    if (into->data[into->size - 1] != '{')
        buffer_append_str(into, STR(","));
    append_rest(envelope, options->sampled, product, into);
}
