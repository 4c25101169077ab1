/* check_json: is the response one JSON document? */
#include "evaluators/formats/check.h"

#include <string.h>
#include "schema/base/json_tape.h"
#include "evaluators/answers/text.h"

/* What stands inside the code fence, when the text is one and nothing else; else the text. */
static struct str without_fence(struct str text)
{
    const char *line_end = memchr(text.data, '\n', text.size);
    if (text.size < 7 || !line_end || memcmp(text.data, "```", 3) != 0 ||
        memcmp(text.data + text.size - 3, "```", 3) != 0)
        return text;
    struct str body = {line_end + 1, (size_t)(text.data + text.size - 3 - line_end - 1)};
    return line_end + 1 <= text.data + text.size - 3 ? body : text;
}

enum check_result check_json(const struct check_options *options, const struct sample *sample,
                             struct arena *arena, const char **out_reason)
{
    struct str text = text_trim(sample->response);
    struct json_tape tape = {0};
    struct json_fault fault;
    if (text.size && options->fenced)
        text = without_fence(text);
    bool fine = text.size && json_tape_read(&tape, text, arena, &fault);
    *out_reason = "not_json";
    return fine ? CHECK_FINE : CHECK_BROKEN;
}
