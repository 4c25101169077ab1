/* config_file: a command's options read from a JSON file instead of the command line. */
#ifndef ASSAY_CONFIG_FILE_H
#define ASSAY_CONFIG_FILE_H

#include "schema/base/problems.h"
#include "worker/options/args.h"

/* A command line and the options of the file it names. `argv` is the command's name, an option for
 * each key of the file ("judge-endpoint": "j" becomes --judge-endpoint=j; lists give the option
 * again and again; true is a flag), then what stood on the command line, which so wins. */
struct config_args {
    struct arg_line words; /* its argv is the struct's own */
};

/* args_start for a command that takes --config FILE: true when it shall go on. Everything that is
 * wrong with the file, with the command line and by `check` (NULL: nothing more; called with `out`)
 * is listed in one go, each problem with its place. Without --config it is args_start. Keep `args`
 * until the options are no longer used; clear it in any case. */
bool config_file_start(const struct arg_table *table, int argc, char **argv,
                       bool (*check)(const void *out, struct problems *problems),
                       struct config_args *args, void *out, int *out_exit_code);
void config_file_clear(struct config_args *args);

#endif
