/* choice: which of the lettered options of a question an answer names. */
#include "evaluators/answers/choice.h"

#include <stdbool.h>
#include "evaluators/answers/text.h"

enum {
    OPTIONS_MAX = 26,        /* lines of a prompt that are compared */
    OPTION_BYTES_MAX = 4096, /* a longer answer is not the text of an option */
};

static char upper_letter(struct str text, size_t at)
{
    char c = at < text.size ? text.data[at] : '\0';
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    return c >= 'A' && c <= 'Z' ? c : '\0';
}

/* "(B)", "B)", "B." or "B:" at the beginning; *out_end is behind it. */
static char leading_label(struct str text, size_t *out_end)
{
    bool open = text.size > 0 && text.data[0] == '(';
    char letter = upper_letter(text, open);
    size_t end = (size_t)open + 1;
    if (!letter || end >= text.size)
        return '\0';
    char close = text.data[end];
    if (close != ')' && (open || (close != '.' && close != ':')))
        return '\0';
    *out_end = end + 1;
    return letter;
}

/* "option B" and "choice B" name B. */
static struct str without_word(struct str text, struct arena *arena)
{
    static const char *const WORDS[] = {"option ", "choice "};
    struct str lower = text_lower(text, arena);
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        size_t size = strlen(WORDS[i]);
        if (text.size > size && memcmp(lower.data, WORDS[i], size) == 0)
            return text_trim((struct str){text.data + size, text.size - size});
    }
    return text;
}

static char named_letter(struct str text, struct arena *arena)
{
    text = without_word(text_trim(text), arena);
    size_t end;
    char letter = leading_label(text, &end);
    if (letter)
        return letter;
    if (text.size == 1)
        return upper_letter(text, 0);
    for (size_t at = 0; at + 2 < text.size; at++)
        if (text.data[at] == '(' && text.data[at + 2] == ')' && upper_letter(text, at + 1))
            return upper_letter(text, at + 1);
    return '\0';
}

static bool same_text(struct str a, struct str b, struct arena *arena)
{
    struct text_tokens left, right;
    if (!text_tokenise(TEXT_SQUAD, a, arena, &left) || !text_tokenise(TEXT_SQUAD, b, arena, &right))
        return false;
    if (left.count != right.count || left.count == 0)
        return false;
    for (size_t i = 0; i < left.count; i++)
        if (!str_equal(left.items[i], right.items[i]))
            return false;
    return true;
}

/* The letter of the prompt's option that has this text. */
static char letter_of_option(struct str answer, struct str prompt, struct arena *arena)
{
    unsigned options = 0;
    if (answer.size > OPTION_BYTES_MAX)
        return '\0';
    for (size_t at = 0; at < prompt.size && options < OPTIONS_MAX;) {
        const char *newline = memchr(prompt.data + at, '\n', prompt.size - at);
        size_t end = newline ? (size_t)(newline - prompt.data) : prompt.size, text = 0;
        struct str line = text_trim((struct str){prompt.data + at, end - at});
        char letter = leading_label(line, &text);
        options += letter != '\0';
        if (letter && same_text((struct str){line.data + text, line.size - text}, answer, arena))
            return letter;
        at = end + 1;
    }
    return '\0';
}

char choice_letter(struct str answer, struct str prompt, struct arena *arena)
{
    char letter = named_letter(answer, arena);
    return letter ? letter : letter_of_option(answer, prompt, arena);
}
