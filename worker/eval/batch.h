/* batch: capture records scored in order, many questions in flight. */
#ifndef ASSAY_BATCH_H
#define ASSAY_BATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include "evaluators/evaluator.h"
#include "schema/base/error.h"
#include "worker/intake/lines.h"
#include "worker/options/judge.h"
#include "worker/lane/evaluation.h"
#include "worker/store/store.h"

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
    bool unwanted;                       /* `begin` said no: nothing of it was scored */
};

struct batch {
    struct rubric_set *set;
    struct judge *judge;               /* NULL: no model can be asked */
    const volatile sig_atomic_t *stop; /* set by a signal: what is in flight is dropped */
    /* Optional, before anything is asked or scored of a sample: whether it shall be. */
    bool (*begin)(void *owner, struct evaluation *evaluation, const struct buffer *record);
    /* In input order, on this thread. False stops the batch: `error` says why. */
    bool (*done)(void *owner, const struct batch_line *line, struct error *error);
    /* Optional: whenever it has waited for answers. */
    void (*turn)(void *owner);
    /* Now and then: bytes consumed of all the files, of how many (0 when not known). */
    void (*progress)(void *owner, int64_t bytes, int64_t bytes_total);
    void *owner;
};

/* What a store records of a line; borrowed as the line is. */
struct delivery batch_delivery(const struct batch_line *line, const struct store *store,
                               const struct tenure *tenure, int64_t offset);

/* Where records come from. */
struct batch_input {
    /* The next one into `into`; names it by a file and its line, which must live as long as the
     * record is in flight. As lines_next. */
    enum lines_status (*next)(void *owner, struct buffer *into, const char **out_file,
                              int64_t *out_line, struct error *error);
    void *owner;
    /* What next names is a delivery, "topic/partition" and its offset: samples without an id have
     * the one that a worker gives them. */
    bool deliveries;
};

/* Scores all that comes in. False and `error` when the input failed, or `done` said so; what came
 * before was handed out. */
bool batch_run_input(const struct batch *batch, const struct batch_input *input,
                     struct error *error);

/* Reads the files one after the other ("-" is standard input). False and `error` when one cannot be
 * read to its end, or `done` said so; what came before was handed out. Without a judge its
 * questions are skipped with "no_judge". */
bool batch_run(const struct batch *batch, const char *const *files, size_t file_count,
               struct error *error);

#endif
