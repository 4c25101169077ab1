/* assay rubric check: tells what is wrong with rubrics. */
#include <jansson.h>
#include <stdio.h>
#include "rubrics/rubric.h"
#include "worker/options/args.h"
#include "worker/commands/cmd_rubric.h"
#include "worker/commands/commands.h"
#include "worker/options/judge.h"
#include "worker/options/plugins.h"

struct check_options {
    struct arg_list evaluators;
    bool json;
    struct judge_options judge; /* only who it is */
};

static const struct arg CHECK_ARGS[] = {
    PLUGINS_ARG(offsetof(struct check_options, evaluators)),
    {.name = "json",
     .kind = ARG_FLAG,
     .offset = offsetof(struct check_options, json),
     .help = "print one JSON object per rubric, for programs"},
};

static const struct arg_group CHECK_GROUPS[] = {
    {"Options", CHECK_ARGS, sizeof CHECK_ARGS / sizeof *CHECK_ARGS, 0},
    {"Who judges, for the hashes of criteria that ask", JUDGE_ARGS, JUDGE_WHO_ARG_COUNT,
     offsetof(struct check_options, judge)}};

static const struct arg_table CHECK_TABLE = {
    .operands = "RUBRIC...",
    .operands_min = 1,
    .description = "Loads each rubric (a file, or the name of one that ships) and tells everything "
                   "that is wrong\nwith it, each with its path in the document. Exit status 2 when "
                   "something is.",
    .groups = CHECK_GROUPS,
    .group_count = sizeof CHECK_GROUPS / sizeof *CHECK_GROUPS,
};

static void print_text(const char *name, const struct rubric *rubric,
                       const struct problems *problems)
{
    if (!rubric) {
        fprintf(stderr, "%s: %zu problem%s\n", name, problems->total,
                problems->total == 1 ? "" : "s");
        problems_print(problems, stderr, name);
        return;
    }
    printf("%s: ok, rubric %s, %zu criteri%s (", name, rubric->name, rubric->criterion_count,
           rubric->criterion_count == 1 ? "on" : "a");
    for (size_t i = 0; i < rubric->criterion_count; i++)
        printf("%s%s", i ? ", " : "", rubric->criteria[i].name);
    printf("), %s\n", rubric->hash);
}

static json_t *criterion_json(const struct criterion *criterion)
{
    return json_pack("{s:s, s:s, s:s, s:f, s:f, s:b, s:s}", "name", criterion->name, "dimension",
                     criterion->dimension, "evaluator", criterion->evaluator->name, "weight",
                     criterion->weight, "threshold", criterion->threshold, "gate", criterion->gate,
                     "hash", criterion->hash);
}

static void print_json(const char *name, const struct rubric *rubric,
                       const struct problems *problems)
{
    json_t *criteria = json_array(), *lines = json_array();
    for (size_t i = 0; rubric && i < rubric->criterion_count; i++)
        json_array_append_new(criteria, criterion_json(&rubric->criteria[i]));
    for (size_t i = 0; i < problems->count; i++)
        json_array_append_new(lines, json_string(problems->lines[i]));
    json_t *all = json_pack("{s:s, s:b, s:s?, s:s?, s:o, s:o}", "rubric", name, "ok",
                            rubric != NULL, "name", rubric ? rubric->name : NULL, "hash",
                            rubric ? rubric->hash : NULL, "criteria", criteria, "problems", lines);
    if (all)
        json_dumpf(all, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(all);
}

static bool check(const char *name, const struct check_options *options)
{
    struct problems problems = {0};
    struct rubric *rubric = rubric_load(name, &options->judge.who, &problems);
    bool fine = rubric != NULL;
    (options->json ? print_json : print_text)(name, rubric, &problems);
    rubric_free(rubric);
    problems_clear(&problems);
    return fine;
}

int cmd_rubric_check(int argc, char **argv)
{
    struct check_options options = {0};
    struct arg_list names = {0};
    int exit_code = EXIT_FINE;
    if (!args_start(&CHECK_TABLE, argc, argv, &options, &names, &exit_code))
        return exit_code;
    bool fine = plugins_start(argv[0], &options.evaluators);
    for (size_t i = 0; fine && i < names.count; i++)
        if (!check(names.values[i], &options))
            exit_code = EXIT_USAGE;
    args_clear(&CHECK_TABLE, &options);
    arg_list_clear(&names);
    return fine ? exit_code : EXIT_USAGE;
}
