/* numbers: the numbers that stand in a text, compared as decimals. */
#include "evaluators/answers/numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "schema/base/utf8.h"
#include "evaluators/answers/text.h"

enum {
    EXPONENT_MAX = 1000000000, /* larger ones are read as this */
    FRACTION_DIGITS_MAX = 18,  /* of a numerator or denominator: fits 64 bits */
    VALUE_DIGITS = 40,         /* digits that a long double can tell apart, and some more */
};

/* Digits of one literal: where it stands and what it is made of. */
struct literal {
    size_t start, end;
    bool integer; /* neither point nor exponent */
};

/* What was found, before anything is computed from it. */
struct found {
    bool negative;
    bool fraction, mixed;                         /* mixed: literal whole before the fraction */
    struct literal whole, numerator, denominator; /* a plain number is `whole` */
    size_t start, end;
};

static const char *const CURRENCIES[] = {"\\$", "$", "€", "£", "¥", "₹"};
static const char *const MINUSES[] = {"-", "\xE2\x88\x92"};
static const char *const GROUP_MARKS[] = {",", "{,}", "\\,"};
static const char *const FRACTION_MARKS[] = {"\\frac{", "\\dfrac{", "\\tfrac{"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool digit_at(struct str text, size_t at)
{
    return at < text.size && text.data[at] >= '0' && text.data[at] <= '9';
}

static bool letter_at(struct str text, size_t at)
{
    return at < text.size && (text.data[at] | 0x20) >= 'a' && (text.data[at] | 0x20) <= 'z';
}

static bool char_at(struct str text, size_t at, char c)
{
    return at < text.size && text.data[at] == c;
}

/* Bytes of the word that stands at `at`; 0 when none of them does. */
static size_t word_at(struct str text, size_t at, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(words[i]);
        if (at <= text.size && text.size - at >= size &&
            memcmp(text.data + at, words[i], size) == 0)
            return size;
    }
    return 0;
}

static size_t digits_end(struct str text, size_t at)
{
    while (digit_at(text, at))
        at++;
    return at;
}

/* Behind a group of exactly `digits` digits and the mark before it; `at` when there is none. */
static size_t group_end(struct str text, size_t at, const char *mark, size_t digits)
{
    size_t start = at + word_at(text, at, &mark, 1);
    size_t end = digits_end(text, start);
    return start > at && end - start == digits ? end : at;
}

/* Behind the thousands of a number whose first digits end at `at`: 1,234,567 or 1,45,000. */
static size_t groups_end(struct str text, size_t start, size_t at)
{
    if (at - start > 3)
        return at;
    for (size_t i = 0; i < COUNT(GROUP_MARKS); i++) {
        size_t end = at, next;
        while ((next = group_end(text, end, GROUP_MARKS[i], 3)) > end)
            end = next;
        if (end > at)
            return end;
        while ((next = group_end(text, end, GROUP_MARKS[i], 2)) > end)
            end = next;
        next = group_end(text, end, GROUP_MARKS[i], 3);
        if (end > at && next > end && at - start <= 2)
            return next;
    }
    return at;
}

static size_t exponent_end(struct str text, size_t at)
{
    if (!char_at(text, at, 'e') && !char_at(text, at, 'E'))
        return at;
    size_t digits = at + 1;
    if (char_at(text, digits, '+') || char_at(text, digits, '-'))
        digits++;
    size_t end = digits_end(text, digits);
    return end > digits && !letter_at(text, end) ? end : at;
}

static bool read_literal(struct str text, size_t at, struct literal *out)
{
    size_t end = digits_end(text, at);
    bool leading_point = end == at && char_at(text, at, '.') && digit_at(text, at + 1) &&
                         !(at > 0 && (digit_at(text, at - 1) || letter_at(text, at - 1)));
    if (end == at && !leading_point)
        return false;
    if (!leading_point)
        end = groups_end(text, at, end);
    size_t integer_end = end;
    if (char_at(text, end, '.') && digit_at(text, end + 1))
        end = digits_end(text, end + 1);
    end = exponent_end(text, end);
    *out = (struct literal){at, end, end == integer_end};
    return true;
}

/* Plain digits that fit 64 bits. */
static bool read_small(struct str text, size_t at, struct literal *out)
{
    size_t end = digits_end(text, at);
    *out = (struct literal){at, end, true};
    return end > at && end - at <= FRACTION_DIGITS_MAX;
}

static bool is_zero(struct str text, struct literal literal)
{
    for (size_t i = literal.start; i < literal.end; i++)
        if (text.data[i] != '0')
            return false;
    return true;
}

