/* assay label: what people say of samples. */
#include "worker/commands/cmd_label.h"

#include "worker/commands/commands.h"

static const struct command COMMANDS[] = {
    {"queue", "draw samples at random for people to label", cmd_label_queue},
    {"import", "put labels into a store", cmd_label_import},
    {"list", "tell which labels stores hold", cmd_label_list},
};

int cmd_label(int argc, char **argv)
{
    return commands_run(COMMANDS, sizeof COMMANDS / sizeof *COMMANDS,
                        "A label is what a person says of a sample: a verdict or a score, for a "
                        "criterion or a dimension.\nLabels of a random queue tell how far scores "
                        "can be trusted, and correct their means.",
                        argc, argv);
}
