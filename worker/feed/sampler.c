/* sampler: the share of each stratum that is kept, learnt from the traffic as it goes by. */
#include "worker/feed/sampler.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/memory.h"
#include "worker/stats/novelty.h"
#include "worker/stats/sampling.h"

enum { SLOTS = 2 * SAMPLER_STRATA_MAX, STEPS_MAX = 63, SHAPE_BYTES = 64, SHAPE_WORDS = 3 };

struct stratum {
    uint64_t name;    /* keyed hash; 0: the slot is free */
    int64_t seen;     /* in this bucket */
    double probability; /* by the bucket before; 0: it had none of it */
};

struct sampler {
    struct sampler_config config;
    int64_t seen; /* in this bucket */
    size_t count;
    struct stratum others;
    struct stratum slots[SLOTS];
    struct novelty novelty;
};

struct sampler *sampler_new(const struct sampler_config *config)
{
    struct sampler *sampler = memory_new(1, sizeof *sampler);
    sampler->config = *config;
    return sampler;
}

void sampler_free(struct sampler *sampler)
{
    free(sampler);
}

/* The nearest quarter power of 1/2. */
static double on_grid(double p)
{
    double steps = p > 0 ? round(-4 * log2(p)) : STEPS_MAX;
    return exp2(-fmin(fmax(steps, 0), STEPS_MAX) / 4);
}

static struct stratum *find(struct sampler *sampler, uint64_t name)
{
    size_t slot = name % SLOTS;
    while (sampler->slots[slot].name && sampler->slots[slot].name != name)
        slot = (slot + 1) % SLOTS;
    struct stratum *stratum = &sampler->slots[slot];
    if (stratum->name)
        return stratum;
    if (sampler->count == SAMPLER_STRATA_MAX)
        return &sampler->others;
    sampler->count++;
    stratum->name = name;
    return stratum;
}

/* ---- where a bucket ends ---- */

static void set_rates(struct stratum **strata, size_t count, const struct sampler_config *config)
{
    struct stratum_size *sizes = memory_new(count + 1, sizeof *sizes);
    double *kept = memory_new(count + 1, sizeof *kept);
    for (size_t i = 0; i < count; i++)
        sizes[i].population = (double)strata[i]->seen;
    if (count > 0)
        sampling_allocate(sizes, count, ALLOCATION_SQUARE_ROOT,
                          config->share * SAMPLER_BUCKET_RECORDS, config->floor, kept);
    for (size_t i = 0; i < count; i++)
        strata[i]->probability = on_grid(kept[i] / sizes[i].population);
    free(sizes);
    free(kept);
}

/* A stratum of which nothing came is forgotten: it is new when it comes again. */
static void end_bucket(struct sampler *sampler)
{
    struct stratum *kept = memory_new(SAMPLER_STRATA_MAX + 1, sizeof *kept);
    struct stratum **strata = memory_new(SAMPLER_STRATA_MAX + 1, sizeof *strata);
    size_t count = 0;
    for (size_t i = 0; i < SLOTS; i++)
        if (sampler->slots[i].name && sampler->slots[i].seen > 0)
            kept[count++] = sampler->slots[i];
    for (size_t i = 0; i < count; i++)
        strata[i] = &kept[i];
    struct stratum others = sampler->others;
    strata[count] = &others;
    set_rates(strata, count + (others.seen > 0), &sampler->config);
    memset(sampler->slots, 0, sizeof sampler->slots);
    sampler->count = 0;
    for (size_t i = 0; i < count; i++)
        find(sampler, kept[i].name)->probability = kept[i].probability;
    sampler->others = (struct stratum){.probability = others.seen > 0 ? others.probability : 0};
    sampler->seen = 0;
    novelty_halve(&sampler->novelty);
    free(kept);
    free(strata);
}

/* ---- a record ---- */

double sampler_probability(struct sampler *sampler, uint64_t stratum, uint64_t shape)
{
    const struct sampler_config *config = &sampler->config;
    if (sampler->seen == SAMPLER_BUCKET_RECORDS)
        end_bucket(sampler);
    struct stratum *of = find(sampler, stratum ? stratum : 1);
    double p = of->probability;
    if (p <= 0)
        p = (double)of->seen < config->floor ? 1 : on_grid(config->share);
    of->seen++;
    sampler->seen++;
    if (config->novelty > 0 && shape) {
        uint32_t before = novelty_count(&sampler->novelty, shape);
        p = fmax(p, on_grid(novelty_probability(before, config->novelty, p)));
    }
    return p;
}

uint64_t sampler_shape(const uint8_t key[SIPHASH_KEY_BYTES], struct str prompt)
{
    char shape[SHAPE_BYTES + 1];
    size_t size = 0, words = 0;
    unsigned length = 0;
    for (size_t left = prompt.size; left > 1; left /= 2)
        length++;
    shape[size++] = (char)('A' + length);
    for (size_t i = 0; i < prompt.size && size < SHAPE_BYTES && words < SHAPE_WORDS; i++) {
        unsigned char byte = (unsigned char)prompt.data[i];
        bool space = isspace(byte), digit = byte >= '0' && byte <= '9';
        char symbol = space ? ' ' : digit ? '0' : (char)tolower(byte);
        bool again = (space || digit) && shape[size - 1] == symbol;
        if (again || (space && size == 1))
            continue;
        shape[size++] = symbol;
        words += space;
    }
    uint64_t hash = hash_sip(key, (struct str){shape, size});
    return hash ? hash : 1;
}
