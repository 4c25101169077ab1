/* unicode: what characters are, and the forms texts are compared in. The one file that knows
 * utf8proc. */
#include "evaluators/answers/unicode.h"

#include <string.h>
#include <utf8proc.h>
#include "schema/base/utf8.h"

enum { ASCII = 0x80, UTF8_BYTES = 4 };

const char *const UNICODE_FORM_WORDS[] = {"as_is", "nfc", "nfkc", "casefold", NULL};

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t code_point, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count && code_point >= ranges[i].first; i++)
        if (code_point <= ranges[i].last)
            return true;
    return false;
}

static utf8proc_category_t category_of(uint32_t code_point)
{
    return utf8proc_category((utf8proc_int32_t)code_point);
}

static bool is_letter_or_digit(utf8proc_category_t category)
{
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

bool unicode_is_word(uint32_t code_point)
{
    return code_point == '_' || is_letter_or_digit(category_of(code_point));
}

enum unicode_part unicode_part_of(uint32_t code_point)
{
    static const struct range UNSPACED[] = {
        {0x0E00, 0x0EFF},   /* Thai, Lao */
        {0x1000, 0x109F},   /* Myanmar */
        {0x1780, 0x17FF},   /* Khmer */
        {0x3005, 0x3007},   /* iteration mark, closing mark, zero */
        {0x3040, 0x309F},   /* Hiragana */
        {0x3400, 0x4DBF},   /* Han */
        {0x4E00, 0x9FFF},   /* Han */
        {0xA9E0, 0xA9FF},   /* Myanmar */
        {0xAA60, 0xAA7F},   /* Myanmar */
        {0xF900, 0xFAFF},   /* Han */
        {0x20000, 0x3FFFF}, /* Han */
    };
    utf8proc_category_t category = category_of(code_point);
    if (is_letter_or_digit(category)) {
        bool unspaced = category == UTF8PROC_CATEGORY_LO &&
                        in_ranges(code_point, UNSPACED, sizeof UNSPACED / sizeof *UNSPACED);
        return unspaced ? UNICODE_ALONE : UNICODE_LETTER;
    }
    if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME)
        return UNICODE_MARK;
    return category == UTF8PROC_CATEGORY_SO ? UNICODE_ALONE : UNICODE_BETWEEN;
}

uint32_t unicode_lower_code_point(uint32_t code_point)
{
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)code_point);
}

/* Unicode 3.13, "final sigma": what has case, and what is looked through. */
static bool has_case(uint32_t code_point)
{
    static const struct range OTHERS[] = {
        {0xAA, 0xAA}, {0xBA, 0xBA}, {0x2160, 0x217F}, {0x24B6, 0x24E9}};
    utf8proc_category_t category = category_of(code_point);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LT) ||
           in_ranges(code_point, OTHERS, sizeof OTHERS / sizeof *OTHERS);
}

static bool is_looked_through(uint32_t code_point)
{
    static const struct range INSIDE_WORDS[] = {
        {0x27, 0x27},     {0x2E, 0x2E},     {0x3A, 0x3A},     {0xB7, 0xB7},
        {0x387, 0x387},   {0x55F, 0x55F},   {0x5F4, 0x5F4},   {0x2018, 0x2019},
        {0x2024, 0x2024}, {0x2027, 0x2027}, {0xFE13, 0xFE13}, {0xFE52, 0xFE52},
        {0xFE55, 0xFE55}, {0xFF07, 0xFF07}, {0xFF0E, 0xFF0E}, {0xFF1A, 0xFF1A},
    };
    switch (category_of(code_point)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
        return true;
    default:
        return in_ranges(code_point, INSIDE_WORDS, sizeof INSIDE_WORDS / sizeof *INSIDE_WORDS);
    }
}

/* Does a letter with case stand next to a sigma that begins at `start` and ends at `end`? Looked
 * through are at most UNICODE_MARKS_MAX code points on a side. */
static bool cased_before(struct str text, size_t start)
{
    for (int looked = 0; start > 0 && looked < UNICODE_MARKS_MAX; looked++) {
        do
            start--;
        while (start > 0 && ((unsigned char)text.data[start] & 0xC0) == 0x80);
        size_t at = start;
        uint32_t code_point = utf8_next(text, &at);
        if (!is_looked_through(code_point))
            return has_case(code_point);
    }
    return false;
}

