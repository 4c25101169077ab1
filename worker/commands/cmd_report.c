/* assay report: what the stores of workers say. */
#include "worker/commands/cmd_report.h"

#include "worker/commands/commands.h"

static const struct command COMMANDS[] = {
    {"drift", "tell whether scores got worse, since when, and how sure that is", cmd_report_drift},
    {"quality", "tell how good each model is now, its trend, its worst samples",
     cmd_report_quality},
};

int cmd_report(int argc, char **argv)
{
    return commands_run(COMMANDS, sizeof COMMANDS / sizeof *COMMANDS,
                        "A report reads the stores that workers and assay eval --store keep; it "
                        "changes nothing in them.",
                        argc, argv);
}
