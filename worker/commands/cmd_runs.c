/* assay runs: the reruns of a store. */
#include <stdio.h>
#include <unistd.h>
#include "worker/options/args.h"
#include "worker/commands/commands.h"
#include "worker/rerun/rerun.h"
#include "worker/store/runs.h"

struct runs_options {
    const char *store;
    bool json;
};

static const struct arg ARGS[] = {
    {"store", "DIR", ARG_TEXT, offsetof(struct runs_options, store), "holds the runs", 0, 0},
    {"json", NULL, ARG_FLAG, offsetof(struct runs_options, json),
     "print JSON, for programs", 0, 0},
};

static const struct arg_group GROUPS[] = {{"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0}};

static const struct arg_table LIST_TABLE = {
    .description = "Lists the reruns of a store.\n\nExit status: 0 fine, 2 wrong usage, 3 a run "
                   "could not be read.",
    .groups = GROUPS,
    .group_count = 1,
};
static const struct arg_table SHOW_TABLE = {
    .operands = "NAME",
    .operands_min = 1,
    .description = "Tells what a rerun was asked for, how far it is, and what came out.\n\n"
                   "Exit status: 0 fine, 2 wrong usage, 3 it could not be read.",
    .groups = GROUPS,
    .group_count = 1,
};
static const struct arg_table DELETE_TABLE = {
    .operands = "NAME",
    .operands_min = 1,
    .description = "Deletes a rerun with its scores, for good. Answers of the judge that it paid "
                   "for stay.\n\nExit status: 0 fine, 2 wrong usage, 3 it could not be deleted.",
    .groups = GROUPS,
    .group_count = 1,
};

static void print_json(const json_t *object)
{
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
}

/* ---- list ---- */

static const char *word_of(const json_t *object, const char *key)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : "-";
}

static void print_row(const json_t *summary)
{
    const json_t *asked = json_object_get(summary, "asked");
    printf("%-20s %-24s %-24s %10lld %10lld  %s from %s\n", word_of(summary, "run"),
           word_of(summary, "started_at"), word_of(summary, "ended_at"),
           (long long)json_integer_value(json_object_get(summary, "done")),
           (long long)json_integer_value(json_object_get(summary, "planned")),
           word_of(json_array_get(json_object_get(asked, "rubrics"), 0), "name"),
           word_of(asked, "source"));
}

static int list(const struct runs_options *options, const char *name, struct error *error)
{
    json_t *names = runs_list(options->store), *all = json_array(), *one;
    size_t i;
    (void)name;
    bool fine = true;
    json_array_foreach(names, i, one)
    {
        json_t *summary = run_summary(options->store, json_string_value(one), error);
        fine = fine && summary;
        if (summary)
            json_array_append_new(all, summary);
    }
    if (options->json)
        print_json(all);
    else if (json_array_size(all))
        printf("%-20s %-24s %-24s %10s %10s  %s\n", "run", "started", "ended", "done", "planned",
               "rubric");
    json_array_foreach(all, i, one) if (!options->json) print_row(one);
    json_decref(all);
    json_decref(names);
    return fine ? EXIT_FINE : EXIT_COULD_NOT;
}

/* ---- show ---- */

static int show(const struct runs_options *options, const char *name, struct error *error)
{
    json_t *summary = run_summary(options->store, name, error);
    if (!summary)
        return EXIT_COULD_NOT;
    if (options->json)
        print_json(summary);
    else
        rerun_print_summary(summary, stdout);
    json_decref(summary);
    return EXIT_FINE;
}

/* ---- delete ---- */

static int delete(const struct runs_options *options, const char *name, struct error *error)
{
    int lock = run_lock(options->store, name, error);
    bool fine = lock >= 0 && run_delete(options->store, name, error);
    if (lock >= 0)
        close(lock);
    if (fine && !options->json)
        printf("run %s is deleted\n", name);
    return fine ? EXIT_FINE : EXIT_COULD_NOT;
}

/* ---- commands ---- */

typedef int action(const struct runs_options *options, const char *name, struct error *error);

static int start(const struct arg_table *table, action *act, int argc, char **argv)
{
    struct runs_options options = {0};
    struct arg_list operands = {0};
    struct error error = {0};
    int exit_code = EXIT_USAGE;
    if (!args_start(table, argc, argv, &options, &operands, &exit_code))
        return exit_code;
    const char *name = operands.count ? operands.values[0] : NULL;
    if (!options.store)
        error_set(&error, ERROR_INPUT, "--store is missing: name the folder of the shards");
    else if (operands.count > 1)
        error_set(&error, ERROR_INPUT, "one run at a time");
    else if (name && (!run_name_valid(name) || !run_exists(options.store, name)))
        error_set(&error, ERROR_INPUT, "there is no run \"%.80s\" in %.200s (assay runs list)",
                  name, options.store);
    else
        exit_code = act(&options, name, &error);
    if (error.kind != ERROR_NONE)
        fprintf(stderr, "%s: %s\n", argv[0], error.text);
    args_clear(table, &options);
    arg_list_clear(&operands);
    return exit_code;
}

static int cmd_list(int argc, char **argv)
{
    return start(&LIST_TABLE, list, argc, argv);
}

static int cmd_show(int argc, char **argv)
{
    return start(&SHOW_TABLE, show, argc, argv);
}

static int cmd_delete(int argc, char **argv)
{
    return start(&DELETE_TABLE, delete, argc, argv);
}

static const struct command COMMANDS[] = {
    {"list", "what reruns a store holds", cmd_list},
    {"show", "what one was asked for, how far it is, and what came out", cmd_show},
    {"delete", "delete one, with its scores", cmd_delete},
};

int cmd_runs(int argc, char **argv)
{
    return commands_run(COMMANDS, sizeof COMMANDS / sizeof *COMMANDS,
                        "A run is what `assay rerun` made: scores of samples that live had scored "
                        "before, or of capture records.\n`assay compare live NAME` tells what "
                        "changed.",
                        argc, argv);
}
