/* capture_fields: the keys of a flat capture record, and what each must hold. */
#include "schema/capture_fields.h"

#include <stdlib.h>
#include "schema/base/clock.h"

static const int64_t TIME_MS_MIN = 946684800000;  /* 2000-01-01: before, it is seconds or a bug */
static const int64_t TIME_MS_END = 4102444800000; /* 2100-01-01 */
static const double LATENCY_MS_MAX = 1e9;         /* eleven days */

/* Reads `value` into `member` (or the fields it knows itself); NULL or the code of what is wrong.
 */
typedef const char *reader(struct json_token *value, void *member, struct capture_fields *fields,
                           struct arena *arena);

bool capture_read_time(struct json_token *value, struct arena *arena, int64_t *out_ms)
{
    int64_t ms;
    double fraction;
    if (json_tape_is(value, TAPE_STRING)) {
        if (!clock_parse_rfc3339(json_tape_text(value, arena), &ms))
            return false;
    } else if (!json_tape_int(value, &ms)) {
        if (!json_tape_number(value, &fraction) || !(fraction >= 0 && fraction < 1e15))
            return false;
        ms = (int64_t)fraction;
    }
    if (ms < TIME_MS_MIN || ms >= TIME_MS_END)
        return false;
    *out_ms = ms;
    return true;
}

static const char *read_time(struct json_token *value, void *member, struct capture_fields *fields,
                             struct arena *arena)
{
    (void)fields;
    if (value->kind != TAPE_STRING && value->kind != TAPE_NUMBER)
        return "wrong_type";
    return capture_read_time(value, arena, member) ? NULL : "bad_timestamp";
}

static const char *read_text(struct json_token *value, void *member, struct capture_fields *fields,
                             struct arena *arena)
{
    (void)fields;
    if (value->kind != TAPE_STRING)
        return "wrong_type";
    *(struct str *)member = json_tape_text(value, arena);
    return NULL;
}

/* A name of something; an empty one names nothing. */
static const char *read_label(struct json_token *value, void *member, struct capture_fields *fields,
                              struct arena *arena)
{
    struct str text;
    const char *code = read_text(value, &text, fields, arena);
    if (code)
        return code;
    if (text.size > SAMPLE_ID_BYTES_MAX)
        return "too_long";
    if (text.size)
        *(struct str *)member = text;
    return NULL;
}

/* Ids may be numbers: their digits are the id. */
static const char *read_id(struct json_token *value, void *member, struct capture_fields *fields,
                           struct arena *arena)
{
    int64_t whole;
    if (value->kind != TAPE_NUMBER)
        return read_label(value, member, fields, arena);
    if (!json_tape_int(value, &whole))
        return "wrong_type";
    *(struct str *)member = json_tape_text(value, arena);
    return NULL;
}

static const char *read_count(struct json_token *value, void *member, struct capture_fields *fields,
                              struct arena *arena)
{
    (void)fields, (void)arena;
    int64_t whole;
    if (!json_tape_int(value, &whole))
        return value->kind == TAPE_NUMBER ? "out_of_range" : "wrong_type";
    if (whole < 0)
        return "out_of_range";
    *(int64_t *)member = whole;
    return NULL;
}

static const char *read_resample_count(struct json_token *value, void *member,
                                       struct capture_fields *fields, struct arena *arena)
{
    int64_t whole = 0;
    const char *code = read_count(value, &whole, fields, arena);
    if (code)
        return code;
    if (whole < 1)
        return "out_of_range";
    if (whole > SAMPLE_RESAMPLES_MAX)
        return "too_many_resamples";
    *(int64_t *)member = whole;
    return NULL;
}

static const char *read_latency(struct json_token *value, void *member,
                                struct capture_fields *fields, struct arena *arena)
{
    (void)fields, (void)arena;
    double number;
    if (value->kind != TAPE_NUMBER)
        return "wrong_type";
    if (!json_tape_number(value, &number) || !(number >= 0 && number <= LATENCY_MS_MAX))
        return "out_of_range";
    *(double *)member = number;
    return NULL;
}

