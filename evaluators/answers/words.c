/* words: the words of a text in any script. */
#include "evaluators/answers/words.h"

#include "schema/base/utf8.h"
#include "evaluators/answers/unicode.h"

/* Does a code point begin a new word, given what stood before it? */
static bool begins_word(enum unicode_part part, enum unicode_part before)
{
    return part == UNICODE_ALONE || (part == UNICODE_LETTER && before != UNICODE_LETTER);
}

static enum unicode_part part_of(uint32_t code_point)
{
    if (code_point >= 0x80)
        return unicode_part_of(code_point);
    bool letter = (code_point >= 'a' && code_point <= 'z') ||
                  (code_point >= '0' && code_point <= '9'); /* capitals are folded */
    return letter ? UNICODE_LETTER : UNICODE_BETWEEN;
}

bool words_split(struct str text, struct arena *arena, struct text_tokens *out)
{
    struct str folded;
    if (!unicode_normalise(UNICODE_CASEFOLD, text, arena, &folded))
        return false;
    size_t room = folded.size < TEXT_TOKENS_MAX ? folded.size : TEXT_TOKENS_MAX, count = 0;
    struct str *words = arena_alloc(arena, room * sizeof *words + 1);
    enum unicode_part before = UNICODE_BETWEEN;
    for (size_t at = 0; at < folded.size;) {
        size_t start = at;
        enum unicode_part part = part_of(utf8_next(folded, &at));
        if (begins_word(part, before)) {
            if (count == room)
                return false;
            words[count++] = (struct str){folded.data + start, 0};
        }
        if (part == UNICODE_MARK) /* its word goes on behind it; between words it is dropped */
            part = before;
        if (part != UNICODE_BETWEEN)
            words[count - 1].size = (size_t)(folded.data + at - words[count - 1].data);
        before = part;
    }
    *out = (struct text_tokens){words, count};
    return true;
}
