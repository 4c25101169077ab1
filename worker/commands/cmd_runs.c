/* assay runs: the reruns of a store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "schema/base/memory.h"
#include "worker/options/args.h"
#include "worker/commands/commands.h"
#include "worker/rerun/rerun.h"
#include "worker/rerun/rerun_fleet.h"
#include "worker/store/runs.h"

struct runs_options {
    struct arg_list stores;
    const char *brokers, *group;
    struct arg_list kafka;
    bool json;
};

static const struct arg ARGS[] = {
    {"store", "DIR", ARG_LIST, offsetof(struct runs_options, stores),
     "holds the runs; again for other stores of a fleet, whose runs of a name are one", 0, 0},
    {"json", NULL, ARG_FLAG, offsetof(struct runs_options, json),
     "print JSON, for programs", 0, 0},
};

static const struct arg KAFKA_ARGS[] = {
    {"brokers", "HOST:PORT[,...]", ARG_TEXT, offsetof(struct runs_options, brokers),
     "Kafka brokers, to tell how many chunks the workers have done", 0, 0},
    {"group", "NAME", ARG_TEXT, offsetof(struct runs_options, group),
     "of the workers; default " RERUN_GROUP, 0, 0},
    {"kafka", "KEY=VALUE", ARG_LIST, offsetof(struct runs_options, kafka),
     "a property of librdkafka", 0, 0},
};

static const struct arg_group GROUPS[] = {
    {"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0},
    {"Of a run that was planned with --to-topic", KAFKA_ARGS,
     sizeof KAFKA_ARGS / sizeof *KAFKA_ARGS, 0},
};

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
    .group_count = 2,
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

static int by_name(const void *left, const void *right)
{
    return strcmp(json_string_value(*(json_t *const *)left),
                  json_string_value(*(json_t *const *)right));
}

/* Of all stores, sorted, each once. */
static json_t *all_names(const struct runs_options *options)
{
    json_t *found = json_array(), *names = json_array(), *one;
    size_t i;
    for (i = 0; i < options->stores.count; i++) {
        json_t *some = runs_list(options->stores.values[i]);
        json_array_extend(found, some);
        json_decref(some);
    }
    size_t count = json_array_size(found);
    json_t **sorted = memory_new(count + 1, sizeof *sorted);
    json_array_foreach(found, i, one) sorted[i] = one;
    qsort(sorted, count, sizeof *sorted, by_name);
    for (i = 0; i < count; i++)
        if (i == 0 || by_name(&sorted[i - 1], &sorted[i]) != 0)
            json_array_append(names, sorted[i]);
    free(sorted);
    json_decref(found);
    return names;
}

static int list(const struct runs_options *options, const char *name, struct error *error)
{
    json_t *names = all_names(options), *all = json_array(), *one;
    size_t i;
    (void)name;
    bool fine = true;
    json_array_foreach(names, i, one)
    {
        json_t *summary = run_summary(options->stores.values, options->stores.count,
                                      json_string_value(one), error);
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

/* Of the store that planned it. NULL with `error`. */
static json_t *find_plan(const struct runs_options *options, const char *name, struct error *error)
{
    json_t *description = json_null();
    for (size_t i = 0; i < options->stores.count && json_is_null(description); i++) {
        description = run_description(options->stores.values[i], name, error);
        const json_t *plan = json_object_get(description, "plan");
        if (json_is_object(description) && !json_object_get(plan, "chunk_records")) {
            json_decref(description);
            description = json_null();
        }
    }
    if (description && json_is_null(description))
        error_set(error, ERROR_INPUT,
                  "no --store holds the plan of run %s, as `assay rerun --to-topic` left it", name);
    return json_is_object(description) ? description : NULL;
}

/* Asked before the stores are: what a group has committed is in them. NULL with `error`. */
static json_t *ask_progress(const struct runs_options *options, const char *name,
                            struct error *error)
{
    json_t *description = find_plan(options, name, error);
    const json_t *asked = json_object_get(description, "asked");
    const struct kafka_config kafka = {
        .brokers = options->brokers,
        .topic = json_string_value(json_object_get(asked, "to_topic")),
        .group = options->group,
        .properties = options->kafka.values,
        .property_count = options->kafka.count};
    json_t *progress = description ? rerun_fleet_progress(&kafka, description, error) : NULL;
    json_decref(description);
    return progress;
}

static int show(const struct runs_options *options, const char *name, struct error *error)
{
    json_t *progress = options->brokers ? ask_progress(options, name, error) : NULL;
    if (options->brokers && !progress)
        return EXIT_COULD_NOT;
    json_t *summary = run_summary(options->stores.values, options->stores.count, name, error);
    if (!summary) {
        json_decref(progress);
        return EXIT_COULD_NOT;
    }
    if (progress)
        json_object_set_new(summary, "fleet", progress);
    if (options->json)
        print_json(summary);
    else
        rerun_print_summary(summary, stdout);
    json_decref(summary);
    return EXIT_FINE;
}

/* ---- delete ---- */

static bool delete_in(const char *store, const char *name, struct error *error)
{
    if (!run_exists(store, name))
        return true;
    int lock = run_lock(store, name, false, error);
    bool fine = lock >= 0 && run_delete(store, name, error);
    if (lock >= 0)
        close(lock);
    return fine;
}

static int delete(const struct runs_options *options, const char *name, struct error *error)
{
    bool fine = true;
    for (size_t i = 0; fine && i < options->stores.count; i++)
        fine = delete_in(options->stores.values[i], name, error);
    if (fine && !options->json)
        printf("run %s is deleted\n", name);
    return fine ? EXIT_FINE : EXIT_COULD_NOT;
}

/* ---- commands ---- */

static bool any_holds(const struct runs_options *options, const char *name)
{
    for (size_t i = 0; run_name_valid(name) && i < options->stores.count; i++)
        if (run_exists(options->stores.values[i], name))
            return true;
    return false;
}

typedef int action(const struct runs_options *options, const char *name, struct error *error);

static int start(const struct arg_table *table, action *act, int argc, char **argv)
{
    struct runs_options options = {.group = RERUN_GROUP};
    struct arg_list operands = {0};
    struct error error = {0};
    int exit_code = EXIT_USAGE;
    if (!args_start(table, argc, argv, &options, &operands, &exit_code))
        return exit_code;
    const char *name = operands.count ? operands.values[0] : NULL;
    if (!options.stores.count)
        error_set(&error, ERROR_INPUT, "--store is missing: name the folder of the shards");
    else if (operands.count > 1)
        error_set(&error, ERROR_INPUT, "one run at a time");
    else if (name && !any_holds(&options, name))
        error_set(&error, ERROR_INPUT, "there is no run \"%.80s\" in %.200s (assay runs list)",
                  name, options.stores.values[0]);
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
