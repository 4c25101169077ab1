/* alarm_pack: numbers as bytes and back, by one walk over what holds them. */
#include "worker/alarm/alarm_pack.h"

#include <math.h>
#include <string.h>

#include "schema/base/memory.h"

/* Below it every whole number is a double. */
static const double WHOLE_MAX = 9007199254740992.0; /* 2^53 */
enum { VARINT_BITS = 64, REAL_RAW = 1 };

static void write_varint(struct buffer *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buffer_append(out, &(char){(char)(value | 0x80)}, 1);
    buffer_append(out, &(char){(char)value}, 1);
}

static uint8_t read_byte(struct pack *pack)
{
    if (pack->in.size == 0) {
        pack->bad = true;
        return 0;
    }
    uint8_t byte = (uint8_t)*pack->in.data;
    pack->in = (struct str){pack->in.data + 1, pack->in.size - 1};
    return byte;
}

static uint64_t read_varint(struct pack *pack)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < VARINT_BITS; shift += 7) {
        uint8_t byte = read_byte(pack);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return pack->bad ? 0 : value;
    }
    pack->bad = true;
    return 0;
}

void pack_uint(struct pack *pack, uint64_t *value)
{
    if (pack->out)
        write_varint(pack->out, *value);
    else
        *value = read_varint(pack);
}

/* Zigzag: small ones of either sign are short. */
void pack_int(struct pack *pack, int64_t *value)
{
    uint64_t zigzag = ((uint64_t)*value << 1) ^ (*value < 0 ? UINT64_MAX : 0);
    pack_uint(pack, &zigzag);
    if (!pack->out)
        *value = (int64_t)((zigzag >> 1) ^ (zigzag & 1 ? UINT64_MAX : 0));
}

static void write_real(struct buffer *out, double value)
{
    uint64_t bits;
    bool whole = value >= 0 && value < WHOLE_MAX && !signbit(value) && trunc(value) == value;
    if (whole) {
        write_varint(out, (uint64_t)value << 1);
        return;
    }
    memcpy(&bits, &value, sizeof bits);
    write_varint(out, REAL_RAW);
    for (unsigned shift = 0; shift < 64; shift += 8)
        buffer_append(out, &(char){(char)(bits >> shift)}, 1);
}

static double read_real(struct pack *pack)
{
    uint64_t head = read_varint(pack), bits = 0;
    double value;
    if (!(head & REAL_RAW))
        return (double)(head >> 1);
    for (unsigned shift = 0; shift < 64; shift += 8)
        bits |= (uint64_t)read_byte(pack) << shift;
    memcpy(&value, &bits, sizeof value);
    return pack->bad ? 0 : value;
}

void pack_real(struct pack *pack, double *value)
{
    if (pack->out)
        write_real(pack->out, *value);
    else
        *value = read_real(pack);
}

void pack_bool(struct pack *pack, bool *value)
{
    uint64_t number = *value;
    pack_uint(pack, &number);
    *value = number != 0;
}

void pack_count(struct pack *pack, size_t *count, size_t max)
{
    uint64_t number = *count;
    pack_uint(pack, &number);
    if (number > max) {
        pack->bad = true;
        number = 0;
    }
    *count = (size_t)number;
}

void pack_text(struct pack *pack, char **text)
{
    size_t size = pack->out ? strlen(*text) : 0;
    pack_count(pack, &size, pack->out ? SIZE_MAX : pack->in.size);
    if (pack->out) {
        buffer_append(pack->out, *text, size);
        return;
    }
    bool there = size <= pack->in.size;
    *text = memory_copy_str((struct str){pack->in.data, there ? size : 0});
    pack->in = (struct str){pack->in.data + (there ? size : 0), pack->in.size - (there ? size : 0)};
    pack->bad = pack->bad || !there;
}
