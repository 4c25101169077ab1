/* check_words: parts of a text, and its words as hashes. */
#include "evaluators/formats/check.h"

#include "evaluators/answers/words.h"

static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

struct str check_head(struct str text)
{
    size_t end = text.size < CHECK_WINDOW_BYTES ? text.size : CHECK_WINDOW_BYTES;
    while (end < text.size && end > 0 && is_inside_character(text.data[end]))
        end--;
    return (struct str){text.data, end};
}

struct str check_tail(struct str text)
{
    size_t start = text.size < CHECK_WINDOW_BYTES ? 0 : text.size - CHECK_WINDOW_BYTES;
    while (start < text.size && is_inside_character(text.data[start]))
        start++;
    return (struct str){text.data + start, text.size - start};
}

/* FNV-1a, 64 bits, with a last mix: equal words give equal numbers, and two different ones do so
 * by chance once in some 10^9 texts. */
static uint64_t hash_word(struct str word)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < word.size; i++)
        hash = (hash ^ (unsigned char)word.data[i]) * 0x100000001B3u;
    hash ^= hash >> 32;
    return hash * 0x9E3779B97F4A7C15u;
}

size_t check_words(struct str text, struct arena *arena, uint64_t **out_hashes)
{
    struct text_tokens words = {0};
    *out_hashes = NULL;
    if (!words_split(text, arena, &words))
        return 0;
    uint64_t *hashes = arena_alloc(arena, (words.count + 1) * sizeof *hashes);
    for (size_t i = 0; i < words.count; i++)
        hashes[i] = hash_word(words.items[i]);
    *out_hashes = hashes;
    return words.count;
}
