/* payload_request: what was asked, out of a request's body. */
#include "schema/payload_parts.h"

#include <strings.h>

struct conversation {
    struct arena *arena;
    struct texts lines; /* role, ": ", text, then a line end and the next */
    struct str last_user, last_text;
    bool last_is_user;
    size_t messages;
    size_t prompts; /* of a batch */
};

static bool is_user(struct str role)
{
    return (role.size == 4 && strncasecmp(role.data, "user", 4) == 0) ||
           (role.size == 5 && strncasecmp(role.data, "human", 5) == 0);
}

static void add_message(struct conversation *talk, struct str role, struct str text)
{
    if (!text.data)
        return;
    if (talk->messages++ > 0)
        texts_add(&talk->lines, STR("\n"), talk->arena);
    texts_add(&talk->lines, role, talk->arena);
    texts_add(&talk->lines, STR(": "), talk->arena);
    texts_add(&talk->lines, text, talk->arena);
    talk->last_text = text;
    talk->last_is_user = is_user(role);
    if (talk->last_is_user)
        talk->last_user = text;
}

/* A turn of messages, contents, chat_history or input. */
static void read_turn(struct conversation *talk, struct json_token *turn)
{
    static const char *const content_keys[] = {"content", "parts", "message", "text", "output"};
    struct str role = payload_string(turn, "role", talk->arena);
    if (!role.data) {
        struct str type = payload_string(turn, "type", talk->arena);
        role = str_is(type, "function_call_output") ? STR("tool") : STR("user");
    }
    for (size_t i = 0; i < sizeof content_keys / sizeof *content_keys; i++) {
        struct str text =
            payload_content_text(json_tape_get(turn, content_keys[i]), STR("\n"), talk->arena);
        if (text.data) {
            add_message(talk, role, text);
            return;
        }
    }
}

static void read_asked(struct conversation *talk, struct json_token *value);

/* Turns of a conversation, or prompts of a batch. */
static void read_list(struct conversation *talk, struct json_token *list)
{
    struct texts prompts = {0};
    struct json_token *end = json_tape_end(list);
    for (struct json_token *item = json_tape_first(list); item < end; item = json_tape_next(item)) {
        if (json_tape_is(item, TAPE_STRING))
            texts_add(&prompts, json_tape_text(item, talk->arena), talk->arena);
        else if (json_tape_get(item, "role") || json_tape_get(item, "content") ||
                 json_tape_get(item, "parts") || json_tape_get(item, "type"))
            read_turn(talk, item);
        else if (json_tape_is(item, TAPE_OBJECT))
            read_asked(talk, item);
    }
    if (prompts.count == 0)
        return;
    talk->prompts = prompts.count;
    add_message(talk, STR("user"), texts_join(&prompts, STR("\n"), talk->arena));
}

/* What frames the conversation, and what it consists of: the first of ASKED_KEYS that is there. */
static const char *const SYSTEM_KEYS[] = {"system", "instructions", "preamble",
                                          "system_instruction", "systemInstruction"};
static const char *const ASKED_KEYS[] = {"messages",  "contents", "message",   "input",
                                         "prompt",    "inputs",   "inputText", "text_inputs",
                                         "instances", "query",    "question",  "text"};

static void read_object(struct conversation *talk, struct json_token *object)
{
    for (size_t i = 0; i < sizeof SYSTEM_KEYS / sizeof *SYSTEM_KEYS; i++)
        add_message(
            talk, STR("system"),
            payload_content_text(json_tape_get(object, SYSTEM_KEYS[i]), STR("\n"), talk->arena));
    struct json_token *history = json_tape_get(object, "chat_history");
    if (json_tape_is(history, TAPE_ARRAY))
        read_list(talk, history);
    size_t before = talk->messages;
    for (size_t i = 0; i < sizeof ASKED_KEYS / sizeof *ASKED_KEYS && talk->messages == before; i++)
        read_asked(talk, json_tape_get(object, ASKED_KEYS[i]));
}

static void read_asked(struct conversation *talk, struct json_token *value)
{
    if (json_tape_is(value, TAPE_STRING))
        add_message(talk, STR("user"), json_tape_text(value, talk->arena));
    else if (json_tape_is(value, TAPE_ARRAY))
        read_list(talk, value);
    else if (json_tape_is(value, TAPE_OBJECT))
        read_object(talk, value);
}

static void finish(struct conversation *talk, struct payload_request *out)
{
    out->prompts = talk->prompts ? talk->prompts : 1;
    if (talk->messages == 1) {
        out->last_user = talk->last_text;
        out->prompt =
            talk->last_is_user ? talk->last_text : texts_join(&talk->lines, STR(""), talk->arena);
    } else if (talk->messages > 1) {
        out->last_user = talk->last_user;
        out->prompt = texts_join(&talk->lines, STR(""), talk->arena);
    }
}

bool payload_read_messages(struct json_token *messages, struct arena *arena,
                           struct payload_request *out)
{
    if (!json_tape_is(messages, TAPE_ARRAY))
        return false;
    struct json_token *end = json_tape_end(messages);
    for (struct json_token *item = json_tape_first(messages); item < end;
         item = json_tape_next(item))
        if (!json_tape_is(item, TAPE_OBJECT))
            return false;
    struct conversation talk = {.arena = arena};
    read_list(&talk, messages);
    finish(&talk, out);
    return true;
}

/* The request as a whole: its model, and what was asked. */
void payload_read_question(struct json_token *request, struct arena *arena,
                           struct payload_request *out)
{
    struct conversation talk = {.arena = arena};
    out->model = payload_string(request, "model", arena);
    if (!out->model.size)
        out->model = payload_string(request, "modelId", arena);
    read_asked(&talk, request);
    finish(&talk, out);
}
