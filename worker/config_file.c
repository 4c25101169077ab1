/* config_file: a command's options read from a JSON file. */
#include "worker/config_file.h"

#include <stdlib.h>
#include <string.h>
#include "schema/base/buffer.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"

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

static void add(struct config_args *args, const char *text)
{
    args->argv = memory_resize(args->argv, (size_t)args->argc + 1, sizeof *args->argv);
    args->argv[args->argc++] = memory_copy_string(text);
}

static void add_option(struct config_args *args, const char *key, const json_t *value)
{
    struct buffer text = {0};
    buffer_printf(&text, "--%s", key);
    if (json_is_string(value))
        buffer_printf(&text, "=%s", json_string_value(value));
    else if (json_is_integer(value))
        buffer_printf(&text, "=%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        buffer_printf(&text, "=%.17g", json_real_value(value));
    add(args, text.data);
    buffer_clear(&text);
}

static bool is_scalar(const json_t *value)
{
    return json_is_string(value) || json_is_number(value);
}

static void add_key(struct config_args *args, const char *key, const json_t *value,
                    struct problems *problems)
{
    if (json_is_false(value) || strncmp(key, "//", 2) == 0 || strcmp(key, "$schema") == 0)
        return;
    if (is_scalar(value) || json_is_true(value)) {
        add_option(args, key, value);
        return;
    }
    bool good = json_is_array(value);
    for (size_t i = 0; good && i < json_array_size(value); i++) {
        good = is_scalar(json_array_get(value, i));
        if (good)
            add_option(args, key, json_array_get(value, i));
    }
    if (!good)
        problems_add(problems, key, "must be text, a number, true, false or a list of these");
}

bool config_file_args(int argc, char **argv, struct config_args *out, const char **out_path,
                      struct problems *problems)
{
    struct config_args args = {0};
    add(&args, argv[0]);
    *out_path = find_path(argc, argv);
    if (*out_path) {
        struct error error = {0};
        json_t *file = json_read_file(*out_path, &JSON_LIMITS_DOCUMENT, &error);
        const char *key;
        json_t *value;
        if (!file)
            problems_add(problems, "", "%s", error.text);
        else if (!json_is_object(file))
            problems_add(problems, "", "must be an object of options, {\"topic\": ...}");
        json_object_foreach(file, key, value) add_key(&args, key, value, problems);
        json_decref(file);
    }
    for (int i = 1; i < argc; i++)
        add(&args, argv[i]);
    *out = args;
    return problems->total == 0;
}

void config_file_clear(struct config_args *args)
{
    for (int i = 0; i < args->argc; i++)
        free(args->argv[i]);
    free(args->argv);
    *args = (struct config_args){0};
}
