/* pattern_parts: the parts of a pattern's text, as far as texts are to be made that it matches. */
#include "evaluators/rules/pattern_parts.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 200 }; /* PCRE2 compiles half of it; more is text that looks like groups */

struct reader {
    struct str source;
    size_t at;
    unsigned depth;
    bool extended;
    struct arena *arena;
};

static char peek(const struct reader *reader, size_t ahead)
{
    size_t at = reader->at + ahead;
    return at < reader->source.size ? reader->source.data[at] : '\0';
}

static bool starts_with(const struct reader *reader, const char *text)
{
    size_t size = strlen(text);
    return reader->source.size - reader->at >= size &&
           memcmp(reader->source.data + reader->at, text, size) == 0;
}

/* Behind the next `c`, or at the end. */
static void skip_past(struct reader *reader, char c)
{
    while (reader->at < reader->source.size && reader->source.data[reader->at] != c)
        reader->at++;
    if (reader->at < reader->source.size)
        reader->at++;
}

static struct part *new_part(struct reader *reader, enum part_kind kind, size_t start)
{
    struct part *part = arena_new(reader->arena, 1, sizeof *part);
    part->kind = kind;
    part->text = (struct str){reader->source.data + start, reader->at - start};
    return part;
}

static void read_class(struct reader *reader)
{
    reader->at++;
    reader->at += peek(reader, 0) == '^';
    reader->at += peek(reader, 0) == ']';
    while (reader->at < reader->source.size && peek(reader, 0) != ']') {
        if (starts_with(reader, "[:"))
            skip_past(reader, ']');
        else
            reader->at += peek(reader, 0) == '\\' ? 2 : 1;
    }
    skip_past(reader, ']');
}

/* Whether an escape stands for a character; reader->at is behind it either way. */
static bool read_escape(struct reader *reader)
{
    char c = peek(reader, 1);
    bool is_braced = peek(reader, 2) == '{' && strchr("xopPNgk", c);
    reader->at += reader->source.size - reader->at > 1 ? 2 : 1;
    if (c == 'Q')
        while (reader->at < reader->source.size && !starts_with(reader, "\\E"))
            reader->at++;
    else if (is_braced)
        skip_past(reader, '}');
    else if (c == 'x')
        for (int i = 0; i < 2 && strchr("0123456789abcdefABCDEF", peek(reader, 0)) &&
                        peek(reader, 0); i++)
            reader->at++;
    else if (strchr("pPc", c))
        reader->at++;
    else if (c >= '0' && c <= '9')
        while (peek(reader, 0) >= '0' && peek(reader, 0) <= '9')
            reader->at++;
    else if ((c == 'k' || c == 'g') && strchr("<'", peek(reader, 0)))
        reader->at++, skip_past(reader, peek(reader, 0) == '<' ? '>' : '\'');
    return c && !strchr("bBAzZGKEgkQ123456789", c);
}

/* One character of UTF-8. */
static void read_character(struct reader *reader)
{
    do
        reader->at++;
    while (((unsigned char)peek(reader, 0) & 0xc0) == 0x80);
}

static struct part *read_choice(struct reader *reader);

/* The inside of a group whose opening was read; reader->at goes behind its end. */
static struct part *read_group(struct reader *reader)
{
    bool extended = reader->extended;
    if (reader->depth++ == DEPTH_MAX)
        reader->at = reader->source.size;
    struct part *choice = read_choice(reader);
    reader->depth--;
    reader->extended = extended;
    reader->at += peek(reader, 0) == ')';
    return choice;
}

/* "(?i)", "(?x-s:": whether white space means nothing from here on. True when a group follows. */
static bool read_options(struct reader *reader)
{
    bool on = true;
    for (; reader->at < reader->source.size && !strchr(":)", peek(reader, 0)); reader->at++) {
        if (peek(reader, 0) == '-' || peek(reader, 0) == '^')
            on = false;
        if (peek(reader, 0) == 'x')
            reader->extended = on;
    }
    return peek(reader, 0) == ':';
}

static struct part *read_look(struct reader *reader, size_t start)
{
    struct part *child = read_group(reader);
    struct part *look = new_part(reader, PART_LOOK, start);
    look->child = child;
    return look;
}

static const struct {
    const char *opening;
    char until; /* what ends a name in it */
    enum { AS_GROUP, AS_LOOK, LEFT_OUT, COMMENT, REFERENCE } how;
} OPENINGS[] = {
    {"(?#", 0, COMMENT},      {"(?=", 0, AS_LOOK},     {"(?!", 0, AS_LOOK},
    {"(?<=", 0, LEFT_OUT},    {"(?<!", 0, LEFT_OUT},   {"(?:", 0, AS_GROUP},
    {"(?>", 0, AS_GROUP},     {"(?|", 0, AS_GROUP},    {"(?P<", '>', AS_GROUP},
    {"(?<", '>', AS_GROUP},   {"(?'", '\'', AS_GROUP}, {"(?P=", 0, REFERENCE},
    {"(?P>", 0, REFERENCE},   {"(?&", 0, REFERENCE},   {"(?R", 0, REFERENCE},
    {"(?(", 0, LEFT_OUT},     {"(*", 0, REFERENCE},
};

