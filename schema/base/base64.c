/* base64: bytes out of base64 text, and the other way. */
#include "schema/base/base64.h"

#include <stdint.h>

/* Six bits of a letter, or -1. */
static int letter_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Behind the padding there is nothing, and it fills the last group of four. */
static bool padding_ends(struct str text, size_t at, size_t letters)
{
    size_t pads = 0;
    for (; at < text.size; at++) {
        if (text.data[at] == '=')
            pads++;
        else if (text.data[at] != '\n' && text.data[at] != '\r')
            return false;
    }
    return pads <= 2 && (letters + pads) % 4 == 0;
}

bool base64_decode(struct str text, struct arena *arena, struct str *out)
{
    char *bytes = arena_alloc(arena, text.size / 4 * 3 + 4);
    size_t size = 0, letters = 0, i = 0;
    uint32_t bits = 0;
    for (; i < text.size && text.data[i] != '='; i++) {
        if (text.data[i] == '\n' || text.data[i] == '\r')
            continue;
        int value = letter_value(text.data[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        letters++;
        if (letters % 4 == 0) {
            bytes[size++] = (char)(bits >> 16);
            bytes[size++] = (char)(bits >> 8);
            bytes[size++] = (char)bits;
            bits = 0;
        }
    }
    if (i < text.size && !padding_ends(text, i, letters))
        return false;
    size_t rest = letters % 4;
    if (rest == 1 || (rest == 2 && bits & 0xf) || (rest == 3 && bits & 0x3))
        return false;
    if (rest >= 2)
        bytes[size++] = (char)(bits >> (rest == 2 ? 4 : 10));
    if (rest == 3)
        bytes[size++] = (char)(bits >> 2);
    *out = (struct str){bytes, size};
    return true;
}

void base64_encode(struct str bytes, struct buffer *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t bits = (uint32_t)(uint8_t)bytes.data[i] << 16;
        bits |= left > 1 ? (uint32_t)(uint8_t)bytes.data[i + 1] << 8 : 0;
        bits |= left > 2 ? (uint32_t)(uint8_t)bytes.data[i + 2] : 0;
        const char four[] = {letters[bits >> 18], letters[bits >> 12 & 63],
                             left > 1 ? letters[bits >> 6 & 63] : '=',
                             left > 2 ? letters[bits & 63] : '='};
        buffer_append(out, four, sizeof four);
    }
}
