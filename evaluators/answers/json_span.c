/* json_span: where a JSON object or list stands in a text. */
#include "evaluators/answers/json_span.h"

#include <stddef.h>
#include "schema/base/json_read.h"

/* Bytes up to the bracket that closes the first; 0 when none does. Brackets in strings are text. */
static size_t span_size(struct str text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (in_string && c == '\\') {
            i++;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (in_string) {
            continue;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (--depth == 0)
                return i + 1;
        }
    }
    return 0;
}

static bool is_sound(struct str span)
{
    static const struct json_limits LIMITS = {.bytes = 1 << 20, .tokens = 1 << 20, .depth = 64};
    struct error error = {0};
    json_t *value = json_read(span, &LIMITS, &error);
    json_decref(value);
    return value != NULL;
}

bool json_span_find(struct str text, struct str *out)
{
    int tries = 0;
    for (size_t at = 0; at < text.size && tries < JSON_SPAN_TRIES; at++) {
        if (text.data[at] != '{' && text.data[at] != '[')
            continue;
        tries++;
        struct str rest = {text.data + at, text.size - at};
        struct str span = {rest.data, span_size(rest)};
        if (span.size > 0 && is_sound(span)) {
            *out = span;
            return true;
        }
    }
    return false;
}
