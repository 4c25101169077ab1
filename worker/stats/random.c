/* random: a seeded generator, the same everywhere. */
#include "worker/stats/random.h"

#include <math.h>

uint64_t random_next(struct random *random)
{
    random->state += 0x9E3779B97F4A7C15u;
    uint64_t z = random->state;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint64_t random_below(struct random *random, uint64_t below)
{
    return random_next(random) % below;
}

double random_unit(struct random *random)
{
    return ldexp((double)(random_next(random) >> 11), -53);
}
