/* validators: arithmetic that tells a real number, key or address from one that only looks so. */
#include "evaluators/rules/validators.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct validator_kind {
    const char *name;
    bool has_bound; /* written name>=number or name>number */
    bool may_start_later;
    bool (*passes)(struct str found, double bound);
};

enum { DIGITS_MAX = 40, IBAN_BYTES_MAX = 34 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The digits of `found`, others left out; how many, at most DIGITS_MAX. */
static size_t collect_digits(struct str found, char out[DIGITS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < found.size && count < DIGITS_MAX; i++)
        if (is_digit(found.data[i]))
            out[count++] = found.data[i];
    return count;
}

static int number_of(const char *digits, size_t count)
{
    int number = 0;
    for (size_t i = 0; i < count; i++)
        number = number * 10 + (digits[i] - '0');
    return number;
}

/* ISO/IEC 7812-1, annex B. A row of one digit passes the sum by accident and is refused. */
static bool luhn(struct str found, double bound)
{
    (void)bound;
    char digits[DIGITS_MAX];
    size_t count = collect_digits(found, digits);
    unsigned sum = 0;
    bool all_equal = true;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(digits[count - 1 - i] - '0');
        if (i % 2)
            digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
        all_equal &= digits[i] == digits[0];
    }
    return count >= 2 && !all_equal && sum % 10 == 0;
}

