/* commands: the subcommands of the program. */
#ifndef ASSAY_COMMANDS_H
#define ASSAY_COMMANDS_H

#include <stddef.h>
#include "worker/options/exit_code.h"

struct command {
    const char *name;
    const char *summary; /* one line */
    /* argv[0] is the whole command so far ("assay eval"), for messages. Returns an exit_code. */
    int (*run)(int argc, char **argv);
};

/* Finds argv[1] in the table and runs it. `--help`, `-h` and `help` list the table, `help NAME` is
 * `NAME --help`; a name that is not there is named together with the nearest one, EXIT_USAGE.
 * `description` stands above the list. argv[0] is what was typed so far. */
int commands_run(const struct command *commands, size_t count, const char *description, int argc,
                 char **argv);

int cmd_alarms(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_evaluators(int argc, char **argv);
int cmd_label(int argc, char **argv);
int cmd_mark(int argc, char **argv);
int cmd_feed(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_rerun(int argc, char **argv);
int cmd_rubric(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_runs(int argc, char **argv);

#endif
