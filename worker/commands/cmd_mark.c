/* assay mark: what happened to a model from outside, kept beside its scores. */
#include <stdio.h>
#include <sys/stat.h>

#include "schema/base/clock.h"
#include "schema/base/utf8.h"
#include "worker/commands/commands.h"
#include "worker/options/args.h"
#include "worker/report/pages/json_members.h"
#include "worker/report/pages/page_words.h"
#include "worker/report/reading/mark_set.h"
#include "worker/report/reading/remote.h"

struct mark_options {
    struct arg_list stores;
    const char *model, *at, *format;
};

static const struct arg MARK_ARGS[] = {
    {.name = "store",
     .value = "DIR|URL",
     .kind = ARG_LIST,
     .offset = offsetof(struct mark_options, stores),
     .help = "the folder of a store; for a list also where workers listen, any number of them"},
    {.name = "model",
     .value = "NAME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct mark_options, model),
     .help = "what it happened to; default: to all models"},
    {.name = "at",
     .value = "TIME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct mark_options, at),
     .help = "when, RFC 3339; default: now"},
    {.name = "format",
     .value = "text|jsonl",
     .kind = ARG_TEXT,
     .offset = offsetof(struct mark_options, format),
     .help = "of a list: for people, or lines of schema/mark.schema.json; default text"},
};

static const struct arg_table MARK_TABLE = {
    .operands = "[TEXT]",
    .description =
        "Keeps that something happened, such as \"deployed v7\" or \"new system prompt\": reports "
        "show it where a change may\nhave begun. Said again it is kept once. Without TEXT it lists "
        "what was told.\nExit status: 0 fine, 2 wrong usage, 3 a store could not be written or "
        "read.",
    .groups =
        (const struct arg_group[]){
            {"Options", MARK_ARGS, sizeof MARK_ARGS / sizeof *MARK_ARGS, 0}},
    .group_count = 1,
};

static bool make_mark(const struct mark_options *options, const char *text, struct mark *out,
                      struct error *error)
{
    *out = (struct mark){str_of(options->model ? options->model : ""), clock_wall_ms(),
                         str_of(text)};
    if (options->at && !clock_parse_rfc3339(str_of(options->at), &out->at_ms))
        return error_set(error, ERROR_INPUT,
                         "--at \"%.80s\" is no time: give RFC 3339, such as 2026-03-01T12:00:00Z",
                         options->at);
    if (out->text.size == 0 || out->text.size > MARK_TEXT_BYTES_MAX ||
        !utf8_valid(out->text) || !utf8_valid(out->model))
        return error_set(error, ERROR_INPUT, "the text must be 1 to %d bytes of UTF-8",
                         MARK_TEXT_BYTES_MAX);
    return true;
}

/* A mark in a folder that nobody reads would be lost. */
static bool check_store(const struct mark_options *options, struct error *error)
{
    const char *store = options->stores.count == 1 ? options->stores.values[0] : "";
    struct stat status;
    if (options->stores.count != 1)
        return error_set(error, ERROR_INPUT,
                         "--store must be given once: the folder that keeps the mark");
    if (remote_is_url(store))
        return error_set(error, ERROR_INPUT,
                         "--store %.200s: workers serve marks, they take none; name the folder of "
                         "its store, or a folder of your own that reports are given too",
                         store);
    return stat(store, &status) == 0 ||
           error_set(error, ERROR_INPUT, "--store %.200s: there is no such folder", store);
}

static int add_mark(const struct mark_options *options, const char *text, struct error *error)
{
    struct mark mark;
    if (!make_mark(options, text, &mark, error) || !check_store(options, error))
        return EXIT_USAGE;
    return mark_add(options->stores.values[0], &mark, error) ? EXIT_FINE : EXIT_COULD_NOT;
}

static void print_mark(const struct owned_mark *mark, bool json)
{
    struct buffer line = {0};
    char at[PAGE_MINUTE_BYTES];
    if (json) {
        buffer_append_str(&line, STR("{"));
        member_time(&line, "time", mark->at_ms);
        member_text(&line, "model", mark->model);
        member_text(&line, "text", mark->text);
        buffer_append_str(&line, STR("}"));
    } else {
        buffer_printf(&line, "%s  ", page_minute(mark->at_ms, at));
        page_clean(&line, mark->model[0] ? mark->model : "(all models)");
        buffer_append_str(&line, STR("  "));
        page_clean(&line, mark->text);
    }
    printf("%.*s\n", (int)line.size, line.data);
    buffer_clear(&line);
}

static int list_marks(const struct mark_options *options, struct error *error)
{
    struct mark_set set = {0};
    struct problems partial = {0};
    bool json = strcmp(options->format, "jsonl") == 0;
    if (options->stores.count == 0 || (!json && strcmp(options->format, "text") != 0)) {
        error_set(error, ERROR_INPUT, "%s",
                  options->stores.count == 0 ? "--store is missing: name the folder of a store"
                                             : "--format is text or jsonl");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < options->stores.count; i++)
        mark_set_add(&set, options->stores.values[i], &partial);
    mark_set_finish(&set);
    for (size_t i = 0; i < set.count; i++)
        if (mark_is_of(&set.items[i], options->model, INT64_MIN, INT64_MAX))
            print_mark(&set.items[i], json);
    problems_print(&partial, stderr, "not all was read");
    int code = partial.total > 0 ? EXIT_COULD_NOT : EXIT_FINE;
    problems_clear(&partial);
    mark_set_clear(&set);
    return code;
}

int cmd_mark(int argc, char **argv)
{
    struct mark_options options = {.format = "text"};
    struct arg_list operands = {0};
    struct error error = {0};
    int code;
    if (args_start(&MARK_TABLE, argc, argv, &options, &operands, &code)) {
        if (operands.count > 1) {
            error_set(&error, ERROR_INPUT, "the text is one word for the shell: put it in quotes");
            code = EXIT_USAGE;
        } else {
            code = operands.count == 1 ? add_mark(&options, operands.values[0], &error)
                                       : list_marks(&options, &error);
        }
        if (error.kind != ERROR_NONE)
            fprintf(stderr, "assay mark: %s\n", error.text);
    }
    arg_list_clear(&operands);
    args_clear(&MARK_TABLE, &options);
    return code;
}
