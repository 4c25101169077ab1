/* eval_store: scores of files kept in a store, as a worker keeps those of a topic. */
#ifndef ASSAY_EVAL_STORE_H
#define ASSAY_EVAL_STORE_H

#include <stdbool.h>
#include "schema/base/error.h"
#include "worker/eval/batch.h"
#include "worker/eval/eval_groups.h"
#include "worker/options/redaction.h"

struct eval_store; /* one thread */

/* Borrowed for the store's life. */
struct eval_store_config {
    const char *dir; /* NULL: groups are resolved in memory, and no row is kept */
    const struct rubric_set *set;
    const char *const *files; /* all that will be read: a group may have responses in each */
    size_t file_count;
    const char *const *segment_keys; /* as in store_config */
    size_t segment_key_count;
    const struct eval_groups *groups; /* NULL when the sizes of groups are not known */
    const struct redaction *redaction;
    double text_share;
};

/* Takes a shard of the store for itself. A file becomes a source: its topic is "file:" and its real
 * path, its incarnation a hash of what identifies the file (device, inode, size, time of change)
 * and of the rubrics, its offsets are the lines from 0. So the same file under the same rubrics,
 * evaluated again by this shard, changes nothing, and one that was interrupted is completed.
 * Standard input is a new source each time. Nothing of it is published as a metric. NULL: FATAL. */
struct eval_store *eval_store_open(const struct eval_store_config *config, struct error *error);
/* The line's rows; durable some hundred lines later, or after eval_store_finish. A response that
 * completes its group gets the group's score: call it before the line is told to anybody. */
bool eval_store_add(struct eval_store *store, const struct batch_line *line, struct error *error);
/* Makes all of it durable. Call once, before eval_store_close. */
bool eval_store_finish(struct eval_store *store, struct error *error);
/* NULL is fine. */
void eval_store_close(struct eval_store *store);

#endif
