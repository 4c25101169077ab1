/* assay rubric import: makes a rubric or a rule pack of another tool's file. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "rubrics/imports/import.h"
#include "rubrics/packs.h"
#include "schema/base/json_read.h"
#include "worker/options/args.h"
#include "worker/commands/cmd_rubric.h"
#include "worker/commands/commands.h"

enum { FORMATS_MAX = 32 };

struct options {
    const char *name;
};

static const struct arg ARGS[] = {
    {.name = "name",
     .value = "NAME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct options, name),
     .help = "the name of what is made; the format's when not said"},
};

static const struct arg_group GROUPS[] = {{"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0}};

static const struct arg_table TABLE = {
    .operands = "FORMAT FILE",
    .operands_min = 2,
    .description = "Prints the rubric or rule pack that is made of FILE, and tells on stderr what "
                   "of it could\nnot be carried over. FORMAT is one of those that `assay rubric "
                   "import formats` lists.\nExit status 1 when something was left out.",
    .groups = GROUPS,
    .group_count = sizeof GROUPS / sizeof *GROUPS,
};

static int list_formats(void)
{
    for (size_t i = 0; IMPORTERS[i]; i++)
        printf("%-14s%s\n", IMPORTERS[i]->name, IMPORTERS[i]->summary);
    return EXIT_FINE;
}

static int unknown(const char *command, const char *name)
{
    const char *names[FORMATS_MAX];
    size_t count = 0;
    for (; IMPORTERS[count] && count < FORMATS_MAX; count++)
        names[count] = IMPORTERS[count]->name;
    const char *nearest = args_nearest(name, names, count);
    fprintf(stderr, "%s: there is no format \"%.60s\"; ", command, name);
    if (nearest)
        fprintf(stderr, "did you mean %s?\n", nearest);
    else
        fprintf(stderr, "%s formats lists them\n", command);
    return EXIT_USAGE;
}

static int convert(const char *command, const struct importer *importer, const char *path,
                   const char *name)
{
    struct error error = {0};
    char *text;
    size_t size;
    if (!json_read_bytes(path, JSON_LIMITS_DOCUMENT.bytes, &text, &size, &error)) {
        fprintf(stderr, "%s: %s\n", command, error.text);
        return EXIT_USAGE;
    }
    struct problems left_out = {0};
    json_t *document = importer->convert((struct str){text, size}, name, &left_out);
    int exit_code = !document ? EXIT_USAGE : left_out.total ? EXIT_BELOW : EXIT_FINE;
    if (left_out.total)
        fprintf(stderr, "%s: %zu not carried over:\n", command, left_out.total);
    problems_print(&left_out, stderr, path);
    if (document && (json_dumpf(document, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF ||
                     fflush(stdout) != 0))
        exit_code = EXIT_COULD_NOT;
    json_decref(document);
    problems_clear(&left_out);
    free(text);
    return exit_code;
}

static int run(const char *command, const struct arg_list *operands, const char *name)
{
    const struct importer *importer = importer_find(operands->values[0]);
    if (!importer)
        return unknown(command, operands->values[0]);
    if (operands->count > 2) {
        fprintf(stderr, "%s: one FILE at a time\n", command);
        return EXIT_USAGE;
    }
    if (name && !packs_name_valid(name)) {
        fprintf(stderr,
                "%s: --name: \"%.80s\" cannot be a name; 1 to %d of a-z, 0-9, '_', '-', '.'\n",
                command, name, PACKS_NAME_BYTES_MAX);
        return EXIT_USAGE;
    }
    return convert(command, importer, operands->values[1], name ? name : importer->name);
}

int cmd_rubric_import(int argc, char **argv)
{
    struct options options = {0};
    struct arg_list operands = {0};
    int exit_code = EXIT_FINE;
    if (argc == 2 && strcmp(argv[1], "formats") == 0)
        return list_formats();
    if (args_start(&TABLE, argc, argv, &options, &operands, &exit_code))
        exit_code = run(argv[0], &operands, options.name);
    arg_list_clear(&operands);
    return exit_code;
}
