/* feed_sampling: which records are sent, and with what probability. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "schema/base/clock.h"
#include "schema/capture.h"
#include "worker/feed/feed_inside.h"

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
    if (!feed->config->envelope.sampled)
        return true;
    if (!feed->keyed) {
        hash_random(feed->key, sizeof feed->key);
        hash_hex(feed->key, sizeof feed->key, hex);
        struct buffer name = {0}, value = {0};
        buffer_printf(&name, "%s/%s", feed->config->kafka.name, KEY_NAME);
        buffer_printf(&value, "%s%s\"}", KEY_START, hex);
        const struct message message = {buffer_str(&name), buffer_str(&value)};
        feed->keyed = producer_commit(feed->producer, NULL, 0, &message, 1, error);
        buffer_clear(&name);
        buffer_clear(&value);
    }
    struct sampler_config config = feed->config->sampler;
    memcpy(config.key, feed->key, sizeof config.key);
    feed->sampler = feed->keyed ? sampler_new(&config) : NULL;
    return feed->keyed;
}

void feed_sampling_stop(struct feed *feed)
{
    sampler_free(feed->sampler);
    feed->sampler = NULL;
}

/* Absent of what goes together with others, and of what cannot be read. */
static struct str prompt_of(struct feed *feed, const struct envelope *envelope)
{
    struct sample sample;
    struct capture_reason reason;
    bool wanted = feed->config->sampler.novelty > 0 && !envelope->shared;
    if (!wanted ||
        !capture_decode(envelope->line, STR("line"), &feed->arena, &sample, &reason))
        return (struct str){0};
    return sample.last_user;
}

double feed_sampling_probability(struct feed *feed, const struct envelope *envelope,
                                 const char *object, int64_t line)
{
    if (!feed->sampler)
        return 1;
    struct buffer place = {0}; /* stands for the id of a record that has none */
    if (!envelope->key.data)
        buffer_printf(&place, "%s:%" PRId64, object, line);
    const struct sampler_record record = {
        .id = envelope->key.data ? envelope->key : buffer_str(&place),
        .name = envelope->stratum,
        .stratum = envelope->stratum,
        .prompt = prompt_of(feed, envelope),
        .grouped = envelope->grouped};
    struct sampler_decision decision = sampler_decide(feed->sampler, &record, clock_steady_ms());
    buffer_clear(&place);
    return decision.keep ? decision.probability : 0;
}
