/* vocabulary: texts as sequences of small numbers, equal numbers for equal tokens. */
#ifndef ASSAY_VOCABULARY_H
#define ASSAY_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "schema/base/hash.h"
#include "schema/base/str.h"

struct vocabulary_slot {
    uint64_t hash;
    struct str token;
    uint32_t id; /* plus one; 0: the slot is free */
};

/* Lives in an arena and keeps pointers to the tokens given. The hash is keyed at random, so that no
 * text can make it slow. */
struct vocabulary {
    struct arena *arena;
    struct vocabulary_slot *slots;
    size_t slot_count; /* a power of two */
    uint32_t count;    /* ids given out: 0 .. count - 1 */
    uint8_t key[SIPHASH_KEY_BYTES];
};

struct sequence {
    const uint32_t *ids;
    size_t count;
};

void vocabulary_init(struct vocabulary *vocabulary, struct arena *arena);
uint32_t vocabulary_id(struct vocabulary *vocabulary, struct str token);
struct sequence vocabulary_sequence(struct vocabulary *vocabulary, const struct str *tokens,
                                    size_t count);
/* The code points of valid text. */
struct sequence vocabulary_code_points(struct vocabulary *vocabulary, struct str text);

#endif
