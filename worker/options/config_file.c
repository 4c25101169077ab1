/* config_file: a command's options read from a JSON file. */
#include "worker/options/config_file.h"

#include <stdlib.h>
#include <string.h>
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "worker/options/exit_code.h"

static const char OPTION[] = "--config";

/* The file's name; NULL when the command line names none. */
static const char *find_path(int argc, char **argv)
{
    size_t size = strlen(OPTION);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], OPTION, size) != 0)
            continue;
        if (argv[i][size] == '=')
            return argv[i] + size + 1;
        if (argv[i][size] == '\0' && i + 1 < argc)
            return argv[i + 1];
    }
    return NULL;
}

static void add(struct arg_line *words, const char *text)
{
    words->argv = memory_resize(words->argv, (size_t)words->argc + 1, sizeof *words->argv);
    words->argv[words->argc++] = memory_copy_string(text);
}

static void add_option(struct arg_line *words, const char *key, const json_t *value)
{
    struct buffer text = {0};
    buffer_printf(&text, "--%s", key);
    if (json_is_string(value))
        buffer_printf(&text, "=%s", json_string_value(value));
    else if (json_is_integer(value))
        buffer_printf(&text, "=%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        buffer_printf(&text, "=%.17g", json_real_value(value));
    add(words, text.data);
    buffer_clear(&text);
}

static bool is_scalar(const json_t *value)
{
    return json_is_string(value) || json_is_number(value);
}

static void add_key(struct arg_line *words, const char *key, const json_t *value,
                    struct problems *problems)
{
    if (json_is_false(value) || strncmp(key, "//", 2) == 0 || strcmp(key, "$schema") == 0)
        return;
    bool list = json_is_array(value), good = list || is_scalar(value) || json_is_true(value);
    for (size_t i = 0; i < json_array_size(value); i++)
        good &= is_scalar(json_array_get(value, i));
    struct buffer place = {0};
    buffer_printf(&place, "%s: %s", words->file, key);
    if (!good)
        problems_add(problems, place.data,
                     "must be text, a number, true, false or a list of these");
    else if (strchr(key, '='))
        problems_add(problems, place.data, "there is no such option");
    else if (!list)
        add_option(words, key, value);
    for (size_t i = 0; good && i < json_array_size(value); i++)
        add_option(words, key, json_array_get(value, i));
    buffer_clear(&place);
}

static bool add_file(struct arg_line *words, struct problems *problems)
{
    struct error error = {0};
    const char *key;
    json_t *value, *file = json_read_file(words->file, &JSON_LIMITS_DOCUMENT, &error);
    bool good = json_is_object(file);
    if (!file)
        problems_add(problems, "", "%s", error.text); /* which names the file */
    else if (!good)
        problems_add(problems, words->file, "must be an object of options, {\"topic\": ...}");
    json_object_foreach(file, key, value) add_key(words, key, value, problems);
    json_decref(file);
    return good;
}

bool config_file_start(const struct arg_table *table, int argc, char **argv,
                       bool (*check)(const void *out, struct problems *problems),
                       struct config_args *args, void *out, int *out_exit_code)
{
    *args = (struct config_args){0};
    if (args_wants_help(argc, argv)) {
        args_help(table, argv[0], stdout);
        *out_exit_code = EXIT_FINE;
        return false;
    }
    struct arg_line *words = &args->words;
    struct problems problems = {0};
    struct arg_list operands = {0};
    add(words, argv[0]);
    words->file = find_path(argc, argv);
    bool read = !words->file || add_file(words, &problems);
    words->from_file = words->argc - 1;
    for (int i = 1; i < argc; i++)
        add(words, argv[i]);
    args_parse(table, words, out, &operands, &problems);
    if (check && read) /* else most of what it misses would be in the file */
        check(out, &problems);
    args_print_problems(words, &problems, stderr);
    bool good = problems.total == 0;
    problems_clear(&problems);
    arg_list_clear(&operands);
    *out_exit_code = EXIT_USAGE;
    return good;
}

void config_file_clear(struct config_args *args)
{
    for (int i = 0; i < args->words.argc; i++)
        free(args->words.argv[i]);
    free(args->words.argv);
    *args = (struct config_args){0};
}
