/* openai_prompt: what a grader asks a model, as what a judge is asked. */
#include "rubrics/imports/openai_prompt.h"

#include <string.h>
#include "rubrics/imports/import_rubric.h"
#include "schema/base/buffer.h"

/* Whether a template names something a record has too, and what: "{{ sample.output_text }}" is the
 * response; columns of `item` are known by the words that people name them with. */
static const struct {
    const char *word, *meaning, *input;
} COLUMNS[] = {
    {"sample.output_text", "the response", "response"},
    {"reference", "the reference", "reference"},
    {"expected", "the reference", "reference"},
    {"ground_truth", "the reference", "reference"},
    {"target", "the reference", "reference"},
    {"answer", "the reference", "reference"},
    {"label", "the reference", "reference"},
    {"context", "the context", "context"},
    {"document", "the context", "context"},
    {"question", "the prompt", "prompt"},
    {"prompt", "the prompt", "prompt"},
    {"input", "the prompt", "prompt"},
    {"query", "the prompt", "prompt"},
};
enum { COLUMN_COUNT = sizeof COLUMNS / sizeof *COLUMNS };

/* The column that the template at `text` ("{{...") names; COLUMN_COUNT: none, or none known. */
static size_t column_at(const char *text, size_t *out_size)
{
    const char *end = strstr(text, "}}");
    *out_size = end ? (size_t)(end - text) + 2 : strlen(text);
    struct str inside = {text, *out_size};
    size_t i = 0;
    while (i < COLUMN_COUNT &&
           !memmem(inside.data, inside.size, COLUMNS[i].word, strlen(COLUMNS[i].word)))
        i++;
    return end ? i : COLUMN_COUNT;
}

bool openai_is_response(const char *text)
{
    size_t size;
    return text && import_is_template(text) && column_at(text + strspn(text, " "), &size) == 0;
}

/* A text with its columns by what a judge sees of a record; adds to the inputs. NULL or why not. */
static const char *append_text(struct buffer *prompt, const char *text, json_t *inputs)
{
    for (const char *open; (open = strstr(text, "{{"));) {
        size_t size, column = column_at(open, &size);
        if (column == COLUMN_COUNT)
            return "its prompt has a column that records do not have";
        buffer_append(prompt, text, (size_t)(open - text));
        buffer_append_str(prompt, str_of(COLUMNS[column].meaning));
        json_object_set_new(inputs, COLUMNS[column].input, json_true());
        text = open + size;
    }
    buffer_append_str(prompt, str_of(text));
    buffer_append_str(prompt, STR("\n"));
    return NULL;
}

static const char *append_message(struct buffer *prompt, const json_t *message, json_t *inputs)
{
    const json_t *content = json_object_get(message, "content");
    if (json_is_string(message) || json_is_string(content))
        return append_text(prompt, json_string_value(content ? content : message), inputs);
    const json_t *part = json_is_array(content) ? json_array_get(content, 0) : content;
    const char *text = json_string_value(json_object_get(part, "text"));
    if (!text || json_array_size(content) > 1)
        return "its prompt has parts that are no text";
    return append_text(prompt, text, inputs);
}

static const char *append_input(struct buffer *prompt, const json_t *input, json_t *inputs)
{
    const char *why = NULL;
    size_t i;
    json_t *one;
    if (json_is_string(input))
        return append_text(prompt, json_string_value(input), inputs);
    json_array_foreach((json_t *)input, i, one)
    {
        if (!why)
            why = append_message(prompt, one, inputs);
    }
    return !why && prompt->size == 0 ? "has no input" : why;
}

static json_t *keys_of(const json_t *object)
{
    json_t *list = json_array(), *value;
    const char *key;
    json_object_foreach((json_t *)object, key, value)
    {
        json_array_append_new(list, json_string(key));
    }
    return list;
}

json_t *openai_prompt(const json_t *input, const char *last, const char **out_why_not)
{
    struct buffer prompt = {0};
    json_t *shown = json_pack("{s:b, s:b}", "prompt", 1, "response", 1), *options = NULL;
    const char *why = append_input(&prompt, input, shown);
    buffer_append_str(&prompt, str_of(last));
    if (why)
        *out_why_not = why;
    else
        options =
            json_pack("{s:s%, s:o}", "prompt", prompt.data, prompt.size, "inputs", keys_of(shown));
    json_decref(shown);
    buffer_clear(&prompt);
    return options;
}
