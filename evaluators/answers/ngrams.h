/* ngrams: the n-grams of sequences as small numbers, each order from the one below it. */
#ifndef ASSAY_NGRAMS_H
#define ASSAY_NGRAMS_H

#include <stddef.h>
#include <stdint.h>
#include "schema/base/arena.h"
#include "evaluators/answers/vocabulary.h"

struct ngrams_slot {
    uint64_t pair; /* an n-gram is one of the order below and one item behind it */
    uint32_t id;   /* plus one; 0: the slot is free */
};

/* Numbers n-grams of one order at a time. The hash is keyed at random, so that no text can make it
 * slow. */
struct ngrams {
    struct arena *arena;
    struct ngrams_slot *slots;
    unsigned slot_bits; /* 2^slot_bits slots: at least twice as many as n-grams */
    uint32_t count;     /* ids given out: 0 .. count - 1 */
    uint64_t key;       /* odd */
};

/* For sequences of together at most `items_max` items. */
void ngrams_init(struct ngrams *ngrams, size_t items_max, struct arena *arena);
/* Forgets what was numbered: before the next order. */
void ngrams_reset(struct ngrams *ngrams);
/* The n-grams of `items` that are one longer than those of `shorter` (which are `items` itself for
 * n = 2); empty when there are none. */
struct sequence ngrams_longer(struct ngrams *ngrams, struct sequence shorter,
                              struct sequence items);

#endif
