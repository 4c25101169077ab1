/* cmd_alarms: commands about alarms. */
#ifndef ASSAY_CMD_ALARMS_H
#define ASSAY_CMD_ALARMS_H

int cmd_alarms_run(int argc, char **argv);
int cmd_alarms_list(int argc, char **argv);
int cmd_alarms_replay(int argc, char **argv);
int cmd_alarms_cloudformation(int argc, char **argv);

#endif
