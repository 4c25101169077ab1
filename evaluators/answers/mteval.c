/* mteval: the tokeniser that BLEU is published with (mteval-v13a). */
#include "evaluators/answers/mteval.h"

#include <string.h>

/* A text on its way through the replacements, each from one half of the memory to the other. */
struct draft {
    char *text, *spare;
    size_t size;
};

static void swap(struct draft *draft, size_t size)
{
    char *text = draft->text;
    draft->text = draft->spare;
    draft->spare = text;
    draft->size = size;
}

/* `by` is never longer than `what`. */
static void replace(struct draft *draft, const char *what, const char *by)
{
    struct str needle = str_of(what), rest = {draft->text, draft->size};
    size_t size = 0, by_size = strlen(by);
    if (text_find(rest, needle) >= rest.size)
        return;
    for (;;) {
        size_t at = text_find(rest, needle);
        bool found = at < rest.size;
        size_t kept = found ? at : rest.size;
        memcpy(draft->spare + size, rest.data, kept);
        size += kept;
        if (!found)
            break;
        memcpy(draft->spare + size, by, by_size);
        size += by_size;
        rest = (struct str){rest.data + at + needle.size, rest.size - at - needle.size};
    }
    swap(draft, size);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_stop(char c)
{
    return c == '.' || c == ',';
}

static bool is_not_digit(char c)
{
    return !is_digit(c);
}

static bool is_dash(char c)
{
    return c == '-';
}

/* ASCII that is neither letter, digit nor one of ' , - . and no control character. */
static bool is_symbol(char c)
{
    return (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') ||
           (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static void surround_symbols(struct draft *draft)
{
    size_t size = 0;
    for (size_t i = 0; i < draft->size; i++) {
        char c = draft->text[i];
        bool symbol = is_symbol(c);
        if (symbol)
            draft->spare[size++] = ' ';
        draft->spare[size++] = c;
        if (symbol)
            draft->spare[size++] = ' ';
    }
    swap(draft, size);
}

/* A pair of characters as a regular expression finds it: from the left, and what one match took is
 * not looked at again. Of a character beyond ASCII only the last or first byte is looked at, which
 * is neither digit, stop nor dash. */
struct pair_rule {
    bool (*first)(char), (*second)(char);
    bool before, between, behind; /* where a space is set */
};

static void split_pairs(struct draft *draft, const struct pair_rule *rule)
{
    size_t size = 0;
    for (size_t i = 0; i < draft->size; i++) {
        char c = draft->text[i];
        bool pair = i + 1 < draft->size && rule->first(c) && rule->second(draft->text[i + 1]);
        if (pair && rule->before)
            draft->spare[size++] = ' ';
        draft->spare[size++] = c;
        if (!pair)
            continue;
        if (rule->between)
            draft->spare[size++] = ' ';
        draft->spare[size++] = draft->text[++i];
        if (rule->behind)
            draft->spare[size++] = ' ';
    }
    swap(draft, size);
}

bool mteval_tokenise(struct str text, struct arena *arena, struct text_tokens *out)
{
    static const struct pair_rule PAIRS[] = {
        {is_not_digit, is_stop, false, true, true},
        {is_stop, is_not_digit, true, true, false},
        {is_digit, is_dash, false, true, true},
    };
    enum { GROWTH = 5 }; /* a stop may get two spaces from each of two rules */
    if (text.size > MTEVAL_BYTES_MAX)
        return false;
    text = text_trim(text);
    size_t room = (text.size + 2) * GROWTH;
    struct draft draft = {arena_alloc(arena, room), arena_alloc(arena, room), text.size};
    memcpy(draft.text, text.data ? text.data : "", text.size);
    replace(&draft, "<skipped>", "");
    replace(&draft, "-\n", "");
    replace(&draft, "\n", " ");
    replace(&draft, "&quot;", "\"");
    replace(&draft, "&amp;", "&");
    replace(&draft, "&lt;", "<");
    replace(&draft, "&gt;", ">");
    memmove(draft.text + 1, draft.text, draft.size);
    draft.text[0] = draft.text[draft.size + 1] = ' ';
    draft.size += 2;
    surround_symbols(&draft);
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++)
        split_pairs(&draft, &PAIRS[i]);
    return text_split((struct str){draft.text, draft.size}, arena, out);
}
