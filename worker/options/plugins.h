/* plugins: evaluators from the shared objects that a command line names. */
#ifndef ASSAY_PLUGINS_H
#define ASSAY_PLUGINS_H

#include "schema/base/problems.h"
#include "worker/options/args.h"

/* The option, for the table of a command that loads rubrics: a struct arg_list at `at`. */
#define PLUGINS_ARG(at)                                                                            \
    {                                                                                              \
        .name = "evaluator", .value = "FILE.so", .kind = ARG_LIST, .offset = (at),                 \
        .help = "a shared object with evaluators of your own (evaluators/README.md)"               \
    }

/* Adds the evaluators of each file to those there are; they stay until the process ends. Once,
 * before threads start and rubrics are loaded. False: `problems` says of each file that was refused
 * why. */
bool plugins_load(const struct arg_list *files, struct problems *problems);
/* The same for a command: every problem is printed to stderr, behind its name. */
bool plugins_start(const char *command, const struct arg_list *files);

#endif
