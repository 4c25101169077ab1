/* runs: the reruns of a store: what they were asked for, how far they are, what came out. */
#ifndef ASSAY_RUNS_H
#define ASSAY_RUNS_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include "schema/base/error.h"

enum { RUN_NAME_BYTES = 65 };

/* In the outcomes of a chunk, beside the counts that add up to its records: what is true of some of
 * those that were scored, and what models were asked. */
#define RUN_MASKED "masked"
#define RUN_JUDGE_CALLS "judge_calls"
#define RUN_REMEMBERED "remembered"
/* And why some of them cannot be read: text. */
#define RUN_PROBLEM "problem"

/* Why records are not scored, and how people are told: "no_text", "their text was not kept". */
struct run_outcome {
    const char *key, *words;
};
enum { RUN_OUTCOME_COUNT = 7 };
extern const struct run_outcome RUN_OUTCOMES[RUN_OUTCOME_COUNT];

/* Lower-case letters, digits, '.', '_' and '-', the first a letter or a digit, up to 64; not
 * "live". It is the name of a folder. */
bool run_name_valid(const char *name);
bool run_exists(const char *dir, const char *name);

/* Makes the run's folder, and keeps other processes from writing it until the descriptor is closed;
 * `shared`: but for those that share it, too. -1: TRANSIENT, another process writes it; or FATAL.
 */
int run_lock(const char *dir, const char *name, bool shared, struct error *error);

/* What it was asked for, as store_run_begin kept it; json_null() when it never began. NULL: FATAL,
 * it cannot be read. */
json_t *run_description(const char *dir, const char *name, struct error *error);
/* Calls back for everything that is done, of each shard in the order of positions. */
bool run_each_chunk(const char *dir, const char *name,
                    void (*each)(void *owner, const char *topic, const char *incarnation,
                                 int32_t partition, int64_t first, int64_t end),
                    void *owner, struct error *error);
/* schema/rerun-summary.schema.json, of all that is done by now, over the stores that hold some of
 * it. NULL: FATAL. */
json_t *run_summary(const char *const *dirs, size_t dir_count, const char *name,
                    struct error *error);

/* An array of names, sorted; empty without runs. */
json_t *runs_list(const char *dir);
/* Removes its shards and its folder. Hold its lock. */
bool run_delete(const char *dir, const char *name, struct error *error);

#endif
