/* json_tape_write: a value of a tape as JSON again. */
#include "schema/base/json_tape.h"

static void write_items(struct json_token *container, struct arena *arena, struct buffer *out)
{
    bool object = container->kind == TAPE_OBJECT;
    struct json_token *end = json_tape_end(container);
    const char *separator = "";
    for (struct json_token *item = json_tape_first(container); item < end;
         item = json_tape_next(item)) {
        buffer_append_str(out, str_of(separator));
        separator = ",";
        if (object) {
            buffer_append_json(out, json_tape_text(item, arena));
            buffer_append_str(out, STR(":"));
        }
        json_tape_write(object ? json_tape_value(item) : item, arena, out);
    }
}

/* No deeper than JSON_TAPE_DEPTH_MAX. */
void json_tape_write(struct json_token *token, struct arena *arena, struct buffer *out)
{
    switch ((enum json_tape_kind)token->kind) {
    case TAPE_ARRAY:
        buffer_append_str(out, STR("["));
        write_items(token, arena, out);
        buffer_append_str(out, STR("]"));
        break;
    case TAPE_OBJECT:
        buffer_append_str(out, STR("{"));
        write_items(token, arena, out);
        buffer_append_str(out, STR("}"));
        break;
    case TAPE_STRING:
        buffer_append_json(out, json_tape_text(token, arena));
        break;
    default:
        buffer_append_str(out, json_tape_text(token, arena));
    }
}
