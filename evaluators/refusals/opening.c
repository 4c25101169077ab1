/* opening: how a response begins, without what it only quotes. */
#include "evaluators/refusals/opening.h"

#include <stdbool.h>
#include <string.h>
#include "schema/base/utf8.h"
#include "evaluators/answers/sentences.h"
#include "evaluators/answers/text.h"

enum { QUOTATION_BYTES_MAX = 600 }; /* a mark without a partner so near is no quotation */

static const struct quotation {
    const char *open, *close;
    bool many_lines;
} QUOTATIONS[] = {
    {"```", "```", true},
    {"`", "`", false},
    {"\"", "\"", false},
    {"\u201C", "\u201D", false}, /* English, Chinese */
    {"\u201E", "\u201C", false}, /* German */
    {"\u00AB", "\u00BB", false}, /* French, Spanish, Italian */
    {"\u300C", "\u300D", false}, /* Japanese, Chinese */
    {"\u300E", "\u300F", false},
};

static bool begins_with(struct str text, size_t at, const char *prefix)
{
    if (text.data[at] != prefix[0])
        return false; /* nearly always, and much cheaper */
    size_t size = strlen(prefix);
    return text.size - at >= size && memcmp(text.data + at, prefix, size) == 0;
}

/* The byte behind the quotation that opens at `at`, or `at` when none does. */
static size_t quotation_end(struct str text, size_t at)
{
    for (size_t i = 0; i < sizeof QUOTATIONS / sizeof *QUOTATIONS; i++) {
        const struct quotation *quotation = &QUOTATIONS[i];
        if (!begins_with(text, at, quotation->open))
            continue;
        size_t bytes_max = quotation->many_lines ? text.size : QUOTATION_BYTES_MAX;
        for (size_t end = at + strlen(quotation->open);
             end < text.size && end - at < bytes_max; end++) {
            if (begins_with(text, end, quotation->close))
                return end + strlen(quotation->close);
            if (text.data[end] == '\n' && !quotation->many_lines)
                break;
        }
        if (quotation->many_lines)
            return text.size; /* a fence that is never closed holds the rest */
    }
    return at;
}

/* The byte behind a line that is quoted with ">", or `at`. */
static size_t quoted_line_end(struct str text, size_t at)
{
    if (text.data[at] != '>' || (at > 0 && text.data[at - 1] != '\n'))
        return at;
    const char *end = memchr(text.data + at, '\n', text.size - at);
    return end ? (size_t)(end - text.data) : text.size;
}

/* A copy with blanks for everything quoted: offsets stay. */
static struct str without_quotations(struct str text, struct arena *arena)
{
    char *copy = arena_alloc(arena, text.size + 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    for (size_t at = 0; at < text.size;) {
        size_t end = at ? quotation_end(text, at) : at;
        end = end == at ? quoted_line_end(text, at) : end;
        if (end > at)
            memset(copy + at, ' ', end - at);
        at = end > at ? end : at + 1;
    }
    return (struct str){copy, text.size};
}

static void find_sentences(struct opening *opening)
{
    size_t at = 0;
    struct str sentence;
    while (opening->sentences < OPENING_SENTENCES_MAX &&
           sentence_next(opening->text, &at, &sentence))
        opening->ends[opening->sentences++] = at;
    opening->text.size = opening->sentences ? opening->ends[opening->sentences - 1] : 0;
}

/* Not longer than bytes_max, and not cut inside a character. */
static struct str shortened(struct str text, size_t bytes_max)
{
    if (text.size <= bytes_max)
        return text;
    while (bytes_max > 0 && ((unsigned char)text.data[bytes_max] & 0xC0) == 0x80)
        bytes_max--;
    return (struct str){text.data, bytes_max};
}

struct opening opening_of(struct str text, struct arena *arena)
{
    if (text.size == 0)
        return (struct opening){.text = STR("")};
    size_t start = 0;
    for (size_t next = 0; next < text.size; start = next)
        if (!text_is_space(utf8_next(text, &next)))
            break;
    struct str rest = {text.data + start, text.size - start};
    struct opening opening = {
        .text = without_quotations(shortened(rest, OPENING_BYTES_MAX), arena)};
    find_sentences(&opening);
    return opening;
}

size_t opening_sentence_at(const struct opening *opening, size_t byte)
{
    size_t sentence = 0;
    while (sentence + 1 < opening->sentences && byte >= opening->ends[sentence])
        sentence++;
    return sentence;
}
