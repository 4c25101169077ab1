/* assay evaluators: the ways of judging a rubric can name. */
#include <jansson.h>
#include <stdio.h>
#include "evaluators/registry.h"
#include "worker/options/args.h"
#include "worker/commands/commands.h"
#include "worker/options/plugins.h"

struct options {
    struct arg_list evaluators;
    bool json;
};

static const struct arg ARGS[] = {
    PLUGINS_ARG(offsetof(struct options, evaluators)),
    {.name = "json",
     .kind = ARG_FLAG,
     .offset = offsetof(struct options, json),
     .help = "print one JSON object, for programs"},
};

static const struct arg_group GROUPS[] = {{"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0}};

static const struct arg_table TABLE = {
    .description = "Lists the evaluators: name, what it tells, what a sample must carry for it.",
    .groups = GROUPS,
    .group_count = sizeof GROUPS / sizeof *GROUPS,
};

static const struct {
    unsigned need;
    const char *name;
} NEEDS[] = {
    {NEEDS_REFERENCE, "reference"},
    {NEEDS_REFERENCE_MOSTLY, "reference"},
    {NEEDS_RESAMPLES, "resamples"},
};

enum { NEED_COUNT = sizeof NEEDS / sizeof *NEEDS };

static json_t *to_json(const struct evaluator *evaluator)
{
    json_t *needs = json_array();
    for (size_t i = 0; i < NEED_COUNT; i++)
        if (evaluator->needs & NEEDS[i].need)
            json_array_append_new(needs, json_string(NEEDS[i].name));
    const struct evaluator_origin *origin = evaluator_origin_of(evaluator);
    json_t *from = origin ? json_pack("{s:s, s:s}", "file", origin->file, "sha256", origin->hash)
                          : json_null();
    return json_pack("{s:s, s:s, s:o, s:b, s:o}", "name", evaluator->name, "summary",
                     evaluator->summary, "needs", needs, "asks", evaluator->ask != NULL,
                     "shared_object", from);
}

static void print_json(void)
{
    json_t *list = json_array();
    for (const struct evaluator *const *one = evaluator_all(); *one; one++)
        json_array_append_new(list, to_json(*one));
    json_t *all = json_pack("{s:o}", "evaluators", list);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

static void print_text(void)
{
    for (const struct evaluator *const *one = evaluator_all(); *one; one++) {
        printf("%-14s%s", (*one)->name, (*one)->summary);
        for (size_t i = 0; i < NEED_COUNT; i++)
            if ((*one)->needs & NEEDS[i].need)
                printf(" [needs %s]", NEEDS[i].name);
        const struct evaluator_origin *origin = evaluator_origin_of(*one);
        printf("%s%s%s%s\n", (*one)->ask ? " [asks a model]" : "", origin ? " [from " : "",
               origin ? origin->file : "", origin ? "]" : "");
    }
}

int cmd_evaluators(int argc, char **argv)
{
    struct options options = {0};
    struct arg_list operands = {0};
    int exit_code;
    if (!args_start(&TABLE, argc, argv, &options, &operands, &exit_code))
        return exit_code;
    exit_code = plugins_start(argv[0], &options.evaluators) ? EXIT_FINE : EXIT_USAGE;
    if (exit_code == EXIT_FINE && options.json)
        print_json();
    else if (exit_code == EXIT_FINE)
        print_text();
    args_clear(&TABLE, &options);
    return exit_code;
}
