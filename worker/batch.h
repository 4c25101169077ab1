/* batch: files of capture records scored in order, many questions in flight. */
#ifndef ASSAY_BATCH_H
#define ASSAY_BATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include "evaluators/evaluator.h"
#include "schema/base/error.h"
#include "worker/lane/evaluation.h"
#include "worker/judge.h"

enum {
    BATCH_IN_FLIGHT_MAX = 256,             /* samples that wait for answers */
    BATCH_BYTES_IN_FLIGHT_MAX = 256 << 20, /* of their records; one more may be read beyond it */
};

/* What became of one line. Borrowed during the call. */
struct batch_line {
    const char *file;
    int64_t line;                        /* from 1 */
    const char *invalid;                 /* a code, or NULL */
    struct evaluation *evaluation;       /* finished; NULL when invalid */
};

struct batch {
    struct rubric_set *set;
    struct judge *judge;               /* NULL: no model can be asked */
    const volatile sig_atomic_t *stop; /* set by a signal: what is in flight is dropped */
    /* In input order, on this thread. False stops the batch: `error` says why. */
    bool (*done)(void *owner, const struct batch_line *line, struct error *error);
    /* Now and then: bytes consumed of all the files, of how many (0 when not known). */
    void (*progress)(void *owner, int64_t bytes, int64_t bytes_total);
    void *owner;
};

/* Reads the files one after the other ("-" is standard input). False and `error` when one cannot be
 * read to its end, or `done` said so; what came before was handed out. Without a judge its
 * questions are skipped with "no_judge". */
bool batch_run(const struct batch *batch, const char *const *files, size_t file_count,
               struct error *error);

#endif
