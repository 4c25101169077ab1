/* extract: the final answer in a response. */
#include "evaluators/answers/extract.h"

#include <strings.h>

#include "evaluators/answers/json_field.h"
#include "evaluators/answers/json_span.h"
#include "evaluators/answers/numbers.h"
#include "evaluators/answers/text.h"

/* The last places of a mark that are looked at, newest first, until one has an answer behind it. */
enum { PLACES = 4 };

struct places {
    size_t at[PLACES]; /* bytes behind the mark */
    size_t count;      /* seen; the last PLACES are kept */
};

const char *const EXTRACT_WORDS[] = {
    [EXTRACT_NONE] = "none",
    [EXTRACT_FINAL_ANSWER] = "final_answer",
    [EXTRACT_JSON_FIELD] = "json_field",
    [EXTRACT_HASH_MARKS] = "hash_marks",
    [EXTRACT_BOXED] = "boxed",
    [EXTRACT_THE_ANSWER_IS] = "the_answer_is",
    [EXTRACT_ANSWER_LINE] = "answer_line",
    [EXTRACT_LAST_NUMBER] = "last_number",
    [EXTRACT_LAST_YES_NO] = "last_yes_no",
    [EXTRACT_JSON] = "json",
    [EXTRACT_JSON + 1] = NULL,
};

