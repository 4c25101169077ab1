/* json_tape: strict JSON read in one pass to a flat list of tokens. */
#include "schema/base/json_tape.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include "schema/base/json_escape.h"

enum {
    ROOM_FIRST = 64,
    ESCAPE_PAIR_BYTES = 12,
    PAIRWISE_KEYS_MAX = 24, /* up to here comparing each with each beats sorting */
    NUMBER_BYTES_MAX = 400, /* longer than any double needs to be written */
};

struct reader {
    const char *start, *at, *end;
    struct json_tape *tape;
    struct arena *arena;
    struct json_fault *fault;
    unsigned depth;
    uint32_t open[JSON_TAPE_DEPTH_MAX]; /* tokens of the containers around here */
};

static bool fail(struct reader *reader, const char *code)
{
    *reader->fault = (struct json_fault){code, (size_t)(reader->at - reader->start)};
    return false;
}

/* What stands at `at` is not JSON; or the text ends where more must come. */
static bool fail_here(struct reader *reader)
{
    if (reader->at >= reader->end)
        return fail(reader, "truncated");
    return fail(reader, *reader->at == '\0' ? "nul_byte" : "not_json");
}

static bool grow(struct reader *reader)
{
    struct json_tape *tape = reader->tape;
    if (tape->count >= JSON_TAPE_TOKENS_MAX)
        return fail(reader, "too_many_tokens");
    uint32_t room = tape->room ? tape->room * 2 : ROOM_FIRST;
    struct json_token *tokens = arena_alloc(reader->arena, room * sizeof *tokens);
    if (tape->count)
        memcpy(tokens, tape->tokens, tape->count * sizeof *tokens);
    tape->tokens = tokens;
    tape->room = room;
    return true;
}

static bool push(struct reader *reader, enum json_tape_kind kind, const char *data, size_t size)
{
    struct json_tape *tape = reader->tape;
    if (tape->count == tape->room && !grow(reader))
        return false;
    tape->tokens[tape->count++] =
        (struct json_token){.data = data, .size = (uint32_t)size, .span = 1, .kind = (uint8_t)kind};
    return true;
}

