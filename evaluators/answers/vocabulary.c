/* vocabulary: texts as sequences of small numbers, equal numbers for equal tokens. */
#include "evaluators/answers/vocabulary.h"

#include "schema/base/utf8.h"

enum { SLOTS_FIRST = 256, ASCII = 0x80 };

void vocabulary_init(struct vocabulary *vocabulary, struct arena *arena)
{
    *vocabulary = (struct vocabulary){.arena = arena, .slot_count = SLOTS_FIRST};
    vocabulary->slots = arena_new(arena, SLOTS_FIRST, sizeof *vocabulary->slots);
    hash_random(vocabulary->key, sizeof vocabulary->key);
}

static struct vocabulary_slot *slot_of(const struct vocabulary *vocabulary, uint64_t hash,
                                       struct str token)
{
    size_t mask = vocabulary->slot_count - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct vocabulary_slot *slot = &vocabulary->slots[i];
        if (slot->id == 0 || (slot->hash == hash && str_equal(slot->token, token)))
            return slot;
    }
}

static void grow(struct vocabulary *vocabulary)
{
    struct vocabulary_slot *old = vocabulary->slots;
    size_t old_count = vocabulary->slot_count;
    vocabulary->slot_count = old_count * 4;
    vocabulary->slots = arena_new(vocabulary->arena, vocabulary->slot_count, sizeof *old);
    for (size_t i = 0; i < old_count; i++)
        if (old[i].id)
            *slot_of(vocabulary, old[i].hash, old[i].token) = old[i];
}

uint32_t vocabulary_id(struct vocabulary *vocabulary, struct str token)
{
    uint64_t hash = hash_sip(vocabulary->key, token);
    struct vocabulary_slot *slot = slot_of(vocabulary, hash, token);
    if (slot->id)
        return slot->id - 1;
    *slot = (struct vocabulary_slot){hash, token, ++vocabulary->count};
    if (vocabulary->count > vocabulary->slot_count / 2)
        grow(vocabulary);
    return vocabulary->count - 1;
}

struct sequence vocabulary_sequence(struct vocabulary *vocabulary, const struct str *tokens,
                                    size_t count)
{
    uint32_t *ids = arena_alloc(vocabulary->arena, count * sizeof *ids + 1);
    for (size_t i = 0; i < count; i++)
        ids[i] = vocabulary_id(vocabulary, tokens[i]);
    return (struct sequence){ids, count};
}

struct sequence vocabulary_code_points(struct vocabulary *vocabulary, struct str text)
{
    uint32_t ascii[ASCII]; /* ids plus one, so that plain text is not hashed byte by byte */
    memset(ascii, 0, sizeof ascii);
    uint32_t *ids = arena_alloc(vocabulary->arena, text.size * sizeof *ids + 1);
    size_t count = 0;
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        uint32_t code_point = utf8_next(text, &at);
        struct str bytes = {text.data + start, at - start};
        if (code_point >= ASCII) {
            ids[count++] = vocabulary_id(vocabulary, bytes);
            continue;
        }
        if (!ascii[code_point])
            ascii[code_point] = vocabulary_id(vocabulary, bytes) + 1;
        ids[count++] = ascii[code_point] - 1;
    }
    return (struct sequence){ids, count};
}
