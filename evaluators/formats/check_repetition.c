/* check_repetition: does a reply go round in a loop? */
#include "evaluators/formats/check.h"

#include <string.h>
#include "schema/base/utf8.h"
#include "evaluators/answers/text.h"
#include "evaluators/formats/hash_set.h"

enum {
    LOOP_BYTES_MIN = 160, /* of the tail that repeats: a refrain is shorter */
    LOOP_TURNS_MIN = 5,   /* times that the same stands there */
    RUN_WORDS = 4,        /* seq-rep-4: Welleck et al. 2020, "Neural text generation with
                           * unlikelihood training" */
    RUNS_MIN = 60,        /* fewer tell nothing */
};

/* Bytes from the start of the last word character to the end; more than there are: none. */
static size_t last_word_distance(struct str text)
{
    size_t distance = text.size + 1;
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        if (text_is_word(utf8_next(text, &at)))
            distance = text.size - start;
    }
    return distance;
}

/* Whether the text ends in LOOP_TURNS_MIN or more copies of one piece that has a word in it (so
 * that no line of dashes counts). The prefix function of the text read backwards, which Knuth,
 * Morris and Pratt (1977) compute in linear time, has the shortest period of every tail. */
static bool ends_in_a_loop(struct str text, struct arena *arena)
{
    size_t tail_min = last_word_distance(text);
    tail_min = tail_min < LOOP_BYTES_MIN ? LOOP_BYTES_MIN : tail_min;
    const char *last = text.data + text.size - 1;
    uint32_t *border = arena_new(arena, text.size + 1, sizeof *border);
    for (size_t i = 1, length = 0; i < text.size; i++) {
        while (length > 0 && last[-(ptrdiff_t)i] != last[-(ptrdiff_t)length])
            length = border[length - 1];
        length += last[-(ptrdiff_t)i] == last[-(ptrdiff_t)length];
        border[i] = (uint32_t)length;
        size_t tail = i + 1, period = tail - length;
        if (tail >= tail_min && tail >= LOOP_TURNS_MIN * period)
            return true;
    }
    return false;
}

/* Runs of RUN_WORDS words that stood before, as a share of all runs: 1 - different / all. */
static double repeated_share(const uint64_t *words, size_t count, struct arena *arena)
{
    size_t runs = count < RUN_WORDS ? 0 : count - RUN_WORDS + 1, repeated = 0;
    if (runs < RUNS_MIN)
        return 0;
    struct hash_set seen = hash_set_new(runs, arena);
    for (size_t i = 0; i < runs; i++) {
        uint64_t hash = 0;
        for (size_t k = 0; k < RUN_WORDS; k++)
            hash = (hash ^ words[i + k]) * 0x100000001B3u + (hash >> 31);
        repeated += !hash_set_add(&seen, hash);
    }
    return (double)repeated / (double)runs;
}

enum check_result check_repetition(const struct check_options *options,
                                   const struct sample *sample, struct arena *arena,
                                   const char **out_reason)
{
    struct str text = text_trim(check_tail(sample->response));
    uint64_t *words;
    size_t count = check_words(text, arena, &words);
    *out_reason = "repetition_loop";
    if (text.size == 0)
        return CHECK_FINE;
    bool loops = ends_in_a_loop(text, arena) ||
                 repeated_share(words, count, arena) >= options->repeated_share;
    return loops ? CHECK_BROKEN : CHECK_FINE;
}
