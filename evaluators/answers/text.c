/* text: white space, words, and the tokenisers of the published metrics. */
#include "evaluators/answers/text.h"

#include "schema/base/utf8.h"

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
    /* What is not a word outside ASCII: Unicode 15's blocks of controls, punctuation, symbols,
     * arrows, box drawing, private use and emoji. */
    static const struct range OTHERS[] = {
        {0x80, 0xA9},       {0xAB, 0xB1},        {0xB4, 0xB4},     {0xB6, 0xB8},
        {0xBB, 0xBB},       {0xBF, 0xBF},        {0xD7, 0xD7},     {0xF7, 0xF7},
        {0x2000, 0x206F},   {0x20A0, 0x20CF},    {0x2190, 0x245F}, {0x2500, 0x2775},
        {0x2794, 0x2BFF},   {0x2E00, 0x2E7F},    {0x3000, 0x3004}, {0x3008, 0x3020},
        {0x3030, 0x3030},   {0x303D, 0x3040},    {0x30FB, 0x30FB}, {0xE000, 0xF8FF},
        {0xFD3E, 0xFD3F},   {0xFE00, 0xFE6F},    {0xFEFF, 0xFF0F}, {0xFF1A, 0xFF20},
        {0xFF3B, 0xFF40},   {0xFF5B, 0xFF65},    {0xFFE0, 0xFFFF}, {0x1F000, 0x1F0FF},
        {0x1F300, 0x1FAFF}, {0xE0000, 0x10FFFF},
    };
    if (code_point < 0x80)
        return is_ascii_alnum(code_point) || code_point == '_';
    return !in_ranges(code_point, OTHERS, sizeof OTHERS / sizeof *OTHERS);
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

/* Capitals at a fixed distance from their small letters, or side by side with them. In all of them
 * both have equally many bytes in UTF-8, so that offsets stay. */
static const struct capitals {
    uint32_t first, last;
    uint32_t distance; /* 1: pairs, the capital first; every second code point from `first` on */
} CAPITALS[] = {
    {'A', 'Z', 32},         {0xC0, 0xD6, 32},    {0xD8, 0xDE, 32},    {0x100, 0x12E, 1},
    {0x132, 0x136, 1},      {0x139, 0x147, 1},   {0x14A, 0x176, 1},   {0x179, 0x17D, 1},
    {0x1CD, 0x1DB, 1},      {0x1DE, 0x1EE, 1},   {0x1F8, 0x21E, 1},   {0x222, 0x232, 1},
    {0x386, 0x386, 38},     {0x388, 0x38A, 37},  {0x38C, 0x38C, 64},  {0x38E, 0x38F, 63},
    {0x391, 0x3A1, 32},     {0x3A3, 0x3AB, 32},  {0x400, 0x40F, 80},  {0x410, 0x42F, 32},
    {0x460, 0x480, 1},      {0x48A, 0x4BE, 1},   {0x4C1, 0x4CD, 1},   {0x4D0, 0x52E, 1},
    {0x531, 0x556, 48},     {0x1E00, 0x1E94, 1}, {0x1EA0, 0x1EFE, 1}, {0xFF21, 0xFF3A, 32},
    {0x10400, 0x10427, 40},
};

uint32_t text_lower_code_point(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof CAPITALS / sizeof *CAPITALS; i++) {
        const struct capitals *range = &CAPITALS[i];
        if (code_point < range->first)
            break;
        if (code_point <= range->last)
            return range->distance == 1 && (code_point - range->first) % 2 == 1
                       ? code_point
                       : code_point + range->distance;
    }
    return code_point == 0x178 ? 0xFF : code_point;
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
        utf8_put(text_lower_code_point(utf8_next(text, &at)), lower + start);
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

bool text_tokenise(enum text_style style, struct str text, struct arena *arena,
                   struct text_tokens *out)
{
    struct str lower = text_lower(style == TEXT_FMEVAL ? text_trim(text) : text, arena);
    if (style == TEXT_ROUGE)
        return split(lower, is_rouge_separator, arena, out);
    char *cleaned = (char *)lower.data; /* fresh from the arena: ours to change */
    size_t size = delete_punctuation(cleaned, lower.size);
    if (style == TEXT_FMEVAL)
        blank_articles_fmeval(cleaned, size);
    else
        blank_articles_squad(cleaned, size);
    return split((struct str){cleaned, size}, text_is_space, arena, out);
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
