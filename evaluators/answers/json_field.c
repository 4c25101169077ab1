/* json_field: one field of a JSON object as models write them, however broken. */
#include "evaluators/answers/json_field.h"

#include <stdlib.h>
#include "schema/base/json_read.h"
#include "schema/base/utf8.h"
#include "evaluators/answers/text.h"

enum { REPLACEMENT = 0xFFFD };

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_spaces(struct str text, size_t at)
{
    while (at < text.size && is_space(text.data[at]))
        at++;
    return at;
}

/* Where the value of "name": begins, at or behind `from`; text.size + 1 when there is none. */
static size_t find_value(struct str text, struct str name, size_t from)
{
    for (size_t at = from; at < text.size; at++) {
        at += text_find((struct str){text.data + at, text.size - at}, name);
        size_t end = at + name.size;
        if (end >= text.size)
            break;
        bool quoted = at > 0 && text.data[at - 1] == '"' && text.data[end] == '"' &&
                      !(at > 1 && text.data[at - 2] == '\\');
        size_t colon = quoted ? skip_spaces(text, end + 1) : text.size;
        if (colon < text.size && text.data[colon] == ':')
            return skip_spaces(text, colon + 1);
    }
    return text.size + 1;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four hex digits of \uXXXX; -1 when they are none. */
static int32_t read_hex4(struct str text, size_t at)
{
    if (at + 4 > text.size)
        return -1;
    int32_t value = 0;
    for (size_t i = at; i < at + 4; i++) {
        int digit = hex_value(text.data[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Reads \uXXXX, or a pair of them, at `at`; returns what is behind it, or `at` when it is broken.
 */
static size_t read_unicode(struct str text, size_t at, uint32_t *out)
{
    int32_t high = read_hex4(text, at + 2);
    if (high < 0)
        return at;
    *out = (uint32_t)high;
    at += 6;
    bool is_high = high >= 0xD800 && high < 0xDC00;
    bool pair = is_high && at + 1 < text.size && text.data[at] == '\\' && text.data[at + 1] == 'u';
    int32_t low = pair ? read_hex4(text, at + 2) : -1;
    if (low >= 0xDC00 && low < 0xE000) {
        *out = 0x10000 + (((uint32_t)high - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
        return at + 6;
    }
    if ((high >= 0xD800 && high < 0xE000) || high == 0)
        *out = REPLACEMENT;
    return at;
}

/* What an escape stands for; 0: no escape of JSON, or one that models write only by mistake (\b and
 * \f are LaTeX's \boxed and \frac), kept as it is. */
static char escaped(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* From behind the opening quote to the closing one, or the end of what was cut off. */
static struct str read_string(struct str text, size_t at, struct arena *arena)
{
    char *out = arena_alloc(arena, text.size - at + 1); /* no escape is longer than it was */
    size_t size = 0;
    while (at < text.size && text.data[at] != '"') {
        if (text.data[at] != '\\' || at + 1 == text.size) {
            out[size++] = text.data[at++];
            continue;
        }
        char c = escaped(text.data[at + 1]);
        uint32_t code_point;
        size_t behind = text.data[at + 1] == 'u' ? read_unicode(text, at, &code_point) : at;
        if (behind > at) {
            size += utf8_put(code_point, out + size);
            at = behind;
        } else if (c) {
            out[size++] = c;
            at += 2;
        } else {
            out[size++] = text.data[at++];
        }
    }
    return (struct str){out, size};
}

/* A number, word or what else stands unquoted: to the end of the line, a bracket, or a comma that
 * is not between two digits. */
static struct str read_bare(struct str text, size_t start)
{
    size_t at = start;
    for (; at < text.size; at++) {
        char c = text.data[at];
        if (c == '\n' || c == '}' || c == ']')
            break;
        bool in_number = at > start && at + 1 < text.size && is_digit(text.data[at - 1]) &&
                         is_digit(text.data[at + 1]);
        if (c == ',' && !in_number)
            break;
    }
    return (struct str){text.data + start, at - start};
}

static struct str read_value(struct str text, size_t at, struct arena *arena)
{
    if (at < text.size && text.data[at] == '"')
        return read_string(text, at + 1, arena);
    return read_bare(text, at);
}

/* The field of the outermost object, when that is sound JSON and the field a string or a number. */
static bool find_in_sound(struct str text, const char *name, struct arena *arena, struct str *out)
{
    const char *open = memchr(text.data, '{', text.size);
    const char *close = open ? memrchr(open, '}', text.size - (size_t)(open - text.data)) : NULL;
    if (!close)
        return false;
    struct str body = {open, (size_t)(close - open) + 1};
    json_t *object = json_read(body, &JSON_LIMITS_REPLY, NULL);
    const json_t *value = json_object_get(object, name);
    bool found = true;
    if (json_is_string(value)) {
        size_t size = json_string_length(value);
        *out = (struct str){arena_copy(arena, (struct str){json_string_value(value), size}), size};
    } else if (json_is_number(value)) {
        char *dump = json_dumps(value, JSON_ENCODE_ANY);
        *out = str_of(arena_copy(arena, str_of(dump)));
        free(dump);
    } else {
        found = false;
    }
    json_decref(object);
    return found;
}

bool json_field_find(struct str text, const char *name, struct arena *arena, struct str *out)
{
    size_t last = find_value(text, str_of(name), 0);
    if (last > text.size)
        return false;
    unsigned seen = 1;
    for (size_t next; (next = find_value(text, str_of(name), last)) <= text.size; last = next)
        seen++;
    if (seen > 1 && find_in_sound(text, name, arena, out))
        return true;
    *out = read_value(text, last, arena);
    return true;
}

bool json_field_expected(struct str text)
{
    text = text_trim(text);
    size_t at = 0;
    if (text.size > 3 && memcmp(text.data, "```", 3) == 0)
        while (at < text.size && text.data[at] != '\n' && text.data[at] != '{')
            at++;
    at = skip_spaces(text, at);
    if (at >= text.size || text.data[at] != '{')
        return false;
    at = skip_spaces(text, at + 1);
    return at >= text.size || text.data[at] == '"' || text.data[at] == '}';
}
