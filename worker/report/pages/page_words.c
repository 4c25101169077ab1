/* page_words: words of the text pages of reports. */
#include "worker/report/pages/page_words.h"

#include <stdio.h>

#include "schema/base/clock.h"

const char *page_minute(int64_t ms, char out[PAGE_MINUTE_BYTES])
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    snprintf(out, PAGE_MINUTE_BYTES, "%.10s %.5s", text, text + 11);
    return out;
}

void page_clean(struct buffer *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool c1 = at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0; /* U+0080 to U+009F */
        buffer_append(out, *at < 0x20 || *at == 0x7F || c1 ? "?" : (const char *)at, 1);
        at += c1;
    }
}

void page_clipped(struct buffer *out, const char *text, size_t bytes)
{
    struct buffer clean = {0};
    page_clean(&clean, text);
    size_t size = clean.size;
    if (size > bytes)
        for (size = bytes; size > 0 && ((unsigned char)clean.data[size] & 0xC0) == 0x80; size--)
            ;
    buffer_append_str(out, (struct str){clean.data, size});
    buffer_append_str(out, size < clean.size ? STR("...") : STR(""));
    buffer_clear(&clean);
}

const char *page_verdict(enum drift_verdict verdict)
{
    static const char *const words[] = {[DRIFT_NOT_ENOUGH_DATA] = "NOT ENOUGH DATA",
                                        [DRIFT_NO_MEANINGFUL_CHANGE] = "NO MEANINGFUL CHANGE",
                                        [DRIFT_BETTER] = "BETTER",
                                        [DRIFT_WORSE] = "WORSE",
                                        [DRIFT_CHANGED] = "CHANGED"};
    return words[verdict];
}

const char *page_sign(enum drift_verdict verdict)
{
    static const char *const signs[] = {[DRIFT_NOT_ENOUGH_DATA] = "?",
                                        [DRIFT_NO_MEANINGFUL_CHANGE] = "=",
                                        [DRIFT_BETTER] = "▲",
                                        [DRIFT_WORSE] = "▼",
                                        [DRIFT_CHANGED] = "◆"};
    return signs[verdict];
}

void page_pending(struct buffer *out, int64_t pending)
{
    if (pending > 0)
        buffer_printf(out, "%lld offsets are scored and not acknowledged yet: counted, too",
                      (long long)pending);
}

void page_no_scores(struct buffer *out, const char *where, struct time_range span)
{
    char from[PAGE_MINUTE_BYTES], to[PAGE_MINUTE_BYTES];
    buffer_printf(out, "No scores in %s", where);
    if (span.from_ms < span.to_ms)
        buffer_printf(out, ": those of the stores are from %s to %s UTC",
                      page_minute(span.from_ms, from), page_minute(span.to_ms, to));
    buffer_append_str(out, STR("."));
}

void page_partial(struct buffer *out, const struct problems *partial)
{
    if (partial->total > 0)
        buffer_printf(out, "PARTIAL: this is not all\n");
    for (size_t i = 0; i < partial->count; i++) {
        buffer_append_str(out, STR("  "));
        page_clean(out, partial->lines[i]);
        buffer_append_str(out, STR("\n"));
    }
}