static const char *read_probability(struct json_token *value, void *member,
                                    struct capture_fields *fields, struct arena *arena)
{
    (void)fields, (void)arena;
    double number;
    if (value->kind != TAPE_NUMBER)
        return "wrong_type";
    if (!json_tape_number(value, &number) || !(number > 0 && number <= 1))
        return "bad_probability";
    *(double *)member = number;
    return NULL;
}

static const char *read_run(struct json_token *value, void *member, struct capture_fields *fields,
                            struct arena *arena)
{
    (void)fields;
    if (value->kind != TAPE_STRING)
        return "wrong_type";
    struct str name = json_tape_text(value, arena);
    for (enum sample_run run = SAMPLE_LIVE; run <= SAMPLE_REFERENCES; run++) {
        if (!str_is(name, sample_run_name(run)))
            continue;
        *(enum sample_run *)member = run;
        return NULL;
    }
    return "unknown_run";
}

/* A list of at most `max` texts. */
static const char *read_list(struct json_token *value, size_t max, const char *too_many,
                             struct arena *arena, const struct str **out, size_t *out_count)
{
    if (value->kind != TAPE_ARRAY)
        return "wrong_type";
    if (value->size > max)
        return too_many;
    struct str *texts = arena_new(arena, value->size ? value->size : 1, sizeof *texts);
    size_t count = 0;
    struct json_token *end = json_tape_end(value);
    for (struct json_token *item = json_tape_first(value); item < end;
         item = json_tape_next(item)) {
        if (item->kind != TAPE_STRING)
            return "wrong_type";
        texts[count++] = json_tape_text(item, arena);
    }
    *out = texts;
    *out_count = count;
    return NULL;
}

static const char *read_reference(struct json_token *value, void *member,
                                  struct capture_fields *fields, struct arena *arena)
{
    (void)member;
    struct sample *sample = &fields->sample;
    if (value->kind != TAPE_STRING)
        return read_list(value, SAMPLE_REFERENCES_MAX, "too_many_references", arena,
                         &sample->references, &sample->reference_count);
    struct str *only = arena_alloc(arena, sizeof *only);
    *only = json_tape_text(value, arena);
    sample->references = only;
    sample->reference_count = 1;
    return NULL;
}

static const char *read_resamples(struct json_token *value, void *member,
                                  struct capture_fields *fields, struct arena *arena)
{
    (void)member;
    return read_list(value, SAMPLE_RESAMPLES_MAX, "too_many_resamples", arena,
                     &fields->sample.resamples, &fields->sample.resample_count);
}

/* Values may be texts, numbers, true or false: kept as spelled; a null is left out. */
static const char *read_tags(struct json_token *value, void *member, struct capture_fields *fields,
                             struct arena *arena)
{
    (void)member;
    if (value->kind != TAPE_OBJECT)
        return "wrong_type";
    if (value->size > SAMPLE_TAGS_MAX)
        return "too_many_tags";
    struct tag *tags = arena_new(arena, SAMPLE_TAGS_MAX, sizeof *tags);
    size_t count = 0;
    struct json_token *end = json_tape_end(value);
    for (struct json_token *key = json_tape_first(value); key < end; key = json_tape_next(key)) {
        struct json_token *held = json_tape_value(key);
        if (held->kind >= TAPE_ARRAY)
            return "wrong_type";
        if (held->kind == TAPE_NULL)
            continue;
        tags[count] = (struct tag){json_tape_text(key, arena), json_tape_text(held, arena)};
        if (tags[count].key.size > SAMPLE_ID_BYTES_MAX ||
            tags[count].value.size > SAMPLE_ID_BYTES_MAX)
            return "too_long";
        count++;
    }
    fields->sample.tags = tags;
    fields->sample.tag_count = count;
    return NULL;
}

/* A body: looked at when the whole record was read. */
static const char *keep(struct json_token *value, void *member, struct capture_fields *fields,
                        struct arena *arena)
{
    (void)fields, (void)arena;
    *(struct json_token **)member = value;
    return NULL;
}

