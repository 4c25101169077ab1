/* html: text made safe for a page, and the few tags that need care. */
#include "worker/report/html.h"

#include "schema/base/utf8.h"

static struct str entity_of(uint32_t code_point)
{
    switch (code_point) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\'':
        return STR("&#39;");
    default:
        break;
    }
    bool control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
    /* U+202A and its like would turn the words around a name about */
    bool turns = (code_point >= 0x202A && code_point <= 0x202E) ||
                 (code_point >= 0x2066 && code_point <= 0x2069);
    return control || turns ? STR("\xEF\xBF\xBD") : (struct str){0};
}

/* Bytes that are no UTF-8 (of a file's name, say) are shown one by one as U+FFFD. */
static void append_until(struct buffer *out, struct str text, size_t code_points_max)
{
    bool valid = utf8_valid(text);
    for (size_t at = 0, count = 0; at < text.size; count++) {
        size_t begin = at;
        bool ascii = (unsigned char)text.data[at] < 0x80;
        struct str entity = entity_of(valid || ascii ? utf8_next(text, &at) : 0);
        at += at == begin;
        if (count == code_points_max) {
            buffer_append_str(out, STR("\xE2\x80\xA6"));
            return;
        }
        buffer_append_str(out, entity.data ? entity : (struct str){text.data + begin, at - begin});
    }
}

void html_append(struct buffer *out, struct str text)
{
    append_until(out, text, SIZE_MAX);
}

void html_move(struct buffer *out, struct buffer *words, bool cut)
{
    append_until(out, buffer_str(words), cut ? HTML_NAME_MAX : SIZE_MAX);
    buffer_clear(words);
}