static bool cased_behind(struct str text, size_t end)
{
    for (int looked = 0; end < text.size && looked < UNICODE_MARKS_MAX; looked++) {
        uint32_t code_point = utf8_next(text, &end);
        if (!is_looked_through(code_point))
            return has_case(code_point);
    }
    return false;
}

static size_t put_lower(struct str text, size_t start, size_t end, uint32_t code_point, char *out)
{
    static const char DOTTED_I[] = "i\xCC\x87";
    enum { CAPITAL_SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2, CAPITAL_DOTTED_I = 0x130 };
    if (code_point == CAPITAL_DOTTED_I) {
        memcpy(out, DOTTED_I, sizeof DOTTED_I - 1);
        return sizeof DOTTED_I - 1;
    }
    bool final =
        code_point == CAPITAL_SIGMA && cased_before(text, start) && !cased_behind(text, end);
    return utf8_put(final ? FINAL_SIGMA : unicode_lower_code_point(code_point), out);
}

struct str unicode_lower(struct str text, struct arena *arena)
{
    char *lower = arena_alloc(arena, text.size + text.size / 2 + UTF8_BYTES); /* 2 bytes become 3 */
    size_t size = 0;
    for (size_t at = 0; at < text.size;) {
        unsigned char c = (unsigned char)text.data[at];
        if (c < ASCII) {
            lower[size++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
            at++;
            continue;
        }
        size_t start = at;
        uint32_t code_point = utf8_next(text, &at);
        size += put_lower(text, start, at, code_point, lower + size);
    }
    return (struct str){lower, size};
}

static bool is_ascii(struct str text)
{
    unsigned char all = 0;
    for (size_t i = 0; i < text.size; i++)
        all |= (unsigned char)text.data[i];
    return all < ASCII;
}

/* Where the piece from `start` on ends: at the end, or where a run of marks becomes too long. */
static size_t piece_end(struct str text, size_t start)
{
    unsigned marks = 0;
    for (size_t at = start; at < text.size;) {
        size_t before = at;
        uint32_t code_point = utf8_next(text, &at);
        bool mark = utf8proc_get_property((utf8proc_int32_t)code_point)->combining_class > 0;
        marks = mark ? marks + 1 : 0;
        if (marks > UNICODE_MARKS_MAX)
            return before;
    }
    return text.size;
}

static size_t decompose(struct str text, size_t start, size_t end, int32_t *out, size_t room,
                        utf8proc_option_t options)
{
    utf8proc_ssize_t count =
        utf8proc_decompose((const utf8proc_uint8_t *)text.data + start,
                           (utf8proc_ssize_t)(end - start), out, (utf8proc_ssize_t)room, options);
    return count < 0 ? SIZE_MAX : (size_t)count;
}

/* Code points of the decomposed text; false: too many. */
static bool measure(struct str text, utf8proc_option_t options, size_t *out_count)
{
    *out_count = 0;
    if (text.size > (size_t)UNICODE_CODE_POINTS_MAX * UTF8_BYTES)
        return false;
    for (size_t start = 0, end; start < text.size; start = end) {
        end = piece_end(text, start);
        size_t count = decompose(text, start, end, NULL, 0, options);
        if (count > UNICODE_CODE_POINTS_MAX || *out_count + count > UNICODE_CODE_POINTS_MAX)
            return false;
        *out_count += count;
    }
    return true;
}

bool unicode_normalise(enum unicode_form form, struct str text, struct arena *arena,
                       struct str *out)
{
    static const utf8proc_option_t OPTIONS[] = {
        [UNICODE_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
        [UNICODE_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
        [UNICODE_CASEFOLD] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                             UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
    };
    if (form == UNICODE_AS_IS || is_ascii(text)) {
        *out = form == UNICODE_CASEFOLD ? unicode_lower(text, arena) : text;
        return true;
    }
    size_t room, size = 0;
    if (!measure(text, OPTIONS[form], &room))
        return false;
    int32_t *buffer = arena_alloc(arena, (room + 1) * sizeof *buffer);
    char *bytes = arena_alloc(arena, room * UTF8_BYTES + 1);
    for (size_t start = 0, end; start < text.size; start = end) {
        end = piece_end(text, start);
        size_t count = decompose(text, start, end, buffer, room, OPTIONS[form]);
        count = (size_t)utf8proc_normalize_utf32(buffer, (utf8proc_ssize_t)count, OPTIONS[form]);
        for (size_t i = 0; i < count; i++)
            size += utf8_put((uint32_t)buffer[i], bytes + size);
    }
    *out = (struct str){bytes, size};
    return true;
}
