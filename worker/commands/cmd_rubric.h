/* cmd_rubric: the subcommands of assay rubric. */
#ifndef ASSAY_CMD_RUBRIC_H
#define ASSAY_CMD_RUBRIC_H

int cmd_rubric_check(int argc, char **argv);
int cmd_rubric_diff(int argc, char **argv);
int cmd_rubric_explain(int argc, char **argv);
int cmd_rubric_import(int argc, char **argv);
int cmd_rubric_test(int argc, char **argv);

#endif