static void skip_space(struct reader *reader)
{
    const char *at = reader->at;
    while (at < reader->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    reader->at = at;
}

/* The next quote, backslash or control character, eight bytes at a time ("Bit Twiddling Hacks",
 * determine if a word has a byte less than n). */
static const char *skip_plain(const char *at, const char *end)
{
    const uint64_t low = 0x0101010101010101u, high = 0x8080808080808080u;
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t quote = word ^ low * '"', slash = word ^ low * '\\';
        uint64_t hit =
            ((word - low * 0x20) & ~word) | ((quote - low) & ~quote) | ((slash - low) & ~slash);
        hit = le64toh(hit & high);
        if (hit)
            return at + __builtin_ctzll(hit) / 8;
    }
    while (at < end && (uint8_t)*at >= 0x20 && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* Whether the text ends inside the escape, or the pair of escapes, that starts here. */
static bool is_cut_escape(const struct reader *reader)
{
    size_t rest = (size_t)(reader->end - reader->at);
    return rest < ESCAPE_PAIR_BYTES && !memchr(reader->at, '"', rest);
}

static bool check_escape(struct reader *reader)
{
    const char *at = reader->at;
    if (reader->end - at < 2) {
        reader->at = reader->end;
        return fail_here(reader);
    }
    if (at[1] == 'u') {
        int32_t code_point = json_escape_unicode(&at, reader->end);
        if (code_point <= 0)
            return fail(reader, code_point == 0         ? "nul_byte"
                                : is_cut_escape(reader) ? "truncated"
                                                        : "not_json");
        reader->at = at;
        return true;
    }
    if (!json_escape_short(at[1]))
        return fail(reader, "not_json");
    reader->at += 2;
    return true;
}

static void unescape_token(struct json_token *token, struct arena *arena)
{
    char *text = arena_alloc(arena, token->size ? token->size : 1);
    token->size = (uint32_t)json_unescape((struct str){token->data, token->size}, text);
    token->data = text;
    token->escaped = false;
}

static bool read_string(struct reader *reader)
{
    const char *start = ++reader->at;
    bool escaped = false;
    for (;;) {
        reader->at = skip_plain(reader->at, reader->end);
        if (reader->at >= reader->end)
            return fail_here(reader);
        if (*reader->at == '"')
            break;
        if (*reader->at != '\\') /* a control character */
            return fail_here(reader);
        escaped = true;
        if (!check_escape(reader))
            return false;
    }
    if (!push(reader, TAPE_STRING, start, (size_t)(reader->at - start)))
        return false;
    reader->tape->tokens[reader->tape->count - 1].escaped = escaped;
    reader->at++;
    return true;
}

static bool digits(struct reader *reader)
{
    const char *at = reader->at;
    while (at < reader->end && *at >= '0' && *at <= '9')
        at++;
    bool some = at > reader->at;
    reader->at = at;
    return some;
}

static bool next_is(const struct reader *reader, char a, char b)
{
    return reader->at < reader->end && (*reader->at == a || *reader->at == b);
}

static bool read_number(struct reader *reader)
{
    const char *start = reader->at;
    reader->at += *start == '-';
    if (next_is(reader, '0', '0'))
        reader->at++;
    else if (!digits(reader))
        return fail_here(reader);
    if (next_is(reader, '.', '.')) {
        reader->at++;
        if (!digits(reader))
            return fail_here(reader);
    }
    if (next_is(reader, 'e', 'E')) {
        reader->at++;
        reader->at += next_is(reader, '+', '-');
        if (!digits(reader))
            return fail_here(reader);
    }
    return push(reader, TAPE_NUMBER, start, (size_t)(reader->at - start));
}

static bool read_literal(struct reader *reader, struct str word, enum json_tape_kind kind)
{
    const char *start = reader->at;
    for (size_t i = 0; i < word.size; i++, reader->at++)
        if (reader->at >= reader->end || *reader->at != word.data[i])
            return fail_here(reader);
    return push(reader, kind, start, word.size);
}

static int compare_keys(const void *a, const void *b)
{
    const struct str *left = a, *right = b;
    size_t size = left->size < right->size ? left->size : right->size;
    int order = memcmp(left->data, right->data, size);
    return order ? order : (left->size > right->size) - (left->size < right->size);
}

static bool some_equal(struct str *keys, size_t count)
{
    if (count > PAIRWISE_KEYS_MAX) {
        qsort(keys, count, sizeof *keys, compare_keys);
        for (size_t i = 1; i < count; i++)
            if (str_equal(keys[i - 1], keys[i]))
                return true;
        return false;
    }
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (str_equal(keys[i], keys[j]))
                return true;
    return false;
}

static bool check_keys(struct reader *reader, struct json_token *object)
{
    struct json_tape *tape = reader->tape;
    if (object->size < 2)
        return true;
    if (tape->key_room < object->size) {
        tape->key_room = object->size < ROOM_FIRST ? ROOM_FIRST : object->size * 2;
        tape->keys = arena_alloc(reader->arena, tape->key_room * sizeof *tape->keys);
    }
    size_t count = 0;
    for (struct json_token *key = object + 1; count < object->size; key += key->span)
        tape->keys[count++] = (struct str){key->data, key->size};
    return some_equal(tape->keys, count) ? fail(reader, "duplicate_key") : true;
}

/* Key and colon; the value comes next. */
static bool read_key(struct reader *reader)
{
    skip_space(reader);
    if (!next_is(reader, '"', '"'))
        return fail_here(reader);
    if (!read_string(reader))
        return false;
    struct json_token *key = &reader->tape->tokens[reader->tape->count - 1];
    if (key->escaped)
        unescape_token(key, reader->arena);
    skip_space(reader);
    if (!next_is(reader, ':', ':'))
        return fail_here(reader);
    reader->at++;
    return true;
}

static bool open_container(struct reader *reader, enum json_tape_kind kind)
{
    if (reader->depth == JSON_TAPE_DEPTH_MAX)
        return fail(reader, "too_deep");
    reader->open[reader->depth++] = reader->tape->count;
    return push(reader, kind, reader->at++, 0);
}

static bool close_container(struct reader *reader)
{
    uint32_t index = reader->open[--reader->depth];
    struct json_token *token = &reader->tape->tokens[index];
    token->span = reader->tape->count - index;
    reader->at++;
    return token->kind == TAPE_ARRAY || check_keys(reader, token);
}

/* A scalar, or the opening bracket of a container. */
static bool read_value(struct reader *reader)
{
    skip_space(reader);
    if (reader->at >= reader->end)
        return fail_here(reader);
    switch (*reader->at) {
    case '"':
        return read_string(reader);
    case '{':
        return open_container(reader, TAPE_OBJECT);
    case '[':
        return open_container(reader, TAPE_ARRAY);
    case 't':
        return read_literal(reader, STR("true"), TAPE_TRUE);
    case 'f':
        return read_literal(reader, STR("false"), TAPE_FALSE);
    case 'n':
        return read_literal(reader, STR("null"), TAPE_NULL);
    default:
        if (*reader->at == '-' || (*reader->at >= '0' && *reader->at <= '9'))
            return read_number(reader);
        return fail_here(reader);
    }
}

/* Counts the value that just ended in the container around it. */
static void count_value(struct reader *reader, uint32_t value)
{
    if (reader->depth == 0)
        return;
    struct json_token *tokens = reader->tape->tokens;
    struct json_token *around = &tokens[reader->open[reader->depth - 1]];
    around->size++;
    if (around->kind == TAPE_OBJECT)
        tokens[value - 1].span = tokens[value].span + 1;
}

/* After a value or an opening bracket: closes what ends here, and reads the comma and the key
 * before the next value. `value` is the token that was read last. */
static bool between_values(struct reader *reader, uint32_t value)
{
    bool opened = reader->depth && reader->open[reader->depth - 1] == value;
    if (!opened)
        count_value(reader, value);
    while (reader->depth) {
        struct json_token *around = &reader->tape->tokens[reader->open[reader->depth - 1]];
        char closer = around->kind == TAPE_ARRAY ? ']' : '}';
        skip_space(reader);
        if (next_is(reader, closer, closer)) {
            uint32_t closed = reader->open[reader->depth - 1];
            if (!close_container(reader))
                return false;
            count_value(reader, closed);
            opened = false;
            continue;
        }
        if (!opened && !next_is(reader, ',', ','))
            return fail_here(reader);
        reader->at += !opened;
        return around->kind == TAPE_ARRAY || read_key(reader);
    }
    return true;
}

bool json_tape_read(struct json_tape *tape, struct str text, struct arena *arena,
                    struct json_fault *fault)
{
    const char *start = text.data ? text.data : "";
    struct reader reader = {.start = start,
                            .at = start,
                            .end = start + text.size,
                            .tape = tape,
                            .arena = arena,
                            .fault = fault};
    tape->count = 0;
    if (text.size > JSON_TAPE_BYTES_MAX)
        return fail(&reader, "too_long");
    do {
        uint32_t value = tape->count;
        if (!read_value(&reader))
            return false;
        /* read_value pushed at `value`; in an object its key stands before it */
        if (!between_values(&reader, value))
            return false;
    } while (reader.depth);
    skip_space(&reader);
    return reader.at == reader.end || fail_here(&reader);
}

struct json_token *json_tape_get(struct json_token *object, const char *key)
{
    if (!json_tape_is(object, TAPE_OBJECT))
        return NULL;
    struct str wanted = str_of(key);
    struct json_token *end = json_tape_end(object);
    for (struct json_token *at = json_tape_first(object); at < end; at = json_tape_next(at))
        if (at->size == wanted.size && memcmp(at->data, wanted.data, wanted.size) == 0)
            return json_tape_value(at);
    return NULL;
}

struct str json_tape_text(struct json_token *token, struct arena *arena)
{
    if (!token || token->kind >= TAPE_ARRAY)
        return (struct str){0};
    if (token->escaped)
        unescape_token(token, arena);
    return (struct str){token->data, token->size};
}

bool json_tape_number(const struct json_token *token, double *out)
{
    char text[NUMBER_BYTES_MAX + 1];
    if (!json_tape_is(token, TAPE_NUMBER) || token->size > NUMBER_BYTES_MAX)
        return false;
    memcpy(text, token->data, token->size);
    text[token->size] = '\0';
    double value = strtod(text, NULL);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

bool json_tape_int(const struct json_token *token, int64_t *out)
{
    if (!json_tape_is(token, TAPE_NUMBER))
        return false;
    bool negative = token->data[0] == '-';
    int64_t value = 0;
    for (uint32_t i = negative; i < token->size; i++) {
        char c = token->data[i];
        if (c < '0' || c > '9') { /* a fraction or an exponent: exact below 2^53 */
            double real;
            if (!json_tape_number(token, &real) || real != floor(real) ||
                fabs(real) > 9007199254740992.0)
                return false;
            *out = (int64_t)real;
            return true;
        }
        int digit = negative ? -(c - '0') : c - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *out = value;
    return true;
}