/* 3/4, but neither a date (3/4/2024) nor a ratio of decimals. */
static bool read_slashed(struct str text, size_t at, struct found *out)
{
    struct literal numerator, denominator;
    if (!read_small(text, at, &numerator) || !char_at(text, numerator.end, '/') ||
        (at > 0 && text.data[at - 1] == '/') ||
        !read_small(text, numerator.end + 1, &denominator) || is_zero(text, denominator))
        return false;
    size_t end = denominator.end;
    if (char_at(text, end, '/') || (char_at(text, end, '.') && digit_at(text, end + 1)))
        return false;
    out->fraction = true;
    out->numerator = numerator;
    out->denominator = denominator;
    out->end = end;
    return true;
}

/* \frac{3}{4} */
static bool read_latex(struct str text, size_t at, struct found *out)
{
    size_t mark = word_at(text, at, FRACTION_MARKS, COUNT(FRACTION_MARKS));
    struct literal numerator, denominator;
    if (!mark || !read_small(text, at + mark, &numerator) || !char_at(text, numerator.end, '}') ||
        !char_at(text, numerator.end + 1, '{') ||
        !read_small(text, numerator.end + 2, &denominator) || is_zero(text, denominator) ||
        !char_at(text, denominator.end, '}'))
        return false;
    out->fraction = true;
    out->numerator = numerator;
    out->denominator = denominator;
    out->end = denominator.end + 1;
    return true;
}

/* A fraction behind a whole number makes both one: "1 3/4", "1\frac{3}{4}". */
static void extend_mixed(struct str text, struct found *found)
{
    size_t end = found->whole.end, digits = end - found->whole.start;
    if (!found->whole.integer || digits > FRACTION_DIGITS_MAX / 2)
        return;
    bool spaced = char_at(text, end, ' ') && read_slashed(text, end + 1, found);
    if (spaced || read_latex(text, end, found))
        found->mixed = true;
}

/* Is what ends at `at` a word or a bracket, so that a dash behind it joins or subtracts? */
static bool joined_before(struct str text, size_t at)
{
    if (at == 0)
        return false;
    size_t start = at - 1;
    while (start > 0 && ((unsigned char)text.data[start] & 0xC0) == 0x80)
        start--;
    uint32_t code_point = utf8_next(text, &start);
    return code_point == ')' || text_is_word(code_point);
}

static bool read_at(struct str text, size_t at, struct found *out)
{
    *out = (struct found){.start = at};
    size_t minus = word_at(text, at, MINUSES, COUNT(MINUSES));
    if (minus) {
        if (joined_before(text, at))
            return false;
        at += minus;
        at += word_at(text, at, CURRENCIES, COUNT(CURRENCIES));
        out->negative = true;
    }
    if (read_latex(text, at, out) || read_slashed(text, at, out))
        return true;
    if (!read_literal(text, at, &out->whole))
        return false;
    out->end = out->whole.end;
    extend_mixed(text, out);
    return true;
}

/* The next number at or behind `from`. */
static bool find_next(struct str text, size_t from, struct found *out)
{
    for (size_t at = from; at < text.size; at++) {
        char c = text.data[at];
        bool can_start =
            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '\\' || c == MINUSES[1][0];
        if (can_start && read_at(text, at, out))
            return true;
    }
    return false;
}

/* Cuts zeros at both ends and settles what follows from the digits. */
static void settle(struct number *number)
{
    struct str *digits = &number->digits;
    while (digits->size && digits->data[0] == '0')
        digits->data++, digits->size--;
    while (digits->size && digits->data[digits->size - 1] == '0')
        digits->size--, number->exponent++;
    if (!digits->size) {
        number->exponent = 0;
        number->negative = false;
    }
    number->whole = number->exact && number->exponent >= 0;
}

