/* assay label import: labels of people into a store. */
#include <stdio.h>

#include "schema/base/clock.h"
#include "worker/options/args.h"
#include "worker/commands/cmd_label.h"
#include "worker/commands/commands.h"
#include "worker/label/label_import.h"

struct import_options {
    const char *store, *labeller;
    bool json;
};

static const struct arg IMPORT_ARGS[] = {
    {.name = "store",
     .value = "DIR",
     .kind = ARG_TEXT,
     .offset = offsetof(struct import_options, store),
     .help = "the store whose samples were labelled; the labels go into its folder labels"},
    {.name = "labeller",
     .value = "NAME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct import_options, labeller),
     .help = "who labelled, for rows that do not say"},
    {.name = "json",
     .kind = ARG_FLAG,
     .offset = offsetof(struct import_options, json),
     .help = "print what was done as one JSON object"},
};

static const struct arg_table IMPORT_TABLE = {
    .operands = "FILE",
    .operands_min = 1,
    .description =
        "Reads labels, CSV with the names of columns in its first row, or JSON Lines "
        "(schema/label.schema.json), and keeps\nthem: all of a file, or nothing when a line is "
        "wrong; then every problem is listed with its line. Columns: sample,\ntarget (a criterion, "
        "a dimension or composite) and value (0 to 1, pass, fail, yes, no) are wanted; model, "
        "labeller,\nlabelled_at, probability and note may be there. Rows without a value are not "
        "labelled yet and are passed over. To\nimport a file again changes nothing; who changes a "
        "verdict says it with a later labelled_at.\n"
        "Exit status: 0 fine, 2 wrong usage or a wrong line, 3 the file or the store could not be "
        "read or written.",
    .groups = (const struct arg_group[]){{"Options", IMPORT_ARGS,
                                          sizeof IMPORT_ARGS / sizeof *IMPORT_ARGS, 0}},
    .group_count = 1,
};

static bool write_labels(const char *dir, const struct label_import *import, struct error *error)
{
    if (import->count == 0)
        return true;
    struct label_writer *writer = label_writer_open(dir, error);
    if (!writer)
        return false;
    for (size_t i = 0; i < import->count; i++)
        label_writer_add(writer, &import->labels[i]);
    bool fine = label_writer_commit(writer, error);
    label_writer_close(writer);
    return fine;
}

static void tell(const struct label_import *import, bool json)
{
    if (json) {
        printf("{\"imported\":%zu,\"known\":%zu,\"open\":%zu,\"of_unknown_samples\":%zu}\n",
               import->count, import->repeated, import->file->open, import->strange);
        return;
    }
    printf("%zu labels imported, %zu known before, %zu rows not labelled yet\n", import->count,
           import->repeated, import->file->open);
    if (import->strange > 0)
        printf("%zu of samples that this store does not hold: they count when it does\n",
               import->strange);
}

/* What is wrong with lines goes into `problems`; false: the world is in the way. */
static bool import_file(const struct import_options *options, const char *path,
                        struct stores *stores, struct problems *problems, struct error *error)
{
    struct label_file file = {0};
    struct label_set known = {0};
    struct label_import import = {
        .file = &file, .known = &known, .stores = stores, .now_ms = clock_wall_ms()};
    bool fine = label_file_read(&file, path, options->labeller, problems, error);
    if (fine) {
        stores_resolve(stores);
        stores_with_rows(stores, "samples that are known are");
        label_set_add(&known, options->store, &stores->partial);
        label_set_finish(&known);
        label_import_check(&import, problems);
    }
    if (fine && problems->total == 0) {
        fine = write_labels(options->store, &import, error);
        if (fine)
            tell(&import, options->json);
    }
    label_import_clear(&import);
    label_set_clear(&known);
    label_file_clear(&file);
    return fine;
}

static int import_command(const struct import_options *options, const struct arg_list *operands)
{
    struct error error = {0};
    struct stores stores = {0};
    struct problems problems = {0};
    int code = EXIT_USAGE;
    if (!options->store || operands->count != 1) {
        error_set(&error, ERROR_INPUT,
                  options->store ? "one file is imported at a time" : "--store is missing: name "
                                                                      "the folder of the store");
    } else {
        code = EXIT_COULD_NOT;
        if (stores_add(&stores, options->store, &error) &&
            import_file(options, operands->values[0], &stores, &problems, &error))
            code = problems.total > 0 ? EXIT_USAGE : EXIT_FINE;
    }
    if (problems.total > 0) {
        fprintf(stderr, "assay label import: nothing was imported; %zu problems:\n",
                problems.total);
        problems_print(&problems, stderr, operands->values[0]);
    }
    problems_print(&stores.partial, stderr, "not all was read");
    if (error.kind != ERROR_NONE)
        fprintf(stderr, "assay label import: %s\n", error.text);
    problems_clear(&problems);
    stores_close(&stores);
    return code;
}

int cmd_label_import(int argc, char **argv)
{
    struct import_options options = {0};
    struct arg_list operands = {0};
    int code;
    if (args_start(&IMPORT_TABLE, argc, argv, &options, &operands, &code))
        code = import_command(&options, &operands);
    args_clear(&IMPORT_TABLE, &options);
    arg_list_clear(&operands);
    return code;
}
