/* cmd_report: the reports a person asks a store for. */
#ifndef ASSAY_CMD_REPORT_H
#define ASSAY_CMD_REPORT_H

int cmd_report_drift(int argc, char **argv);
int cmd_report_quality(int argc, char **argv);

#endif
