/* rubric_batch: files scored for the commands of assay rubric. */
#ifndef ASSAY_RUBRIC_BATCH_H
#define ASSAY_RUBRIC_BATCH_H

#include "worker/options/args.h"
#include "worker/eval/batch.h"
#include "worker/options/judge.h"

/* One rubric as a set; NULL after every problem was printed to stderr. The caller releases. */
struct rubric_set *rubric_batch_load(const char *command, const char *name,
                                     const struct judge_options *judge);

/* Scores every record of the files with `set` and hands each to `done`, in order. Lines that are no
 * capture records are told on stderr and not handed out. EXIT_FINE, EXIT_COULD_NOT or, stopped by a
 * signal, EXIT_INTERRUPTED. */
int rubric_batch_run(const char *command, struct rubric_set *set,
                     const struct judge_options *options, const struct arg_list *files,
                     void (*done)(void *owner, const struct evaluation *evaluation), void *owner);

#endif
