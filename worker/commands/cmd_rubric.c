/* assay rubric: what can be done with rubrics and rule packs before a worker meets them. */
#include "worker/commands/cmd_rubric.h"

#include "worker/commands/commands.h"

static const struct command COMMANDS[] = {
    {"check", "tell everything that is wrong with rubrics", cmd_rubric_check},
    {"test", "run the examples that rubrics and rule packs hold", cmd_rubric_test},
    {"explain", "tell criterion by criterion why a sample got its score", cmd_rubric_explain},
    {"diff", "score the same samples with two rubrics, list what changed", cmd_rubric_diff},
    {"import", "make a rule pack or a rubric of another tool's file", cmd_rubric_import},
};

int cmd_rubric(int argc, char **argv)
{
    return commands_run(COMMANDS, sizeof COMMANDS / sizeof *COMMANDS,
                        "A rubric says what is wanted of a model's answers: criteria, weights, "
                        "gates, thresholds.",
                        argc, argv);
}
