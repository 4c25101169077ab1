/* main: the program assay, a table of commands. */
#include <stdio.h>
#include <string.h>
#include "worker/commands/commands.h"

/* In the order people read them. A new command is a file cmd_NAME.c, a line in commands.h and a
 * line here. */
static const struct command COMMANDS[] = {
    {"run", "the worker: score what a Kafka topic holds, keep the scores, publish metrics",
     cmd_run},
    {"feed", "put capture files, or an S3 prefix of them, into a Kafka topic, each record once",
     cmd_feed},
    {"eval", "score files here and now; exit status by thresholds", cmd_eval},
    {"report", "tell from stores whether scores got worse, since when, how sure", cmd_report},
    {"alarms", "wake somebody when scores get worse, within a false-alarm budget", cmd_alarms},
    {"compare", "tell which of two models, runs or versions is better, and how sure that is",
     cmd_compare},
    {"rerun", "score again what was already seen, by other rubrics, as a run of its own",
     cmd_rerun},
    {"runs", "list, show and delete reruns", cmd_runs},
    {"label", "put samples before people, and keep what they say of them", cmd_label},
    {"mark", "tell stores that something happened to a model, a deployment say", cmd_mark},
    {"demo", "show all that on this machine alone, with made-up traffic and stand-ins", cmd_demo},
    {"rubric", "check, test, explain, compare and import rubrics and rule packs", cmd_rubric},
    {"doctor", "say what is wrong with a configuration, its credentials, its brokers", cmd_doctor},
    {"evaluators", "list the ways of judging a rubric can name", cmd_evaluators},
    {"bench", "time the evaluators on this machine", cmd_bench},
};

static const char DESCRIPTION[] =
    "assay tells whether the answers of a language model in production are still good.";

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("assay " ASSAY_VERSION);
        return EXIT_FINE;
    }
    char program[] = "assay";
    argv[0] = program;
    return commands_run(COMMANDS, sizeof COMMANDS / sizeof *COMMANDS, DESCRIPTION, argc, argv);
}
