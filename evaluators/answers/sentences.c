/* sentences: a text, sentence by sentence. */
#include "evaluators/answers/sentences.h"

#include <stdint.h>
#include "schema/base/utf8.h"
#include "evaluators/answers/text.h"

static bool is_full_stop(uint32_t code_point)
{
    return code_point == 0x3002 || code_point == 0xFF01 || code_point == 0xFF1F;
}

/* Whether a sentence ends with the code point that ends at byte `next`. */
static bool ends_sentence(struct str text, uint32_t code_point, size_t next)
{
    if (code_point == '\n' || is_full_stop(code_point))
        return true;
    bool stop = code_point == '.' || code_point == '!' || code_point == '?';
    return stop && (next == text.size || text.data[next] == ' ' || text.data[next] == '\n');
}

bool sentence_next(struct str text, size_t *at, struct str *out)
{
    bool has_words = false;
    for (size_t next = *at; next < text.size;) {
        uint32_t code_point = utf8_next(text, &next);
        has_words = has_words || text_is_word(code_point);
        if (has_words && (next == text.size || ends_sentence(text, code_point, next))) {
            *out = (struct str){text.data + *at, next - *at};
            *at = next;
            return true;
        }
    }
    return false;
}
