/* html: text made safe for a page, and the parts that pages of reports have in common. */
#include "worker/report/pages/html.h"

#include "schema/base/utf8.h"
#include "worker/report/pages/page_css.h"
#include "worker/report/pages/page_words.h"

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

/* ---- parts of pages ---- */

void html_begin(struct buffer *out, const char *title, const char *heading, struct str lead,
                const struct problems *partial)
{
    buffer_printf(out,
                  "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                  "<title>%s: ",
                  title);
    html_append(out, lead);
    buffer_append_str(out, STR("</title><style>\n"));
    buffer_append_str(out, str_of(page_css));
    buffer_printf(out, "</style></head>\n<body><header><h1>%s</h1><p class=\"lead\">", heading);
    html_append(out, lead);
    buffer_append_str(out, STR(".</p>"));
    if (partial->total > 0)
        buffer_append_str(out, STR("<p class=\"lead worse\">Partial: this is not all; what is "
                                   "missing is listed <a href=\"#data\">below</a>.</p>"));
    buffer_append_str(out, STR("</header>\n<main>\n"));
}

void html_end(struct buffer *out)
{
    buffer_append_str(out, STR("</main></body></html>\n"));
}

void html_verdict(struct buffer *out, enum drift_verdict verdict)
{
    const char *class = verdict == DRIFT_WORSE    ? "verdict worse"
                        : verdict == DRIFT_BETTER ? "verdict better"
                                                  : "verdict";
    buffer_printf(out, "<span class=\"%s\"><span aria-hidden=\"true\">%s</span> %s</span>", class,
                  page_sign(verdict), page_verdict(verdict));
}

void html_term(struct buffer *out, const char *term, struct buffer *words)
{
    if (words->size > 0) {
        buffer_printf(out, "<dt>%s</dt><dd>", term);
        html_move(out, words, false);
        buffer_append_str(out, STR("</dd>"));
    }
    buffer_clear(words);
}

void html_table(struct buffer *out, const char *label)
{
    buffer_printf(out,
                  "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>"
                  "<caption>",
                  label);
}

void html_columns(struct buffer *out, const char *const *heads, size_t count)
{
    buffer_append_str(out, STR("</caption><thead><tr>"));
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "<th scope=\"col\">%s</th>", heads[i]);
    buffer_append_str(out, STR("</tr></thead><tbody>\n"));
}

void html_table_end(struct buffer *out)
{
    buffer_append_str(out, STR("</tbody></table></div>"));
}

void html_left_out(struct buffer *out, size_t count, const char *which)
{
    if (count > 0)
        buffer_printf(out,
                      "<p class=\"quiet\">%zu more rows%s have no room here: --format json lists "
                      "them.</p>",
                      count, which);
}

void html_partial(struct buffer *out, const struct problems *partial, size_t bytes_max)
{
    size_t i = 0;
    if (partial->total == 0)
        return;
    buffer_append_str(out, STR("<p>This is not all:</p><ul>"));
    for (; i < partial->count && out->size < bytes_max; i++) {
        buffer_append_str(out, STR("<li>"));
        html_append(out, str_of(partial->lines[i]));
        buffer_append_str(out, STR("</li>"));
    }
    if (i < partial->total)
        buffer_printf(out, "<li>and %zu more</li>", partial->total - i);
    buffer_append_str(out, STR("</ul>"));
}
