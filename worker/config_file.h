/* config_file: a command's options read from a JSON file instead of the command line. */
#ifndef ASSAY_CONFIG_FILE_H
#define ASSAY_CONFIG_FILE_H

#include "schema/base/problems.h"

/* An argv: the command's name, an option for each key of the file that `--config FILE` names
 * ("judge-endpoint": "j" becomes --judge-endpoint=j; lists give the option again and again; true
 * is a flag), then what stood on the command line, which so wins. Without --config it is what came
 * in. */
struct config_args {
    char **argv;
    int argc;
};

/* False when the file cannot be read as such an object: every problem is listed, and *out_path is
 * the file. Unknown keys are found by args_parse, as unknown options. */
bool config_file_args(int argc, char **argv, struct config_args *out, const char **out_path,
                      struct problems *problems);
void config_file_clear(struct config_args *args);

#endif
