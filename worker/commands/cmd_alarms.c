/* assay alarms: wakes somebody when scores get worse. */
#include "worker/commands/cmd_alarms.h"

#include "worker/commands/commands.h"

static const struct command COMMANDS[] = {
    {"run", "watch stores, every five minutes, and tell of alarms", cmd_alarms_run},
    {"list", "show what is watched, against which baseline, and the alarms so far",
     cmd_alarms_list},
    {"replay", "compute every alarm again from the closed buckets, and compare", cmd_alarms_replay},
    {"cloudformation", "write CloudWatch alarms on quality and quantity together, as a template",
     cmd_alarms_cloudformation},
};

int cmd_alarms(int argc, char **argv)
{
    return commands_run(COMMANDS, sizeof COMMANDS / sizeof *COMMANDS,
                        "Alarms read the stores of workers, as reports do, and keep a file of "
                        "their own. One process watches a fleet.",
                        argc, argv);
}
