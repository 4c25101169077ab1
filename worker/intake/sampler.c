/* sampler: which records of the traffic are kept, each with a known probability. */
#include "worker/intake/sampler.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "schema/base/memory.h"
#include "worker/stats/novelty.h"
#include "worker/stats/sampling.h"

enum {
    SLOTS = 2 * SAMPLER_STRATA_MAX,
    STEPS_MAX = 63, /* of the grid */
    SHAPE_BYTES = 64,
    SHAPE_WORDS = 3,
    BUCKET_MS = 10000,       /* of a rate */
    BUCKET_RECORDS_MIN = 100, /* a surge ends no bucket before */
    SURGE = 4,               /* times the records of the bucket before */
    NOVELTY_GRACE = 1000,    /* records whose part shapes may have before they came */
};

/* Of what is kept, shapes that are new may take this, on top of their strata's. */
static const double NOVELTY_PART = 0.25;
static const double GRID_CLOSE = 1e-9;

struct stratum {
    uint64_t name;      /* keyed hash; 0: the slot is free */
    int64_t seen;       /* halved where that is due: newer records weigh more */
    double probability; /* as the last bucket left it; 0: it is new */
};

struct sampler {
    struct sampler_config config;
    double share;               /* of all records: the config's, or what the rate came to */
    int64_t seen;               /* all strata's */
    int64_t in_bucket, limit;   /* records of this bucket; and how many end it */
    int64_t began_ms;           /* of this bucket; -1: not yet */
    double wanted;              /* what new shapes would have added, halved as `seen` is */
    size_t count;
    struct stratum others;
    struct stratum slots[SLOTS];
    struct novelty novelty;
};

struct sampler *sampler_new(const struct sampler_config *config)
{
    struct sampler *sampler = memory_new(1, sizeof *sampler);
    sampler->config = *config;
    sampler->share = config->share > 0 ? config->share : 1; /* of a rate nothing is known yet */
    sampler->limit = config->share > 0 ? SAMPLER_BUCKET_RECORDS : BUCKET_RECORDS_MIN;
    sampler->began_ms = -1;
    return sampler;
}

void sampler_free(struct sampler *sampler)
{
    free(sampler);
}

/* ---- the grid ---- */

/* The nearest quarter power of 1/2. */
static double on_grid(double p)
{
    double steps = p > 0 ? round(-4 * log2(p)) : STEPS_MAX;
    return exp2(-fmin(fmax(steps, 0), STEPS_MAX) / 4);
}

double sampler_product(double before, double after)
{
    double steps = -4 * (log2(before) + log2(after));
    return fabs(steps - round(steps)) < GRID_CLOSE ? exp2(-round(steps) / 4) : before * after;
}

/* ---- strata ---- */

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

static void set_probabilities(struct sampler *sampler, struct stratum *const *strata, size_t count)
{
    struct stratum_size *sizes = memory_new(count + 1, sizeof *sizes);
    double *kept = memory_new(count + 1, sizeof *kept);
    double seen = (double)sampler->seen, budget = sampler->share * seen;
    for (size_t i = 0; i < count; i++)
        sizes[i].population = (double)strata[i]->seen;
    if (count > 0)
        sampling_allocate(sizes, count, ALLOCATION_SQUARE_ROOT,
                          budget - fmin(sampler->wanted, NOVELTY_PART * budget),
                          sampler->config.floor * seen / SAMPLER_BUCKET_RECORDS, kept);
    for (size_t i = 0; i < count; i++)
        strata[i]->probability = on_grid(kept[i] / sizes[i].population);
    free(sizes);
    free(kept);
}

/* A stratum of which nothing is left is forgotten: it is new when it comes again. */
static void halve(struct sampler *sampler)
{
    struct stratum *kept = memory_new(SAMPLER_STRATA_MAX, sizeof *kept);
    size_t count = 0;
    for (size_t i = 0; i < SLOTS; i++)
        if (sampler->slots[i].seen > 1)
            kept[count++] = sampler->slots[i];
    memset(sampler->slots, 0, sizeof sampler->slots);
    sampler->count = 0;
    sampler->seen = sampler->others.seen /= 2;
    if (sampler->others.seen == 0)
        sampler->others.probability = 0;
    for (size_t i = 0; i < count; i++) {
        struct stratum *stratum = find(sampler, kept[i].name);
        stratum->seen = kept[i].seen / 2;
        stratum->probability = kept[i].probability;
        sampler->seen += stratum->seen;
    }
    sampler->wanted /= 2;
    novelty_halve(&sampler->novelty);
    free(kept);
}

