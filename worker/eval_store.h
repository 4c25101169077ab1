/* eval_store: scores of files kept in a store, as a worker keeps those of a topic. */
#ifndef ASSAY_EVAL_STORE_H
#define ASSAY_EVAL_STORE_H

#include <stdbool.h>
#include "schema/base/error.h"
#include "worker/batch.h"

struct eval_store; /* one thread */

/* Takes a shard of the store for itself. A file becomes a source: its topic is "file:" and its real
 * path, its incarnation a hash of what identifies the file (device, inode, size, time of change)
 * and of the rubrics, its offsets are the lines from 0. So the same file under the same rubrics,
 * evaluated again by this shard, changes nothing, and one that was interrupted is completed.
 * Standard input is a new source each time. Nothing of it is published as a metric. NULL: FATAL. */
struct eval_store *eval_store_open(const char *dir, const struct rubric_set *set,
                                   struct error *error);
/* The line's rows; durable some hundred lines later, or after eval_store_finish. */
bool eval_store_add(struct eval_store *store, const struct batch_line *line, struct error *error);
/* Makes all of it durable. Call once, before eval_store_close. */
bool eval_store_finish(struct eval_store *store, struct error *error);
/* NULL is fine. */
void eval_store_close(struct eval_store *store);

#endif