/* Lengths of the IBAN registry (SWIFT, ISO 13616): country, characters. */
static const char IBAN_LENGTHS[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24"
    "FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32"
    "LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24"
    "RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

static size_t iban_length(const char *country)
{
    for (const char *entry = IBAN_LENGTHS; *entry; entry += 4)
        if (entry[0] == country[0] && entry[1] == country[1])
            return (size_t)number_of(entry + 2, 2);
    return 0;
}

/* ISO 13616: the first four characters go last, letters count 10 to 35, the rest modulo 97 is 1. */
static bool iban_mod97(struct str found, double bound)
{
    (void)bound;
    char iban[IBAN_BYTES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < found.size; i++) {
        char c = found.data[i];
        if (!is_digit(c) && !is_letter(c))
            continue;
        if (count == IBAN_BYTES_MAX)
            return false;
        iban[count++] = is_letter(c) ? (char)(c & ~0x20) : c;
    }
    if (count < 5 || iban_length(iban) != count)
        return false;
    unsigned rest = 0;
    for (size_t i = 0; i < count; i++) {
        char c = iban[(i + 4) % count];
        rest =
            is_digit(c) ? rest * 10 + (unsigned)(c - '0') : rest * 100 + (unsigned)(c - 'A' + 10);
        rest %= 97;
    }
    return rest == 1;
}

/* Never issued: area 000, 666 and 900 to 999, group 00, serial 0000 (SSA, since 2011), the two
 * numbers that advertisements made unusable, and rows of one digit. */
static bool ssn_area(struct str found, double bound)
{
    (void)bound;
    char digits[DIGITS_MAX];
    if (collect_digits(found, digits) != 9)
        return false;
    int area = number_of(digits, 3), group = number_of(digits + 3, 2);
    int serial = number_of(digits + 5, 4), all = number_of(digits, 9);
    return area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && all != 78051120 &&
           all != 219099999 && all % 111111111 != 0;
}

static bool ipv4_octets(struct str found, double bound)
{
    (void)bound;
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    if (found.size >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", STR_ARGS(found));
    return inet_pton(AF_INET, text, &address) == 1;
}

static bool ipv6(struct str found, double bound)
{
    (void)bound;
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (found.size >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", STR_ARGS(found));
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* North American numbering plan: area and exchange start with 2 to 9, no N11 area. */
static bool nanp(struct str found, double bound)
{
    (void)bound;
    char digits[DIGITS_MAX];
    size_t count = collect_digits(found, digits), skip = 0;
    if (count >= 11 && digits[0] == '1')
        skip = 1;
    if (count - skip < 10)
        return false;
    const char *number = digits + skip;
    bool service = number[1] == '1' && number[2] == '1';
    return number[0] >= '2' && number[3] >= '2' && !service;
}

static bool digits(struct str found, double bound)
{
    char collected[DIGITS_MAX];
    return (double)collect_digits(found, collected) >= bound;
}

/* Shannon entropy of the bytes, bits a byte. */
static bool entropy(struct str found, double bound)
{
    size_t counts[256] = {0};
    for (size_t i = 0; i < found.size; i++)
        counts[(unsigned char)found.data[i]]++;
    double bits = 0;
    for (size_t i = 0; i < 256; i++) {
        if (counts[i]) {
            double share = (double)counts[i] / (double)found.size;
            bits -= share * log2(share);
        }
    }
    return found.size > 0 && bits >= bound;
}

/* How many different bytes there are. */
static bool distinct(struct str found, double bound)
{
    bool seen[256] = {false};
    size_t count = 0;
    for (size_t i = 0; i < found.size; i++) {
        bool *byte = &seen[(unsigned char)found.data[i]];
        count += !*byte;
        *byte = true;
    }
    return (double)count >= bound;
}

/* A letter and a digit: words and plain numbers fail. */
static bool mixed(struct str found, double bound)
{
    (void)bound;
    bool letter = false, digit = false;
    for (size_t i = 0; i < found.size; i++) {
        letter |= is_letter(found.data[i]);
        digit |= is_digit(found.data[i]);
    }
    return letter && digit;
}

static const struct validator_kind KINDS[] = {
    {"luhn", false, true, luhn},         {"iban_mod97", false, true, iban_mod97},
    {"ssn_area", false, true, ssn_area}, {"ipv4_octets", false, false, ipv4_octets},
    {"ipv6", false, false, ipv6},        {"nanp", false, true, nanp},
    {"digits", true, false, digits},     {"entropy", true, false, entropy},
    {"distinct", true, false, distinct}, {"mixed", false, false, mixed},
};

static bool unknown(struct error *error)
{
    char list[300] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS && used < sizeof list; i++) {
        int more = snprintf(list + used, sizeof list - used, "%s%s%s", i ? ", " : "", KINDS[i].name,
                            KINDS[i].has_bound ? ">=NUMBER" : "");
        used += more > 0 ? (size_t)more : 0;
    }
    return error_set(error, ERROR_INPUT, "is not a validator; known: %s", list);
}

/* ">=number" or ">number". */
static bool read_bound(struct str text, double *out_bound)
{
    char number[16], *end;
    size_t size = text.size > 1 && text.data[1] == '=' ? 2 : 1;
    if (text.size <= size || text.data[0] != '>' || text.size - size >= sizeof number ||
        !is_digit(text.data[size]))
        return false;
    snprintf(number, sizeof number, "%.*s", (int)(text.size - size), text.data + size);
    double bound = strtod(number, &end);
    *out_bound = size == 2 ? bound : nextafter(bound, INFINITY);
    return *end == '\0' && isfinite(bound);
}

bool validator_read(struct str text, struct validator *out, struct error *error)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        const struct validator_kind *kind = &KINDS[i];
        size_t size = strlen(kind->name);
        double bound = 0;
        if (text.size < size || memcmp(text.data, kind->name, size) != 0)
            continue;
        struct str rest = {text.data + size, text.size - size};
        if (!kind->has_bound && rest.size > 0)
            continue;
        if (kind->has_bound && !read_bound(rest, &bound))
            continue;
        *out = (struct validator){kind, bound};
        return true;
    }
    return unknown(error);
}

bool validator_passes(const struct validator *validator, struct str found)
{
    return validator->kind->passes(found, validator->bound);
}

bool validator_may_start_later(const struct validator *validator)
{
    return validator->kind->may_start_later;
}
