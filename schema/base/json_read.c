/* json_read: strict reading of JSON documents by jansson. */
#include "schema/base/json_read.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/memory.h"

const struct json_limits JSON_LIMITS_DOCUMENT = {.bytes = 4u << 20, .tokens = 400000, .depth = 32};
const struct json_limits JSON_LIMITS_REPLY = {.bytes = 256u << 10, .tokens = 20000, .depth = 32};

/* Depth and tokens by brackets and separators outside strings: an upper bound, in one pass. */
static bool within_limits(struct str text, const struct json_limits *limits, struct error *error)
{
    size_t tokens = 0;
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
            continue;
        }
        switch (c) {
        case '"':
            in_string = true;
            tokens++;
            break;
        case '{':
        case '[':
            if (++depth > limits->depth)
                return error_set(error, ERROR_INPUT, "JSON is nested deeper than %u levels",
                                 limits->depth);
            tokens++;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
        case ':':
            tokens++;
            break;
        default:
            break;
        }
        if (tokens > limits->tokens)
            return error_set(error, ERROR_INPUT, "JSON has more than %zu tokens", limits->tokens);
    }
    return true;
}

json_t *json_read(struct str text, const struct json_limits *limits, struct error *error)
{
    if (text.size > limits->bytes) {
        error_set(error, ERROR_INPUT, "JSON is longer than %zu bytes", limits->bytes);
        return NULL;
    }
    if (!within_limits(text, limits, error))
        return NULL;
    json_error_t why;
    json_t *value = json_loadb(text.data ? text.data : "", text.size,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!value) /* jansson's text may quote the input: only the place is told */
        error_set(error, ERROR_INPUT, "not valid JSON at line %d, column %d (%s)", why.line,
                  why.column,
                  json_error_code(&why) == json_error_duplicate_key       ? "duplicate key"
                  : json_error_code(&why) == json_error_premature_end_of_input ? "it ends too early"
                  : json_error_code(&why) == json_error_invalid_utf8      ? "invalid UTF-8"
                                                                          : "syntax");
    return value;
}

bool json_read_bytes(const char *path, size_t bytes_max, char **out_text, size_t *out_size,
                     struct error *error)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return error_set(error, ERROR_INPUT, "%s: cannot open: %s", path, strerror(errno));
    size_t size = 0, room = 1u << 16;
    char *text = memory_resize(NULL, room, 1);
    for (;;) {
        size_t got = fread(text + size, 1, room - size - 1, file);
        size += got;
        if (got == 0 || size > bytes_max)
            break;
        if (size + 1 == room)
            text = memory_resize(text, room *= 2, 1);
    }
    bool failed = ferror(file);
    fclose(file);
    if (failed || size > bytes_max) {
        free(text);
        return failed ? error_set(error, ERROR_INPUT, "%s: cannot read (is it a folder?)", path)
                      : error_set(error, ERROR_INPUT, "%s: longer than %zu bytes", path, bytes_max);
    }
    text[size] = '\0';
    *out_text = text;
    *out_size = size;
    return true;
}

json_t *json_read_file(const char *path, const struct json_limits *limits, struct error *error)
{
    char *text;
    size_t size;
    if (!json_read_bytes(path, limits->bytes, &text, &size, error))
        return NULL;
    json_t *value = NULL;
    if (size == 0)
        error_set(error, ERROR_INPUT, "the file is empty");
    else
        value = json_read((struct str){text, size}, limits, error);
    free(text);
    if (!value)
        error_prefix(error, "%s: ", path);
    return value;
}

char *json_canonical(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY |
                                       JSON_REAL_PRECISION(17));
    if (!text)
        abort();
    return text;
}

static const char *kind_name(enum json_kind kind)
{
    static const char *const names[] = {
        [JSON_KIND_STRING] = "a string", [JSON_KIND_NUMBER] = "a number",
        [JSON_KIND_INT] = "a whole number", [JSON_KIND_BOOL] = "true or false",
        [JSON_KIND_ARRAY] = "a list", [JSON_KIND_OBJECT] = "an object",
        [JSON_KIND_ANY] = "a value"};
    return names[kind];
}