enum extract extract_of(const char *word)
{
    enum extract extract = EXTRACT_NONE;
    while (EXTRACT_WORDS[extract + 1] && strcmp(EXTRACT_WORDS[extract], word) != 0)
        extract++;
    return extract;
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static void add_place(struct places *places, size_t at)
{
    places->at[places->count++ % PLACES] = at;
}

static void find_places(struct str text, struct str mark, struct places *out)
{
    *out = (struct places){.count = 0};
    for (size_t at = 0; at < text.size;) {
        size_t found = text_find((struct str){text.data + at, text.size - at}, mark);
        if (found > text.size - at)
            break;
        at += found + mark.size;
        add_place(out, at);
    }
}

/* Without the emphasis and punctuation that stand around an answer: " **42**." becomes "42". */
static struct str tidy(struct str text)
{
    text = text_trim(text);
    while (text.size && is_one_of(text.data[0], "*`:= "))
        text = (struct str){text.data + 1, text.size - 1};
    while (text.size && is_one_of(text.data[text.size - 1], "*`. "))
        text.size--;
    if (text.size > 1 && text.data[0] == '$' && text.data[text.size - 1] == '$')
        text = (struct str){text.data + 1, text.size - 2};
    return text_trim(text);
}

/* The rest of the line, or the next line when nothing is left of this one. */
static struct str line_at(struct str text, size_t at)
{
    while (at < text.size && is_one_of(text.data[at], "*`:= \t\r\n"))
        at++;
    const char *end = at < text.size ? memchr(text.data + at, '\n', text.size - at) : NULL;
    size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
    return tidy((struct str){text.data + at, size});
}

/* What stands between the brace before `at` and the one that closes it, or the end of the text. */
static struct str braces_at(struct str text, size_t at)
{
    size_t depth = 1, end = at;
    for (; end < text.size; end++) {
        if (text.data[end] == '{')
            depth++;
        else if (text.data[end] == '}' && --depth == 0)
            break;
    }
    return text_trim((struct str){text.data + at, end - at});
}

static bool newest_answer(struct str text, const struct places *places,
                          struct str (*answer_at)(struct str, size_t), struct str *out)
{
    size_t kept = places->count < PLACES ? places->count : PLACES;
    for (size_t i = 0; i < kept; i++) {
        *out = answer_at(text, places->at[(places->count - 1 - i) % PLACES]);
        if (out->size)
            return true;
    }
    return false;
}

static bool find_hash_marks(struct str text, struct arena *arena, struct str *out)
{
    (void)arena;
    struct places places;
    find_places(text, STR("####"), &places);
    return newest_answer(text, &places, line_at, out);
}

static bool find_boxed(struct str text, struct arena *arena, struct str *out)
{
    (void)arena;
    struct places places;
    find_places(text, STR("\\boxed{"), &places);
    return newest_answer(text, &places, braces_at, out);
}

/* "the answer is", "the final answer is", "the correct answer is" ... */
static bool find_the_answer_is(struct str text, struct arena *arena, struct str *out)
{
    struct places places;
    find_places(text_lower(text, arena), STR("answer is"), &places);
    return newest_answer(text, &places, line_at, out);
}

/* Behind the label that begins a line, or 0. */
static size_t behind_label(struct str text, struct str lower, size_t at)
{
    static const char *const LABELS[] = {"final answer", "answer", "a"};
    while (at < text.size && is_one_of(text.data[at], "*#> \t"))
        at++;
    for (size_t i = 0; i < sizeof LABELS / sizeof *LABELS; i++) {
        struct str label = str_of(LABELS[i]);
        if (lower.size - at < label.size || memcmp(lower.data + at, label.data, label.size) != 0)
            continue;
        if (label.size == 1 && text.data[at] != 'A')
            continue;
        size_t end = at + label.size;
        while (end < text.size && text.data[end] == '*')
            end++;
        if (end < text.size && text.data[end] == ':')
            return end + 1;
    }
    return 0;
}

static bool find_answer_line(struct str text, struct arena *arena, struct str *out)
{
    struct str lower = text_lower(text, arena);
    struct places places = {.count = 0};
    for (size_t at = 0; at < text.size;) {
        size_t behind = behind_label(text, lower, at);
        if (behind)
            add_place(&places, behind);
        const char *end = memchr(text.data + at, '\n', text.size - at);
        at = end ? (size_t)(end - text.data) + 1 : text.size;
    }
    return newest_answer(text, &places, line_at, out);
}

static bool find_last_number(struct str text, struct arena *arena, struct str *out)
{
    struct number number;
    if (!number_last(text, arena, &number))
        return false;
    *out = (struct str){text.data + number.start, number.end - number.start};
    return true;
}

/* Whether a byte may be of a word: letters of other scripts are. */
static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static bool find_last_yes_no(struct str text, struct arena *arena, struct str *out)
{
    (void)arena;
    for (size_t end = text.size, start; end > 0; end = start) {
        while (end > 0 && !is_word_byte(text.data[end - 1]))
            end--;
        start = end;
        while (start > 0 && is_word_byte(text.data[start - 1]))
            start--;
        *out = (struct str){text.data + start, end - start};
        if ((out->size == 3 && strncasecmp(out->data, "yes", 3) == 0) ||
            (out->size == 2 && strncasecmp(out->data, "no", 2) == 0))
            return true;
    }
    return false;
}

static bool find_json(struct str text, struct arena *arena, struct str *out)
{
    (void)arena;
    return json_span_find(text, out);
}

static bool (*const FINDERS[])(struct str text, struct arena *arena, struct str *out) = {
    [EXTRACT_HASH_MARKS] = find_hash_marks,       [EXTRACT_BOXED] = find_boxed,
    [EXTRACT_THE_ANSWER_IS] = find_the_answer_is, [EXTRACT_ANSWER_LINE] = find_answer_line,
    [EXTRACT_LAST_NUMBER] = find_last_number,     [EXTRACT_LAST_YES_NO] = find_last_yes_no,
    [EXTRACT_JSON] = find_json,
};

static bool find_field(struct str text, const char *field, struct arena *arena, struct str *out)
{
    if (!json_field_find(text, field, arena, out))
        return false;
    *out = text_trim(*out);
    return out->size > 0 && !str_is(*out, "null");
}

/* Bytes of the token that the text ends with, by which models end a turn and which servers
 * sometimes leave in the text; 0 when there is none. */
static size_t end_token(struct str text)
{
    static const char *const TOKENS[] = {"</s>",       "<|im_end|>",    "<|eot_id|>",
                                         "<|end|>",    "<|endoftext|>", "<eos>",
                                         "<|return|>", "<end_of_turn>"};
    for (size_t i = 0; i < sizeof TOKENS / sizeof *TOKENS; i++) {
        size_t size = strlen(TOKENS[i]);
        if (text.size >= size && memcmp(text.data + text.size - size, TOKENS[i], size) == 0)
            return size;
    }
    return 0;
}

static struct str without_end_tokens(struct str text)
{
    text = text_trim(text);
    for (size_t size; (size = end_token(text)) > 0; text = text_trim(text))
        text.size -= size;
    return text;
}

/* The chain of EXTRACT_FINAL_ANSWER. */
static bool find_final_answer(struct str text, const char *field, struct arena *arena,
                              struct extracted *out)
{
    struct str inner;
    out->marked = true;
    if (find_field(text, field, arena, &out->text)) {
        if (find_hash_marks(out->text, arena, &inner) || find_boxed(out->text, arena, &inner))
            out->text = inner;
        return true;
    }
    if (json_field_expected(text))
        return false;
    for (enum extract i = EXTRACT_HASH_MARKS; i <= EXTRACT_ANSWER_LINE; i++)
        if (FINDERS[i](text, arena, &out->text))
            return true;
    *out = (struct extracted){text, false};
    return text.size > 0;
}

bool extract_answer(enum extract extract, const char *field, struct str response,
                    struct arena *arena, struct extracted *out)
{
    if (extract == EXTRACT_NONE) {
        *out = (struct extracted){response, false};
        return true;
    }
    struct str text = without_end_tokens(response);
    if (extract == EXTRACT_FINAL_ANSWER)
        return find_final_answer(text, field, arena, out);
    out->marked = true;
    if (extract == EXTRACT_JSON_FIELD)
        return find_field(text, field, arena, &out->text);
    return FINDERS[extract](text, arena, &out->text);
}
