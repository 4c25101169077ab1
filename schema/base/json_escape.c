/* json_escape: what the escapes of JSON strings stand for. */
#include "schema/base/json_escape.h"

#include "schema/base/utf8.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at `at`, or -1. */
static int32_t hex4(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

int32_t json_escape_unicode(const char **at, const char *end)
{
    int32_t unit = hex4(*at + 2, end);
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff))
        return -1;
    *at += 6;
    if (unit < 0xd800 || unit > 0xdbff)
        return unit;
    if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return -1;
    int32_t second = hex4(*at + 2, end);
    if (second < 0xdc00 || second > 0xdfff)
        return -1;
    *at += 6;
    return 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
}

char json_escape_short(char c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found = c ? strchr(from, c) : NULL;
    return found ? to[found - from] : '\0';
}

size_t json_unescape(struct str text, char *to)
{
    const char *at = text.data, *end = text.data + text.size;
    char *out = to;
    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((slash ? slash : end) - at);
        memcpy(out, at, plain);
        out += plain;
        at += plain;
        if (!slash)
            break;
        if (at[1] == 'u') {
            out += utf8_put((uint32_t)json_escape_unicode(&at, end), out);
        } else {
            *out++ = json_escape_short(at[1]);
            at += 2;
        }
    }
    return (size_t)(out - to);
}
