/* assay rubric explain: tells criterion by criterion why samples got their scores. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "worker/commands/cmd_rubric.h"
#include "worker/commands/commands.h"
#include "worker/options/plugins.h"
#include "worker/rubric/rubric_batch.h"
#include "worker/rubric/rubric_explain.h"

struct options {
    struct arg_list evaluators;
    const char *rubric, *id;
    bool json;
    struct judge_options judge;
};

static const struct arg ARGS[] = {
    {.name = "rubric",
     .value = "RUBRIC",
     .kind = ARG_TEXT,
     .offset = offsetof(struct options, rubric),
     .help = "a file, or the name of one that ships; default general"},
    PLUGINS_ARG(offsetof(struct options, evaluators)),
    {.name = "id",
     .value = "ID",
     .kind = ARG_TEXT,
     .offset = offsetof(struct options, id),
     .help = "only the sample of this id"},
    {.name = "json",
     .kind = ARG_FLAG,
     .offset = offsetof(struct options, json),
     .help = "print one JSON object per sample, for programs"},
};

static const struct arg_group GROUPS[] = {
    {"Options", ARGS, sizeof ARGS / sizeof *ARGS, 0},
    {"Models to ask", JUDGE_ARGS, JUDGE_ARG_COUNT, offsetof(struct options, judge)},
};

static const struct arg_table TABLE = {
    .operands = "SAMPLE...",
    .operands_min = 1,
    .description =
        "Scores the capture records in each SAMPLE (a file of JSON lines, - is standard input) "
        "and\n"
        "tells why: each criterion's value, threshold and reason, how the composite is made of\n"
        "them, and what gates did. Exit status 2 when no record was explained.",
    .groups = GROUPS,
    .group_count = sizeof GROUPS / sizeof *GROUPS,
};

struct run {
    const struct options *options;
    size_t seen, explained;
};

static void explain(void *owner, const struct evaluation *evaluation)
{
    struct run *run = owner;
    const struct sample *sample = &evaluation->sample;
    run->seen++;
    if (run->options->id && !str_is(sample->id, run->options->id))
        return;
    run->explained++;
    if (evaluation->evaluated_count == 0) {
        fprintf(stderr, "%.*s: the rubric's applies_to leaves this sample out\n",
                STR_ARGS(sample->id));
        return;
    }
    if (!run->options->json) {
        printf("%s", run->explained > 1 ? "\n" : "");
        rubric_explain_text(sample, &evaluation->evaluated[0], stdout);
        return;
    }
    json_t *all = rubric_explain_json(sample, &evaluation->evaluated[0]);
    json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(all);
}

static int explain_files(const char *command, const struct options *options,
                         const struct arg_list *files)
{
    struct rubric_set *set = rubric_batch_load(command, options->rubric, &options->judge);
    if (!set)
        return EXIT_USAGE;
    struct run run = {.options = options};
    int exit_code = rubric_batch_run(command, set, &options->judge, files, explain, &run);
    rubric_set_release(set);
    if (exit_code != EXIT_FINE || run.explained)
        return exit_code;
    if (run.seen)
        fprintf(stderr, "%s: none of %zu samples has the id \"%.200s\"\n", command, run.seen,
                options->id);
    else
        fprintf(stderr, "%s: nothing to explain: there is no capture record in %s%s\n", command,
                files->values[0], files->count > 1 ? " and the other files" : "");
    return EXIT_USAGE;
}

int cmd_rubric_explain(int argc, char **argv)
{
    struct options options = {.rubric = "general", .judge = JUDGE_DEFAULTS};
    struct arg_list files = {0};
    int exit_code = EXIT_FINE;
    if (args_start(&TABLE, argc, argv, &options, &files, &exit_code))
        exit_code = plugins_start(argv[0], &options.evaluators)
                        ? explain_files(argv[0], &options, &files)
                        : EXIT_USAGE;
    args_clear(&TABLE, &options);
    arg_list_clear(&files);
    return exit_code;
}
