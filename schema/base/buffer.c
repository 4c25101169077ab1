/* buffer: bytes that grow at the end. */
#include "schema/base/buffer.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/memory.h"

enum { FIRST_ROOM = 256, NUMBER_BYTES = 64, DIGITS_MAX = 17 };

static void reserve(struct buffer *buffer, size_t more)
{
    size_t need;
    if (__builtin_add_overflow(buffer->size, more, &need) || need > SIZE_MAX / 2)
        abort();
    if (need < buffer->room)
        return;
    size_t room = buffer->room ? buffer->room : FIRST_ROOM;
    while (room <= need)
        room *= 2;
    buffer->data = memory_resize(buffer->data, room, 1);
    buffer->room = room;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    reserve(buffer, size);
    if (size)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_append_str(struct buffer *buffer, struct str text)
{
    buffer_append(buffer, text.data, text.size);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size > 0) {
        reserve(buffer, (size_t)size);
        vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, again);
        buffer->size += (size_t)size;
    }
    va_end(again);
}

void buffer_append_json(struct buffer *buffer, struct str text)
{
    static const char short_escape[256] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                           ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
    buffer_append(buffer, "\"", 1);
    size_t plain = 0; /* start of the run not yet copied */
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buffer_append(buffer, text.data + plain, i - plain);
        if (short_escape[c])
            buffer_printf(buffer, "\\%c", short_escape[c]);
        else
            buffer_printf(buffer, "\\u%04x", c);
        plain = i + 1;
    }
    buffer_append(buffer, text.data + plain, text.size - plain);
    buffer_append(buffer, "\"", 1);
}

/* The fewest digits that, correctly rounded, read back as the value: "-d.ddde-dd". */
static void shortest(double value, char text[NUMBER_BYTES])
{
    for (int digits = 0; digits < DIGITS_MAX; digits++) {
        snprintf(text, NUMBER_BYTES, "%.*e", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

/* The same digits without an exponent, when that is no longer. */
static bool plain(const char *scientific, char text[NUMBER_BYTES])
{
    static const char zeros[] = "000000000000000000000000000000";
    bool negative = scientific[0] == '-';
    const char *mark = strchr(scientific, 'e');
    int exponent = (int)strtol(mark + 1, NULL, 10);
    char digits[NUMBER_BYTES];
    int count = 0;
    for (const char *at = scientific + negative; at < mark; at++)
        if (*at != '.')
            digits[count++] = *at;
    int whole = exponent + 1; /* digits before the point */
    int size = negative + (whole <= 0 ? 2 - whole + count : whole < count ? count + 1 : whole);
    if (size > (int)strlen(scientific))
        return false;
    const char *sign = negative ? "-" : "";
    if (whole <= 0)
        snprintf(text, NUMBER_BYTES, "%s0.%.*s%.*s", sign, -whole, zeros, count, digits);
    else if (whole < count)
        snprintf(text, NUMBER_BYTES, "%s%.*s.%.*s", sign, whole, digits, count - whole,
                 digits + whole);
    else
        snprintf(text, NUMBER_BYTES, "%s%.*s%.*s", sign, count, digits, whole - count, zeros);
    return true;
}

void buffer_append_number(struct buffer *buffer, double value)
{
    char scientific[NUMBER_BYTES], text[NUMBER_BYTES];
    if (!isfinite(value)) {
        buffer_append_str(buffer, STR("null"));
        return;
    }
    shortest(value, scientific);
    buffer_append_str(buffer, str_of(plain(scientific, text) ? text : scientific));
}

void buffer_reset(struct buffer *buffer)
{
    buffer->size = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void buffer_clear(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
