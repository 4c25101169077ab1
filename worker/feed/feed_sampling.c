/* feed_sampling: which records are sent, and with what probability. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/capture.h"
#include "worker/feed/feed_inside.h"
#include "worker/stats/sampling.h"

/* Kept among the positions; no object's name begins like this. */
static const char KEY_NAME[] = "sampling-key", KEY_START[] = "{\"sampling_key\":\"";

static bool read_hex(struct str text, uint8_t out[SIPHASH_KEY_BYTES])
{
    for (size_t i = 0; i < SIPHASH_KEY_BYTES; i++) {
        unsigned byte;
        char digits[3] = {text.data[2 * i], text.data[2 * i + 1], '\0'};
        if (strspn(digits, "0123456789abcdef") != 2 || sscanf(digits, "%2x", &byte) != 1)
            return false;
        out[i] = (uint8_t)byte;
    }
    return true;
}

bool feed_sampling_take(struct feed *feed, struct str value)
{
    size_t start = strlen(KEY_START);
    if (value.size != start + 2 * SIPHASH_KEY_BYTES + strlen("\"}") ||
        memcmp(value.data, KEY_START, start) != 0)
        return false;
    feed->keyed = read_hex((struct str){value.data + start, 2 * SIPHASH_KEY_BYTES}, feed->key);
    return feed->keyed;
}

bool feed_sampling_start(struct feed *feed, struct error *error)
{
    char hex[2 * SIPHASH_KEY_BYTES + 1];
    bool adapts = feed->config->sampler.share > 0;
    if (adapts)
        feed->sampler = sampler_new(&feed->config->sampler);
    if ((feed->config->strata.count == 0 && !adapts) || feed->keyed)
        return true;
    hash_random(feed->key, sizeof feed->key);
    hash_hex(feed->key, sizeof feed->key, hex);
    struct buffer name = {0}, value = {0};
    buffer_printf(&name, "%s/%s", feed->config->kafka.name, KEY_NAME);
    buffer_printf(&value, "%s%s\"}", KEY_START, hex);
    const struct message message = {buffer_str(&name), buffer_str(&value)};
    feed->keyed = producer_commit(feed->producer, NULL, 0, &message, 1, error);
    buffer_clear(&name);
    buffer_clear(&value);
    return feed->keyed;
}

void feed_sampling_stop(struct feed *feed)
{
    sampler_free(feed->sampler);
    feed->sampler = NULL;
}

/* All that share a key are kept or left out together: a group is of use as a whole only. */
static uint64_t randomness_of(const struct feed *feed, struct str key, const char *object,
                              int64_t line)
{
    if (key.data)
        return sampling_randomness(feed->key, key);
    struct buffer place = {0};
    buffer_printf(&place, "%s:%" PRId64, object, line);
    uint64_t randomness = sampling_randomness(feed->key, buffer_str(&place));
    buffer_clear(&place);
    return randomness;
}

/* A group or a session, not the id of one record alone. */
static bool is_shared(const struct envelope *envelope)
{
    for (size_t i = 0; i < ENVELOPE_IDS; i++)
        if (str_equal(envelope->key, envelope->ids[i]))
            return false;
    return envelope->key.data != NULL;
}

/* 0: of what is kept or left out together, and of what cannot be read. */
static uint64_t shape_of(struct feed *feed, const struct envelope *envelope)
{
    struct sample sample;
    struct capture_reason reason;
    if (feed->config->sampler.novelty <= 0 || is_shared(envelope) ||
        !capture_decode(envelope->line, STR("line"), &feed->arena, &sample, &reason))
        return 0;
    return sampler_shape(feed->key, sample.last_user);
}

double feed_sampling_probability(struct feed *feed, const struct envelope *envelope,
                                 const char *object, int64_t line)
{
    struct str said = named_find(&feed->config->strata, envelope->stratum);
    if (!said.data && !feed->sampler)
        return 1;
    double p = said.data ? strtod(said.data, NULL)
                         : sampler_probability(feed->sampler,
                                               hash_sip(feed->key, envelope->stratum),
                                               shape_of(feed, envelope));
    uint64_t threshold = sampling_threshold(p);
    bool kept = sampling_keeps(randomness_of(feed, envelope->key, object, line), threshold);
    return kept ? sampling_probability(threshold) : 0;
}
