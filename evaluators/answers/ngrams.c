/* ngrams: the n-grams of sequences as small numbers, each order from the one below it. */
#include "evaluators/answers/ngrams.h"

#include <string.h>
#include "schema/base/hash.h"

enum { SLOT_BITS_MIN = 6, PAIR_BITS = 64 };

void ngrams_init(struct ngrams *ngrams, size_t items_max, struct arena *arena)
{
    *ngrams = (struct ngrams){.arena = arena, .slot_bits = SLOT_BITS_MIN};
    while ((size_t)1 << ngrams->slot_bits < 2 * items_max)
        ngrams->slot_bits++;
    ngrams->slots = arena_new(arena, (size_t)1 << ngrams->slot_bits, sizeof *ngrams->slots);
    uint8_t random[SIPHASH_KEY_BYTES];
    hash_random(random, sizeof random);
    memcpy(&ngrams->key, random, sizeof ngrams->key);
    ngrams->key |= 1;
}

void ngrams_reset(struct ngrams *ngrams)
{
    memset(ngrams->slots, 0, sizeof *ngrams->slots << ngrams->slot_bits);
    ngrams->count = 0;
}

/* Multiply-shift (Dietzfelbinger et al. 1997): the upper bits of a product with a random odd key.
 */
static uint32_t id_of(struct ngrams *ngrams, uint64_t pair)
{
    size_t mask = ((size_t)1 << ngrams->slot_bits) - 1;
    for (size_t i = (pair * ngrams->key) >> (PAIR_BITS - ngrams->slot_bits);; i = (i + 1) & mask) {
        struct ngrams_slot *slot = &ngrams->slots[i];
        if (slot->id && slot->pair == pair)
            return slot->id - 1;
        if (!slot->id) {
            *slot = (struct ngrams_slot){pair, ++ngrams->count};
            return ngrams->count - 1;
        }
    }
}

struct sequence ngrams_longer(struct ngrams *ngrams, struct sequence shorter, struct sequence items)
{
    if (shorter.count < 2)
        return (struct sequence){NULL, 0};
    size_t count = shorter.count - 1, behind = items.count - count;
    uint32_t *ids = arena_alloc(ngrams->arena, count * sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = id_of(ngrams, (uint64_t)shorter.ids[i] << 32 | items.ids[i + behind]);
    return (struct sequence){ids, count};
}