/* "(" and "(?i:" open groups, "(?i)" holds until the group around it ends. */
static struct part *read_plain_or_options(struct reader *reader)
{
    bool extended = reader->extended;
    if (peek(reader, 1) != '?') {
        reader->at++;
        return read_group(reader);
    }
    reader->at += 2;
    bool is_group = read_options(reader);
    reader->at += reader->at < reader->source.size;
    struct part *group = is_group ? read_group(reader) : NULL;
    if (is_group)
        reader->extended = extended;
    return group;
}

/* NULL: nothing that matches a character. */
static struct part *read_parenthesis(struct reader *reader)
{
    size_t start = reader->at;
    for (size_t i = 0; i < sizeof OPENINGS / sizeof *OPENINGS; i++) {
        if (!starts_with(reader, OPENINGS[i].opening))
            continue;
        reader->at += strlen(OPENINGS[i].opening);
        if (OPENINGS[i].until)
            skip_past(reader, OPENINGS[i].until);
        switch (OPENINGS[i].how) {
        case AS_GROUP:
            return read_group(reader);
        case AS_LOOK:
            return read_look(reader, start);
        case LEFT_OUT:
            read_group(reader);
            return NULL;
        case COMMENT:
        case REFERENCE:
            skip_past(reader, ')');
            return NULL;
        }
    }
    return read_plain_or_options(reader);
}

static struct part *read_item(struct reader *reader)
{
    size_t start = reader->at;
    bool matches = true;
    switch (peek(reader, 0)) {
    case '(':
        return read_parenthesis(reader);
    case '[':
        read_class(reader);
        break;
    case '\\':
        matches = read_escape(reader);
        break;
    case '^':
    case '$':
        matches = false;
        reader->at++;
        break;
    default:
        read_character(reader);
    }
    return matches ? new_part(reader, PART_ITEM, start) : NULL;
}

/* "{2}", "{2,}", "{2,5}"; false: the brace is a literal. */
static bool read_braces(struct reader *reader, uint32_t *out_min, uint32_t *out_max)
{
    const char *text = reader->source.data + reader->at + 1;
    const char *end = memchr(text, '}', reader->source.size - reader->at - 1);
    if (!end || end == text || strspn(text, "0123456789,") != (size_t)(end - text) || *text == ',')
        return false;
    char *behind;
    *out_min = *out_max = (uint32_t)strtoul(text, &behind, 10);
    if (*behind == ',')
        *out_max = behind + 1 == end ? PART_REPEAT_ENDLESS
                                     : (uint32_t)strtoul(behind + 1, NULL, 10);
    reader->at += (size_t)(end - text) + 2;
    return true;
}

static bool read_quantifier(struct reader *reader, uint32_t *out_min, uint32_t *out_max)
{
    switch (peek(reader, 0)) {
    case '*':
    case '+':
    case '?':
        *out_min = peek(reader, 0) == '+';
        *out_max = peek(reader, 0) == '?' ? 1 : PART_REPEAT_ENDLESS;
        reader->at++;
        break;
    case '{':
        if (!read_braces(reader, out_min, out_max))
            return false;
        break;
    default:
        return false;
    }
    if (peek(reader, 0) == '?' || peek(reader, 0) == '+')
        reader->at++;
    return true;
}

static void skip_blanks(struct reader *reader)
{
    while (reader->extended && peek(reader, 0) && strchr(" \t\n\v\f\r#", peek(reader, 0))) {
        if (peek(reader, 0) == '#')
            skip_past(reader, '\n');
        else
            reader->at++;
    }
}

/* An item with its quantifiers; NULL: nothing that matches a character. */
static struct part *read_repeated(struct reader *reader)
{
    size_t start = reader->at;
    struct part *item = read_item(reader);
    for (;;) {
        uint32_t min, max;
        skip_blanks(reader);
        if (!read_quantifier(reader, &min, &max))
            return item;
        if (!item)
            continue;
        struct part *repeat = new_part(reader, PART_REPEAT, start);
        repeat->min = min, repeat->max = max;
        repeat->child = item;
        item = repeat;
    }
}

static struct part *read_sequence(struct reader *reader)
{
    struct part *sequence = new_part(reader, PART_SEQUENCE, reader->at);
    struct part **end = &sequence->child;
    size_t start = reader->at;
    skip_blanks(reader);
    while (reader->at < reader->source.size && !strchr("|)", peek(reader, 0))) {
        struct part *part = read_repeated(reader);
        if (part)
            *end = part, end = &part->next;
    }
    sequence->text.size = reader->at - start;
    return sequence;
}

static struct part *read_choice(struct reader *reader)
{
    struct part *choice = new_part(reader, PART_CHOICE, reader->at);
    struct part **end = &choice->child;
    size_t start = reader->at;
    for (;;) {
        *end = read_sequence(reader);
        end = &(*end)->next;
        if (peek(reader, 0) != '|')
            break;
        reader->at++;
    }
    choice->text.size = reader->at - start;
    return choice;
}

const struct part *pattern_parts(struct str source, bool extended, struct arena *arena)
{
    struct reader reader = {.source = source, .extended = extended, .arena = arena};
    return read_choice(&reader);
}
