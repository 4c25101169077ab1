/* payload_frames: AWS event-stream frames (application/vnd.amazon.eventstream) as text. */
#include "schema/payload_parts.h"

#include "schema/base/base64.h"
#include "schema/base/utf8.h"

enum { PRELUDE_BYTES = 12, FRAME_BYTES_MIN = 16, HEADER_STRING = 7 };

/* Bytes of a header's value by its type; -1: the length stands before it. */
static const int VALUE_BYTES[] = {0, 0, 1, 2, 4, 8, -1, -1, 8, 16};

struct frame {
    struct str headers, payload, event_type, message_type;
};

static uint32_t big_endian(const char *at)
{
    const uint8_t *p = (const uint8_t *)at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* CRC-32 of ISO 3309, bit by bit: for the eight bytes of a prelude. */
static uint32_t crc32_of(const char *data, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= (uint8_t)data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* Reads one header and moves behind it. */
static bool read_header(struct str *rest, struct frame *out)
{
    size_t name_size = rest->size ? (uint8_t)rest->data[0] : 0;
    if (rest->size < name_size + 2)
        return false;
    struct str name = {rest->data + 1, name_size};
    size_t at = 1 + name_size;
    uint8_t type = (uint8_t)rest->data[at++];
    if (type >= sizeof VALUE_BYTES / sizeof *VALUE_BYTES)
        return false;
    size_t size = 0;
    if (VALUE_BYTES[type] >= 0) {
        size = (size_t)VALUE_BYTES[type];
    } else {
        if (rest->size < at + 2)
            return false;
        size = (size_t)(uint8_t)rest->data[at] << 8 | (uint8_t)rest->data[at + 1];
        at += 2;
    }
    if (rest->size - at < size)
        return false;
    struct str value = {rest->data + at, size};
    if (type == HEADER_STRING && str_is(name, ":event-type"))
        out->event_type = value;
    if (type == HEADER_STRING && str_is(name, ":message-type"))
        out->message_type = value;
    *rest = (struct str){rest->data + at + size, rest->size - at - size};
    return true;
}

/* The prelude's checksum guards the lengths; the payload is checked by being JSON. */
static bool read_frame(struct str bytes, struct frame *out, size_t *out_size)
{
    if (bytes.size < FRAME_BYTES_MIN)
        return false;
    uint32_t total = big_endian(bytes.data), headers = big_endian(bytes.data + 4);
    if (big_endian(bytes.data + 8) != crc32_of(bytes.data, 8) || total > bytes.size ||
        total < FRAME_BYTES_MIN || headers > total - FRAME_BYTES_MIN)
        return false;
    *out = (struct frame){
        .headers = {bytes.data + PRELUDE_BYTES, headers},
        .payload = {bytes.data + PRELUDE_BYTES + headers, total - FRAME_BYTES_MIN - headers}};
    *out_size = total;
    struct str rest = out->headers;
    while (rest.size)
        if (!read_header(&rest, out))
            return false;
    return true;
}

bool payload_is_event_stream(struct str bytes)
{
    return bytes.size >= FRAME_BYTES_MIN && big_endian(bytes.data + 8) == crc32_of(bytes.data, 8);
}

/* Line ends inside JSON are white space between tokens: a space does as well. */
static struct str one_line(struct str text, struct arena *arena)
{
    if (!text.size || !memchr(text.data, '\n', text.size))
        return text;
    char *copy = arena_copy(arena, text);
    for (size_t i = 0; i < text.size; i++)
        if (copy[i] == '\n')
            copy[i] = ' ';
    return (struct str){copy, text.size};
}

/* Bedrock wraps each event once more: {"bytes": base64 of JSON}. */
static struct str unwrap(struct str payload, struct json_tape *tape, struct arena *arena)
{
    struct json_fault fault;
    struct str inner = {0};
    if (!utf8_valid(payload) || !json_tape_read(tape, payload, arena, &fault))
        return payload;
    struct str encoded = payload_string(tape->tokens, "bytes", arena);
    return encoded.data && base64_decode(encoded, arena, &inner) ? inner : payload;
}

bool payload_unframe(struct str bytes, struct arena *arena, struct str *out,
                     struct json_fault *fault)
{
    struct texts pieces = {0};
    struct json_tape tape = {0};
    for (size_t at = 0, size = 0; at < bytes.size; at += size) {
        struct frame frame;
        if (!read_frame((struct str){bytes.data + at, bytes.size - at}, &frame, &size)) {
            *fault = (struct json_fault){"bad_event_stream", at};
            return false;
        }
        if (str_is(frame.message_type, "exception") || str_is(frame.message_type, "error")) {
            *fault = (struct json_fault){"error_response", at};
            return false;
        }
        if (str_is(frame.event_type, "PayloadPart")) { /* SageMaker: the body, cut anywhere */
            texts_add(&pieces, frame.payload, arena);
            continue;
        }
        texts_add(&pieces, one_line(unwrap(frame.payload, &tape, arena), arena), arena);
        texts_add(&pieces, STR("\n"), arena);
    }
    *out = texts_join(&pieces, STR(""), arena);
    return true;
}
