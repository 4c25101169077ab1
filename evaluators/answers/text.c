/* text: white space, words, and the tokenisers of the published metrics. */
#include "evaluators/answers/text.h"

#include "schema/base/utf8.h"
#include "evaluators/answers/unicode.h"
#include "evaluators/answers/words.h"

struct range {
    uint32_t first, last;
};

/* utf8_next, without a call where a byte is a code point: most of what is read. */
static inline uint32_t next_code_point(struct str text, size_t *at)
{
    unsigned char byte = (unsigned char)text.data[*at];
    if (byte >= 0x80)
        return utf8_next(text, at);
    ++*at;
    return byte;
}

static bool in_ranges(uint32_t code_point, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count && code_point >= ranges[i].first; i++)
        if (code_point <= ranges[i].last)
            return true;
    return false;
}

bool text_is_space(uint32_t code_point)
{
    if (code_point > 0x20 && code_point < 0x80)
        return false;
    static const struct range SPACES[] = {
        {0x09, 0x0D},     {0x1C, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
        {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
    };
    return in_ranges(code_point, SPACES, sizeof SPACES / sizeof *SPACES);
}

static bool is_ascii_alnum(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool text_is_word(uint32_t code_point)
{
    if (code_point < 0x80)
        return is_ascii_alnum(code_point) || code_point == '_';
    return unicode_is_word(code_point);
}

/* The byte where the code point begins that ends at `end`. */
static size_t previous(struct str text, size_t end)
{
    size_t at = end - 1;
    while (at > 0 && ((unsigned char)text.data[at] & 0xC0) == 0x80)
        at--;
    return at;
}

struct str text_trim(struct str text)
{
    size_t start = 0, end = text.size;
    while (start < end) {
        size_t next = start;
        if (!text_is_space(utf8_next(text, &next)))
            break;
        start = next;
    }
    while (end > start) {
        size_t at = previous(text, end), next = at;
        if (!text_is_space(utf8_next(text, &next)))
            break;
        end = at;
    }
    return (struct str){text.data + start, end - start};
}

/* The small letter, if it has as many bytes. */
static size_t put_lower(uint32_t code_point, size_t size, char *out)
{
    char lower[4];
    if (utf8_put(unicode_lower_code_point(code_point), lower) != size)
        return utf8_put(code_point, out);
    memcpy(out, lower, size);
    return size;
}

struct str text_lower(struct str text, struct arena *arena)
{
    char *lower = arena_alloc(arena, text.size + 1);
    for (size_t at = 0; at < text.size;) {
        char c = text.data[at];
        if (!(c & 0x80)) {
            lower[at++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
            continue;
        }
        size_t start = at;
        uint32_t code_point = utf8_next(text, &at);
        put_lower(code_point, at - start, lower + start);
    }
    lower[text.size] = '\0';
    return (struct str){lower, text.size};
}

size_t text_find(struct str text, struct str needle)
{
    if (needle.size == 0)
        return 0;
    const char *at = text.size ? memmem(text.data, text.size, needle.data, needle.size) : NULL;
    return at ? (size_t)(at - text.data) : text.size + 1;
}

static bool is_punctuation(char c)
{
    return c > ' ' && c < 0x7F && !is_ascii_alnum((unsigned char)c);
}

/* Deletes the 32 ASCII punctuation characters. */
static size_t delete_punctuation(char *text, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++)
        if (!is_punctuation(text[i]))
            text[kept++] = text[i];
    return kept;
}

static bool is_article(const char *word, size_t size)
{
    return (size == 1 && word[0] == 'a') || (size == 2 && memcmp(word, "an", 2) == 0) ||
           (size == 3 && memcmp(word, "the", 3) == 0);
}

/* Blanks what `\b(a|an|the)\b` matches: runs of word characters that are an article. */
static void blank_articles_squad(char *text, size_t size)
{
    struct str whole = {text, size};
    size_t run = 0;
    for (size_t at = 0; at <= size;) {
        size_t next = at;
        if (at < size && text_is_word(next_code_point(whole, &next))) {
            at = next;
            continue;
        }
        if (is_article(text + run, at - run))
            memset(text + run, ' ', at - run);
        at = run = at < size ? next : size + 1;
    }
}

/* Blanks articles that stand between single spaces, as `text.split(" ")` finds them. */
static void blank_articles_fmeval(char *text, size_t size)
{
    size_t run = 0;
    for (size_t at = 0; at <= size; at++) {
        if (at < size && text[at] != ' ')
            continue;
        if (is_article(text + run, at - run))
            memset(text + run, ' ', at - run);
        run = at + 1;
    }
}

static bool is_rouge_separator(uint32_t code_point)
{
    return !is_ascii_alnum(code_point);
}

/* Maximal runs of code points that are no separators. */
static bool split(struct str text, bool (*is_separator)(uint32_t), struct arena *arena,
                  struct text_tokens *out)
{
    size_t room = text.size / 2 + 1; /* a token and its separator take two bytes */
    room = room > TEXT_TOKENS_MAX ? TEXT_TOKENS_MAX : room;
    struct str *items = arena_alloc(arena, room * sizeof *items);
    size_t count = 0, start = 0;
    bool inside = false;
    for (size_t at = 0; at <= text.size;) {
        size_t next = at + 1;
        bool separator = true;
        if (at < text.size) {
            next = at;
            separator = is_separator(next_code_point(text, &next));
        }
        if (!separator && !inside)
            start = at;
        if (separator && inside) {
            if (count == room)
                return false;
            items[count++] = (struct str){text.data + start, at - start};
        }
        inside = !separator;
        at = next;
    }
    *out = (struct text_tokens){items, count};
    return true;
}

bool text_split(struct str text, struct arena *arena, struct text_tokens *out)
{
    return split(text, text_is_space, arena, out);
}

bool text_tokenise(enum text_style style, struct str text, struct arena *arena,
                   struct text_tokens *out)
{
    if (style == TEXT_WORDS)
        return words_split(text, arena, out);
    struct str lower = unicode_lower(style == TEXT_FMEVAL ? text_trim(text) : text, arena);
    if (style == TEXT_ROUGE)
        return split(lower, is_rouge_separator, arena, out);
    char *cleaned = (char *)lower.data; /* fresh from the arena: ours to change */
    size_t size = delete_punctuation(cleaned, lower.size);
    if (style == TEXT_FMEVAL)
        blank_articles_fmeval(cleaned, size);
    else
        blank_articles_squad(cleaned, size);
    return text_split((struct str){cleaned, size}, arena, out);
}

bool text_is_beyond_ascii(struct str text)
{
    bool letters = false;
    for (size_t at = 0; at < text.size;) {
        uint32_t code_point = next_code_point(text, &at);
        if (is_ascii_alnum(code_point))
            return false;
        letters = letters || (code_point >= 0x80 && text_is_word(code_point));
    }
    return letters;
}
