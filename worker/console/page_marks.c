/* page_marks: what happened to models, as people told the worker's store (assay mark). */
#include "schema/base/clock.h"
#include "worker/console/console_inside.h"
#include "worker/store/mark.h"

static void add_mark(void *owner, const struct mark *mark)
{
    struct buffer *out = owner;
    char at[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(mark->at_ms, at);
    buffer_append_str(out, out->data[out->size - 1] == '[' ? STR("{") : STR(",{"));
    buffer_printf(out, "\"time\":\"%s\",\"model\":", at);
    buffer_append_json(out, mark->model);
    buffer_append_str(out, STR(",\"text\":"));
    buffer_append_json(out, mark->text);
    buffer_append_str(out, STR("}"));
}

unsigned page_marks(struct console *console, struct buffer *out)
{
    struct problems partial = {0};
    buffer_append_str(out, STR("{\"marks\":["));
    marks_each(console->config.store, add_mark, out, &partial);
    buffer_append_str(out, STR("]}\n"));
    bool fine = partial.total == 0;
    if (!fine) {
        buffer_clear(out);
        buffer_printf(out, "{\"error\":");
        buffer_append_json(out, str_of(partial.lines[0]));
        buffer_append_str(out, STR("}\n"));
    }
    problems_clear(&partial);
    return fine ? STATUS_OK : STATUS_FAILED;
}
