/* check_echo: does the response only say the prompt again? */
#include "evaluators/formats/check.h"

#include "evaluators/formats/hash_set.h"

enum { RUN_WORDS_MIN = 12 }; /* shorter runs are how one takes up a question */

struct words {
    const uint64_t *hashes;
    size_t count;
};

static const uint64_t BASE = 0x9E3779B97F4A7C15u | 1;

/* A run's hash as a polynomial, so that the next one is a step away (Karp and Rabin 1987). Words
 * are mixed hashes already. */
struct rolling {
    uint64_t hash, power; /* power: BASE^(length - 1) */
};

static struct rolling rolling_start(struct words words, size_t length)
{
    struct rolling rolling = {0, 1};
    for (size_t i = 0; i < length; i++) {
        rolling.hash = rolling.hash * BASE + words.hashes[i];
        rolling.power *= i ? BASE : 1;
    }
    return rolling;
}

static void rolling_step(struct rolling *rolling, uint64_t leaves, uint64_t enters)
{
    rolling->hash = (rolling->hash - leaves * rolling->power) * BASE + enters;
}

/* Whether some run of `length` words is in both. */
static bool share_run(struct words a, struct words b, size_t length, struct hash_set *set)
{
    if (length > a.count || length > b.count)
        return false;
    hash_set_reset(set);
    struct rolling rolling = rolling_start(a, length);
    for (size_t i = 0; i + length <= a.count; i++) {
        hash_set_add(set, rolling.hash);
        if (i + length < a.count)
            rolling_step(&rolling, a.hashes[i], a.hashes[i + length]);
    }
    rolling = rolling_start(b, length);
    for (size_t i = 0; i + length <= b.count; i++) {
        if (hash_set_has(set, rolling.hash))
            return true;
        if (i + length < b.count)
            rolling_step(&rolling, b.hashes[i], b.hashes[i + length]);
    }
    return false;
}

enum check_result check_echo(const struct check_options *options, const struct sample *sample,
                             struct arena *arena, const char **out_reason)
{
    struct words prompt, response;
    prompt.count = check_words(check_head(sample->prompt), arena, (uint64_t **)&prompt.hashes);
    response.count =
        check_words(check_head(sample->response), arena, (uint64_t **)&response.hashes);
    *out_reason = "no_prompt";
    if (prompt.count == 0)
        return CHECK_UNKNOWN;
    /* A run of that length, or longer, has one of exactly that length in it. */
    double wanted = options->echoed_share * (double)response.count;
    size_t length = (size_t)wanted + ((double)(size_t)wanted < wanted);
    length = length < RUN_WORDS_MIN ? RUN_WORDS_MIN : length;
    struct hash_set set = hash_set_new(prompt.count, arena);
    *out_reason = "echo_of_prompt";
    return share_run(prompt, response, length, &set) ? CHECK_BROKEN : CHECK_FINE;
}