static const char *ignore(struct json_token *value, void *member, struct capture_fields *fields,
                          struct arena *arena)
{
    (void)value, (void)member, (void)fields, (void)arena;
    return NULL;
}

#define OF(member) offsetof(struct capture_fields, member)

/* Sorted by key: found by halving. To add one: sample.h says how. */
static const struct field {
    const char *key;
    reader *read;
    size_t offset;
} FIELDS[] = {
    {"capture", keep, OF(capture)},
    {"captureData", keep, OF(capture_data)},
    {"content_type", read_label, OF(content_type)},
    {"context", read_text, OF(sample.context)},
    {"endpoint", read_label, OF(sample.endpoint)},
    {"eventMetadata", keep, OF(event_metadata)},
    {"eventVersion", ignore, 0},
    {"finish_reason", read_label, OF(sample.finish_reason)},
    {"group", read_id, OF(sample.group)},
    {"id", read_id, OF(sample.id)},
    {"inference_component", read_label, OF(sample.inference_component)},
    {"input_tokens", read_count, OF(sample.input_tokens)},
    {"latency_ms", read_latency, OF(sample.latency_ms)},
    {"messages", keep, OF(messages)},
    {"model", read_label, OF(sample.model)},
    {"model_version", read_id, OF(sample.model_version)},
    {"output_tokens", read_count, OF(sample.output_tokens)},
    {"probability", read_probability, OF(sample.probability)},
    {"prompt", read_text, OF(sample.prompt)},
    {"record", keep, OF(record)},
    {"reference", read_reference, 0},
    {"request", keep, OF(request)},
    {"request_body", keep, OF(request_body)},
    {"request_body_b64", keep, OF(request_body_b64)},
    {"resample_count", read_resample_count, OF(sample.resample_expected)},
    {"resample_index", read_count, OF(sample.resample_index)},
    {"resamples", read_resamples, 0},
    {"response", keep, OF(response)},
    {"response_body", keep, OF(response_body)},
    {"response_body_b64", keep, OF(response_body_b64)},
    {"route", read_label, OF(sample.route)},
    {"run", read_run, OF(sample.run)},
    {"session", read_id, OF(sample.session)},
    {"status", read_count, OF(status)},
    {"stratum", read_label, OF(sample.stratum)},
    {"tags", read_tags, 0},
    {"timestamp", read_time, OF(sample.observed_at_ms)},
    {"variant", read_label, OF(sample.variant)},
};

static int compare_key(const void *wanted, const void *field)
{
    const struct str *key = wanted;
    const char *name = ((const struct field *)field)->key;
    size_t size = strlen(name);
    int order = memcmp(key->data, name, key->size < size ? key->size : size);
    return order ? order : (key->size > size) - (key->size < size);
}

void capture_fields_init(struct capture_fields *fields)
{
    *fields = (struct capture_fields){.status = -1,
                                      .sample = {.observed_at_ms = -1,
                                                 .resample_index = -1,
                                                 .resample_expected = -1,
                                                 .probability = 1,
                                                 .latency_ms = -1,
                                                 .input_tokens = -1,
                                                 .output_tokens = -1}};
}

bool capture_fields_read(struct capture_fields *fields, struct json_token *object,
                         struct arena *arena, struct json_fault *fault,
                         struct json_token **out_culprit)
{
    struct json_token *end = json_tape_end(object);
    for (struct json_token *at = json_tape_first(object); at < end; at = json_tape_next(at)) {
        struct str key = {at->data, at->size};
        struct json_token *value = json_tape_value(at);
        const struct field *field =
            bsearch(&key, FIELDS, sizeof FIELDS / sizeof *FIELDS, sizeof *FIELDS, compare_key);
        if (!field) {
            fields->sample.unknown_keys++;
            continue;
        }
        if (value->kind == TAPE_NULL)
            continue;
        const char *code = field->read(value, (char *)fields + field->offset, fields, arena);
        if (code) {
            *fault = (struct json_fault){.code = code};
            *out_culprit = value;
            return false;
        }
    }
    return true;
}
