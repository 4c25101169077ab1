/* yaml_read: a YAML document as JSON, within the limits of a document. */
#include "rubrics/imports/yaml_read.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "schema/base/json_read.h"

struct reader {
    yaml_parser_t parser;
    size_t nodes;
    struct error *error;
};

static json_t *refuse(struct reader *reader, const yaml_event_t *event, const char *why)
{
    error_set(reader->error, ERROR_INPUT, "not usable YAML at line %zu: %s",
              event->start_mark.line + 1, why);
    return NULL;
}

/* The next event, which the caller deletes. */
static bool next(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    /* libyaml's text names its own states only, none of the input. */
    return error_set(reader->error, ERROR_INPUT, "not valid YAML at line %zu: %s",
                     reader->parser.problem_mark.line + 1,
                     reader->parser.problem ? reader->parser.problem : "syntax");
}

/* ---- scalars ---- */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static json_t *plain(const char *text)
{
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const yes[] = {"true", "True", "TRUE", NULL};
    static const char *const no[] = {"false", "False", "FALSE", NULL};
    if (is_one_of(text, nothing))
        return json_null();
    if (is_one_of(text, yes))
        return json_true();
    if (is_one_of(text, no))
        return json_false();
    if (text[strspn(text, "0123456789+-.eE")] != '\0')
        return json_string(text);
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (*end == '\0' && errno == 0)
        return json_integer(whole);
    double number = strtod(text, &end);
    return *end == '\0' && isfinite(number) ? json_real(number) : json_string(text);
}

static json_t *scalar(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    if (memchr(text, '\0', size))
        return refuse(reader, event, "a NUL in a text");
    if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return plain(text);
    return json_stringn(text, size);
}

/* ---- nodes ---- */

static json_t *node(struct reader *reader, const yaml_event_t *event, unsigned depth);

static json_t *sequence(struct reader *reader, unsigned depth)
{
    json_t *list = json_array();
    for (;;) {
        yaml_event_t event;
        if (!next(reader, &event))
            break;
        bool ends = event.type == YAML_SEQUENCE_END_EVENT;
        json_t *value = ends ? NULL : node(reader, &event, depth);
        yaml_event_delete(&event);
        if (ends)
            return list;
        if (!value || json_array_append_new(list, value) != 0)
            break;
    }
    json_decref(list);
    return NULL;
}

/* One "key: value" of `object`; false at its end or with an error. */
static bool member(struct reader *reader, json_t *object, unsigned depth, bool *out_ended)
{
    yaml_event_t key, value;
    if (!next(reader, &key))
        return false;
    *out_ended = key.type == YAML_MAPPING_END_EVENT;
    bool fine = false;
    const char *name = key.type == YAML_SCALAR_EVENT ? (const char *)key.data.scalar.value : NULL;
    if (*out_ended)
        fine = false;
    else if (!name || memchr(name, '\0', key.data.scalar.length))
        refuse(reader, &key, "a key that is no text");
    else if (json_object_get(object, name))
        refuse(reader, &key, "a key that is there already");
    else if (next(reader, &value)) {
        json_t *read = node(reader, &value, depth);
        yaml_event_delete(&value);
        fine = read && json_object_set_new(object, name, read) == 0;
    }
    yaml_event_delete(&key);
    return fine;
}

static json_t *mapping(struct reader *reader, unsigned depth)
{
    json_t *object = json_object();
    bool ended = false;
    while (member(reader, object, depth, &ended))
        ;
    if (ended)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *node(struct reader *reader, const yaml_event_t *event, unsigned depth)
{
    if (depth == YAML_DEPTH_MAX)
        return refuse(reader, event, "nested too deep");
    if (++reader->nodes > YAML_NODES_MAX)
        return refuse(reader, event, "too many values");
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return sequence(reader, depth + 1);
    case YAML_MAPPING_START_EVENT:
        return mapping(reader, depth + 1);
    case YAML_ALIAS_EVENT:
        return refuse(reader, event, "an alias (*name); write out what it stands for");
    default:
        return refuse(reader, event, "nothing is there");
    }
}

static json_t *document(struct reader *reader)
{
    for (;;) {
        yaml_event_t event;
        if (!next(reader, &event))
            return NULL;
        bool is_frame =
            event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT;
        json_t *value = is_frame ? NULL : node(reader, &event, 0);
        yaml_event_delete(&event);
        if (!is_frame)
            return value;
    }
}

json_t *yaml_read(struct str text, struct error *error)
{
    struct error no_json = {0};
    json_t *value = json_read(text, &JSON_LIMITS_DOCUMENT, &no_json);
    if (value)
        return value;
    size_t blank = strspn(text.data, " \t\r\n");
    if (blank < text.size && (text.data[blank] == '{' || text.data[blank] == '[')) {
        *error = no_json; /* it means to be JSON */
        return NULL;
    }
    struct reader reader = {.error = error};
    if (!yaml_parser_initialize(&reader.parser))
        abort();
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text.data, text.size);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    value = document(&reader);
    if (!value && !error->kind)
        error_set(error, ERROR_INPUT, "the text of a value is not valid UTF-8");
    yaml_parser_delete(&reader.parser);
    return value;
}
