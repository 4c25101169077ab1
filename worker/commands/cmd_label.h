/* cmd_label: what people say of samples. */
#ifndef ASSAY_CMD_LABEL_H
#define ASSAY_CMD_LABEL_H

int cmd_label_import(int argc, char **argv);
int cmd_label_list(int argc, char **argv);
int cmd_label_queue(int argc, char **argv);

#endif