/* ---- buckets ---- */

static void learn_rate(struct sampler *sampler, int64_t now_ms)
{
    double seconds = fmax((double)(now_ms - sampler->began_ms), 1) / 1000;
    double records = (double)sampler->in_bucket;
    sampler->share = fmin(sampler->config.rate * seconds / records, 1);
    sampler->limit = (int64_t)fmin(fmax(SURGE * records, BUCKET_RECORDS_MIN),
                                   SAMPLER_BUCKET_RECORDS);
}

static void end_bucket(struct sampler *sampler, int64_t now_ms)
{
    struct stratum **strata = memory_new(SAMPLER_STRATA_MAX + 1, sizeof *strata);
    size_t count = 0;
    if (sampler->config.share <= 0)
        learn_rate(sampler, now_ms);
    for (size_t i = 0; i < SLOTS; i++)
        if (sampler->slots[i].name)
            strata[count++] = &sampler->slots[i];
    if (sampler->others.seen > 0)
        strata[count++] = &sampler->others;
    set_probabilities(sampler, strata, count);
    free(strata);
    if (sampler->seen >= SAMPLER_BUCKET_RECORDS)
        halve(sampler);
    sampler->in_bucket = 0;
    sampler->began_ms = now_ms;
}

static bool is_over(const struct sampler *sampler, int64_t now_ms)
{
    bool timed = sampler->config.share <= 0 && now_ms - sampler->began_ms >= BUCKET_MS;
    return sampler->in_bucket >= sampler->limit || (timed && sampler->in_bucket > 0);
}

/* ---- shapes ---- */

/* A keyed hash of what prompts of a kind share: their length, to a power of two, and their first
 * words, digits masked, ASCII letters lower-case. */
static uint64_t shape_of(const struct sampler *sampler, struct str prompt)
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
    return hash_sip(sampler->config.key, (struct str){shape, size});
}

/* The stratum's probability, or more where the shape is new. */
static double lift(struct sampler *sampler, struct str prompt, double p)
{
    double c = sampler->config.novelty;
    if (c <= 0 || !prompt.data)
        return p;
    uint32_t before = novelty_count(&sampler->novelty, shape_of(sampler, prompt));
    double own = novelty_probability(before, c, p);
    sampler->wanted += own - p;
    double part = NOVELTY_PART * sampler->share * (double)(sampler->seen + NOVELTY_GRACE);
    return fmax(p, on_grid(sampler->wanted > part ? own * part / sampler->wanted : own));
}

/* ---- a record ---- */

static double learnt_probability(struct sampler *sampler, const struct sampler_record *record,
                                 int64_t now_ms)
{
    const struct sampler_config *config = &sampler->config;
    if (config->share >= 1)
        return 1;
    if (sampler->began_ms < 0)
        sampler->began_ms = now_ms;
    if (is_over(sampler, now_ms))
        end_bucket(sampler, now_ms);
    uint64_t name = hash_sip(config->key, record->stratum);
    struct stratum *stratum = find(sampler, name ? name : 1);
    double p = stratum->probability;
    if (p <= 0)
        p = (double)stratum->seen < config->floor ? 1 : on_grid(sampler->share);
    stratum->seen++;
    sampler->seen++;
    sampler->in_bucket++;
    if (record->grouped)
        return config->share > 0 ? on_grid(config->share) : 1;
    return lift(sampler, record->prompt, p);
}

struct sampler_decision sampler_decide(struct sampler *sampler, const struct sampler_record *record,
                                       int64_t now_ms)
{
    struct str said = named_find(&sampler->config.strata, record->name);
    double p = said.data ? strtod(said.data, NULL) : learnt_probability(sampler, record, now_ms);
    uint64_t threshold = sampling_threshold(p);
    return (struct sampler_decision){
        sampling_keeps(sampling_randomness(sampler->config.key, record->id), threshold),
        sampling_probability(threshold)};
}
