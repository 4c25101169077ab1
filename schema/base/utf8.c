/* utf8: validity, code points, offsets. */
#include "schema/base/utf8.h"

/* Length of the well-formed sequence at p, 0 when there is none (Unicode 15, table 3-7). */
static size_t sequence_size(const uint8_t *p, size_t room)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    size_t size = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (room < size)
        return 0;
    uint8_t low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return size;
}

/* Bytes of the ASCII run that starts at p, eight at a time. */
static size_t ascii_run(const uint8_t *p, size_t size)
{
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, sizeof word);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < size && p[i] < 0x80)
        i++;
    return i;
}

bool utf8_valid(struct str text)
{
    const uint8_t *p = (const uint8_t *)text.data;
    for (size_t i = 0; i < text.size;) {
        i += ascii_run(p + i, text.size - i);
        if (i == text.size)
            break;
        size_t size = sequence_size(p + i, text.size - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

uint32_t utf8_next(struct str text, size_t *at)
{
    const uint8_t *p = (const uint8_t *)text.data + *at;
    if (p[0] < 0x80) {
        *at += 1;
        return p[0];
    }
    int more = p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t code_point = p[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++)
        code_point = code_point << 6 | (p[i] & 0x3fu);
    *at += (size_t)more + 1;
    return code_point;
}

size_t utf8_count(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((uint8_t)text.data[i] & 0xc0) != 0x80;
    return count;
}

size_t utf8_put(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[more] | c >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3f));
    return more + 1;
}
