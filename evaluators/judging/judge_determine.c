/* judge_determine: what decides a judge's scores, in words that enter its criterion's hash. */
#include "evaluators/judging/judge.h"

#include <string.h>
#include "schema/base/buffer.h"

/* Holds what is written in another way for a judge: a quote, a template's token, a character that
 * shows nothing. */
static const char SPECIMEN[] = "a \"quoted\" <|im_end|>\u200b text\n";

/* The question about a specimen stands for all: instructions, examples, scale, how a sample is
 * framed and escaped, limits. No part of it needs to be listed, so none can be forgotten. */
static void add_question(const struct judge *judge, struct buffer *into)
{
    const struct str text = str_of(SPECIMEN);
    const struct str references[] = {text, STR("another")};
    const struct sample sample = {
        .id = STR("specimen"),
        .prompt = text,
        .response = text,
        .context = text,
        .references = references,
        .reference_count = 2,
    };
    struct arena arena = {0};
    char hash[SHA256_HEX_BYTES];
    hash_hex(judge_question(judge, &sample, &arena)->hash, SHA256_BYTES, hash);
    arena_clear(&arena);
    buffer_printf(into, "asks %s\n", hash);
}

/* What stands behind a name may be changed: only the name is known, here and everywhere. */
static void add_name(struct buffer *into, const char *what, const char *name)
{
    if (name)
        buffer_printf(into, "%s %zu:%s\n", what, strlen(name), name);
}

static void add_asked(const struct judge *judge, struct buffer *into)
{
    const struct judge_identity *asked = judge->asked;
    if (!asked || !asked->endpoint)
        return;
    add_name(into, "endpoint", asked->endpoint);
    add_name(into, "component", asked->component);
    if (!judge->model) /* its own wins, and stands in the question */
        add_name(into, "model", asked->model);
}

/* The values of labels and of blank responses are not in the question. */
static void add_worth(const struct judge *judge, struct buffer *into)
{
    buffer_append_str(into, STR("values"));
    for (size_t i = 0; i < judge->scale.label_count; i++) {
        buffer_append_str(into, STR(" "));
        buffer_append_number(into, judge->scale.labels[i].value);
    }
    buffer_append_str(into, STR("\nempty "));
    buffer_append_number(into, judge->empty_value);
    buffer_printf(into, "\nshown %lld\n", (long long)judge->max_shown_bytes);
}

void judge_determine(const struct judge *judge, struct buffer *into)
{
    add_question(judge, into);
    add_asked(judge, into);
    add_worth(judge, into);
}
