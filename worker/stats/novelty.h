/* novelty: how often a shape was seen, in fixed memory. */
#ifndef ASSAY_NOVELTY_H
#define ASSAY_NOVELTY_H

#include <stdint.h>

/* Count-min sketch (Cormode and Muthukrishnan 2005) over hashes of normalised prompt shapes: counts
 * are never too low; too high by more than e / NOVELTY_WIDTH of all items with probability e^-4.
 * Zero-initialise; zero again at the start of a period, or halve. */
enum { NOVELTY_ROWS = 4, NOVELTY_WIDTH = 4096 };

struct novelty {
    uint32_t counts[NOVELTY_ROWS][NOVELTY_WIDTH]; /* 64 KiB; they stop at UINT32_MAX */
};

/* Counts the item; returns its count before. `shape` is a 64-bit hash, keyed, else clients can
 * make shapes collide. Counters above the estimate stay (conservative update, Estan and Varghese
 * 2002). */
uint32_t novelty_count(struct novelty *novelty, uint64_t shape);
/* Halves all counts: what is old weighs less. */
void novelty_halve(struct novelty *novelty);
/* The probability to keep an item that was seen `before` times: min(1, max(p_min, c / before)), so
 * that each shape is kept about c times, and more the rarer it is. 1 for a new shape. */
double novelty_probability(uint32_t before, double c, double p_min);

#endif