static int64_t read_exponent(struct str text, size_t at, size_t end)
{
    bool negative = text.data[at] == '-';
    int64_t exponent = 0;
    for (; at < end; at++)
        if (digit_at(text, at) && exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (text.data[at] - '0');
    exponent = exponent > EXPONENT_MAX ? EXPONENT_MAX : exponent;
    return negative ? -exponent : exponent;
}

static void set_literal(struct str text, struct literal literal, struct arena *arena,
                        struct number *out)
{
    char *digits = arena_alloc(arena, literal.end - literal.start + 1);
    size_t count = 0;
    bool behind_point = false;
    out->exact = true;
    out->exponent = 0;
    for (size_t at = literal.start; at < literal.end; at++) {
        char c = text.data[at];
        if (c == 'e' || c == 'E') {
            out->exponent += read_exponent(text, at + 1, literal.end);
            break;
        }
        if (c == '.')
            behind_point = true;
        if (c < '0' || c > '9')
            continue;
        digits[count++] = c;
        out->exponent -= behind_point;
    }
    out->digits = (struct str){digits, count};
}

static uint64_t small_value(struct str text, struct literal literal)
{
    uint64_t value = 0;
    for (size_t at = literal.start; at < literal.end; at++)
        if (digit_at(text, at))
            value = value * 10 + (uint64_t)(text.data[at] - '0');
    return value;
}

/* Is numerator/denominator a decimal that ends? */
static bool terminates(uint64_t numerator, uint64_t denominator)
{
    uint64_t a = numerator, b = denominator;
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    denominator /= a;
    while (denominator % 2 == 0)
        denominator /= 2;
    while (denominator % 5 == 0)
        denominator /= 5;
    return denominator == 1;
}

/* Rounded to 18 digits, through "d.ddddde+x". */
static void set_fraction(struct str text, const struct found *found, struct arena *arena,
                         struct number *out)
{
    uint64_t numerator = small_value(text, found->numerator);
    uint64_t denominator = small_value(text, found->denominator);
    uint64_t whole = found->mixed ? small_value(text, found->whole) : 0;
    long double value = (long double)whole + (long double)numerator / (long double)denominator;
    struct str printed = str_of(arena_printf(arena, "%.17Le", value));
    set_literal(printed, (struct literal){0, printed.size, false}, arena, out);
    out->exact = terminates(numerator, denominator);
}

static void finish(struct str text, const struct found *found, struct arena *arena,
                   struct number *out)
{
    struct number number = {.negative = found->negative, .start = found->start, .end = found->end};
    if (found->fraction)
        set_fraction(text, found, arena, &number);
    else
        set_literal(text, found->whole, arena, &number);
    settle(&number);
    *out = number;
}

bool number_first(struct str text, struct arena *arena, struct number *out)
{
    struct found found;
    if (!find_next(text, 0, &found))
        return false;
    finish(text, &found, arena, out);
    return true;
}

bool number_last(struct str text, struct arena *arena, struct number *out)
{
    struct found found, last = {0};
    size_t from = 0;
    while (find_next(text, from, &found)) {
        last = found;
        from = found.end;
    }
    if (!last.end)
        return false;
    finish(text, &last, arena, out);
    return true;
}

bool number_whole_text(struct str text, struct arena *arena, struct number *out)
{
    text = text_trim(text);
    size_t start = word_at(text, 0, CURRENCIES, COUNT(CURRENCIES));
    struct found found;
    if (!read_at(text, start, &found))
        return false;
    size_t at = found.end;
    at += char_at(text, at, '\\') && char_at(text, at + 1, '%');
    at += char_at(text, at, '%') ? 1 : word_at(text, at, CURRENCIES, COUNT(CURRENCIES));
    at += char_at(text, at, '.');
    if (at != text.size)
        return false;
    finish(text, &found, arena, out);
    return true;
}

struct str number_canonical(const struct number *number, struct arena *arena)
{
    if (!number->digits.size)
        return STR("0");
    return str_of(arena_printf(arena, "%s%.*se%lld", number->negative ? "-" : "",
                               STR_ARGS(number->digits), (long long)number->exponent));
}

static long double value_of(const struct number *number)
{
    char text[VALUE_DIGITS + 32];
    size_t size = number->digits.size < VALUE_DIGITS ? number->digits.size : VALUE_DIGITS;
    if (!size)
        return 0;
    int64_t exponent = number->exponent + (int64_t)(number->digits.size - size);
    snprintf(text, sizeof text, "%s%.*se%lld", number->negative ? "-" : "", (int)size,
             number->digits.data, (long long)exponent);
    return strtold(text, NULL);
}

static bool same_decimal(const struct number *a, const struct number *b)
{
    return a->negative == b->negative && a->exponent == b->exponent &&
           str_equal(a->digits, b->digits);
}

bool number_near(const struct number *a, const struct number *b, double difference)
{
    return same_decimal(a, b) || fabsl(value_of(a) - value_of(b)) <= (long double)difference;
}

bool number_equal(const struct number *a, const struct number *b, double relative)
{
    if (same_decimal(a, b))
        return true;
    bool by_default = relative < 0;
    if (by_default && a->whole && b->whole)
        return false;
    long double x = value_of(a), y = value_of(b);
    long double larger = fmaxl(fabsl(x), fabsl(y));
    return fabsl(x - y) <= (by_default ? 1e-9L : (long double)relative) * larger;
}
