/* novelty: how often a shape was seen, in fixed memory. */
#include "worker/stats/novelty.h"

#include <math.h>
#include <stddef.h>

/* The counter of a row: two halves of the hash make all rows (Kirsch and Mitzenmacher 2006). */
static uint32_t *counter(struct novelty *novelty, size_t row, uint64_t shape)
{
    uint64_t step = shape >> 32 | 1;
    return &novelty->counts[row][(shape + row * step) % NOVELTY_WIDTH];
}

uint32_t novelty_count(struct novelty *novelty, uint64_t shape)
{
    uint32_t before = UINT32_MAX;
    for (size_t row = 0; row < NOVELTY_ROWS; row++) {
        uint32_t count = *counter(novelty, row, shape);
        before = count < before ? count : before;
    }
    for (size_t row = 0; before < UINT32_MAX && row < NOVELTY_ROWS; row++) {
        uint32_t *count = counter(novelty, row, shape);
        *count = *count > before ? *count : before + 1;
    }
    return before;
}

void novelty_halve(struct novelty *novelty)
{
    for (size_t row = 0; row < NOVELTY_ROWS; row++)
        for (size_t i = 0; i < NOVELTY_WIDTH; i++)
            novelty->counts[row][i] /= 2;
}

double novelty_probability(uint32_t before, double c, double p_min)
{
    return before == 0 ? 1 : fmin(1, fmax(p_min, c / before));
}