static bool kind_matches(const json_t *value, enum json_kind kind)
{
    switch (kind) {
    case JSON_KIND_STRING:
        return json_is_string(value);
    case JSON_KIND_NUMBER:
        return json_is_number(value);
    case JSON_KIND_INT:
        return json_is_integer(value);
    case JSON_KIND_BOOL:
        return json_is_boolean(value);
    case JSON_KIND_ARRAY:
        return json_is_array(value);
    case JSON_KIND_OBJECT:
        return json_is_object(value);
    case JSON_KIND_ANY:
        return true;
    }
    return false;
}

/* "a, b or c" of a NULL-terminated list. */
static void join_choices(const char *const *choices, char *out, size_t room)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; choices[i] && used < room; i++) {
        const char *separator = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
        int more = snprintf(out + used, room - used, "%s%s", separator, choices[i]);
        used += more > 0 ? (size_t)more : 0;
    }
}

static bool check_string(const json_t *value, const struct json_field *field, const char *path,
                         struct problems *problems)
{
    if (!field->choices)
        return true;
    for (const char *const *choice = field->choices; *choice; choice++)
        if (strcmp(*choice, json_string_value(value)) == 0)
            return true;
    char list[400];
    join_choices(field->choices, list, sizeof list);
    return problems_add(problems, path, "\"%.60s\" is not known here; use %s",
                        json_string_value(value), list);
}

static bool check_number(const json_t *value, const struct json_field *field, const char *path,
                         struct problems *problems)
{
    double number = json_number_value(value);
    if (field->max > field->min && !(number >= field->min && number <= field->max))
        return problems_add(problems, path, "must be between %g and %g", field->min, field->max);
    return true;
}

static bool read_field(const json_t *value, const struct json_field *field, void *out,
                       const char *path, struct problems *problems)
{
    if (!kind_matches(value, field->kind))
        return problems_add(problems, path, "must be %s", kind_name(field->kind));
    void *member = (char *)out + field->offset;
    switch (field->kind) {
    case JSON_KIND_STRING:
        if (!check_string(value, field, path, problems))
            return false;
        *(const char **)member = json_string_value(value);
        return true;
    case JSON_KIND_NUMBER:
        if (!check_number(value, field, path, problems))
            return false;
        *(double *)member = json_number_value(value);
        return true;
    case JSON_KIND_INT:
        if (!check_number(value, field, path, problems))
            return false;
        *(int64_t *)member = json_integer_value(value);
        return true;
    case JSON_KIND_BOOL:
        *(bool *)member = json_is_true(value);
        return true;
    case JSON_KIND_ARRAY:
    case JSON_KIND_OBJECT:
    case JSON_KIND_ANY:
        *(const json_t **)member = value;
        return true;
    }
    return false;
}

static const struct json_field *find_field(const struct json_field *fields, size_t count,
                                           const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

static bool unknown_key(const struct json_field *fields, size_t count, const char *path,
                        struct problems *problems)
{
    char list[400] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof list; i++) {
        int more = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", fields[i].key);
        used += more > 0 ? (size_t)more : 0;
    }
    return problems_add(problems, path, "unknown key; known here: %s", count ? list : "none");
}

bool json_read_fields(const json_t *object, const struct json_field *fields, size_t count,
                      void *out, const char *path, struct problems *problems)
{
    if (!json_is_object(object))
        return problems_add(problems, path, "must be an object");
    size_t before = problems->total;
    const char *key;
    json_t *value;
    char at[256];
    json_object_foreach((json_t *)object, key, value) {
        if (strncmp(key, "//", 2) == 0 || strcmp(key, "$schema") == 0)
            continue;
        snprintf(at, sizeof at, "%s%s%.100s", path, *path ? "." : "", key);
        const struct json_field *field = find_field(fields, count, key);
        if (field)
            read_field(value, field, out, at, problems);
        else
            unknown_key(fields, count, at, problems);
    }
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].required || json_object_get(object, fields[i].key))
            continue;
        snprintf(at, sizeof at, "%s%s%s", path, *path ? "." : "", fields[i].key);
        problems_add(problems, at, "is missing; it must be %s", kind_name(fields[i].kind));
    }
    return problems->total == before;
}
