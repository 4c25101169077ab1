/* json_tape: strict JSON read in one pass to a flat list of tokens, for capture records.
 * Documents that people write (rubrics, configuration) are read by json_read instead. */
#ifndef ASSAY_BASE_JSON_TAPE_H
#define ASSAY_BASE_JSON_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/str.h"

enum {
    JSON_TAPE_DEPTH_MAX = 64,
    JSON_TAPE_TOKENS_MAX = 1 << 21, /* 48 MiB of tokens: a reply of 4k words with its logprobs */
    JSON_TAPE_BYTES_MAX = 1 << 30,
};

enum json_tape_kind {
    TAPE_NULL,
    TAPE_FALSE,
    TAPE_TRUE,
    TAPE_NUMBER,
    TAPE_STRING, /* keys too */
    TAPE_ARRAY,
    TAPE_OBJECT,
};

/* Tokens stand in document order. The members of an object are its keys, each followed by its
 * value; `span` jumps over a whole value (or member), so that nothing here needs the tape. */
struct json_token {
    const char *data; /* text of the document: of a string what is between the quotes */
    uint32_t size;    /* bytes of it; of a container how many elements or members it has */
    uint32_t span;    /* tokens of this value with all it holds; of a key: with its value */
    uint8_t kind;     /* enum json_tape_kind */
    bool escaped;     /* a string whose data still has escapes: ask json_tape_text for its text */
};

/* Zero-initialise, then use; a second read reuses the room. The room belongs to the arena. */
struct json_tape {
    struct json_token *tokens; /* tokens[0] is the document */
    uint32_t count, room;
    struct str *keys; /* of the object being closed, to find duplicates */
    uint32_t key_room;
};

/* Why a text is not taken: "not_json", "truncated" (it ends too early), "nul_byte" (raw or as
 * \u0000), "too_deep", "duplicate_key", "too_many_tokens", "too_long". */
struct json_fault {
    const char *code; /* static */
    size_t at;        /* byte of the text */
};

/* RFC 8259 with one document and no trailing text; lone surrogates, U+0000 and duplicate keys are
 * refused. Numbers of any size are taken: json_tape_int and json_tape_number may refuse them.
 * `text` must be valid UTF-8 (utf8_valid) and live as long as the tokens, like the arena. */
bool json_tape_read(struct json_tape *tape, struct str text, struct arena *arena,
                    struct json_fault *fault);

/* The value of a key; NULL when `object` is NULL, no object, or has no such key. */
struct json_token *json_tape_get(struct json_token *object, const char *key);

/* The text of a string, unescaped into the arena once where that is needed, else borrowed from the
 * document; of a number or a literal as it is spelled. Absent for NULL and for containers. */
struct str json_tape_text(struct json_token *token, struct arena *arena);

/* Appends the value as JSON: the same document, without white space, numbers as they are spelled.
 */
void json_tape_write(struct json_token *token, struct arena *arena, struct buffer *out);

/* False unless the token is a number that is whole and fits (28.0 and 28e0 are whole). */
bool json_tape_int(const struct json_token *token, int64_t *out);
/* False unless the token is a number that a double can hold: 1e999 is not. */
bool json_tape_number(const struct json_token *token, double *out);

static inline bool json_tape_is(const struct json_token *token, enum json_tape_kind kind)
{
    return token && token->kind == kind;
}

/* for (t = json_tape_first(c), end = json_tape_end(c); t < end; t = json_tape_next(t)) walks over
 * the elements of an array or the keys of an object; not for other tokens. */
static inline struct json_token *json_tape_first(struct json_token *container)
{
    return container + 1;
}

static inline struct json_token *json_tape_end(struct json_token *container)
{
    return container + container->span;
}

static inline struct json_token *json_tape_next(struct json_token *token)
{
    return token + token->span;
}

/* The first element; NULL when `array` is NULL, no array, or empty. */
static inline struct json_token *json_tape_head(struct json_token *array)
{
    return json_tape_is(array, TAPE_ARRAY) && array->size ? array + 1 : NULL;
}

/* The value that belongs to a key. */
static inline struct json_token *json_tape_value(struct json_token *key)
{
    return key + 1;
}

#endif
