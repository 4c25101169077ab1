/* fleet_run: the run that a worker of a fleet is doing chunks of, as the first of them names it. */
#ifndef ASSAY_FLEET_RUN_H
#define ASSAY_FLEET_RUN_H

#include "worker/rerun/chunk_message.h"
#include "worker/options/run_options.h"

struct fleet_run; /* one thread */

/* Opens what the message names: rubrics, history, a shard of the run. It must be the plan that the
 * store holds of a run of this name, if it holds one, and the rubrics those of the worker. NULL:
 * FATAL; some of it may have been printed. The options must outlive it. */
struct fleet_run *fleet_run_open(const struct chunk_message *message,
                                 const struct run_options *options,
                                 const struct rerun_tasks *tasks, volatile sig_atomic_t *stop,
                                 struct error *error);
void fleet_run_close(struct fleet_run *run);

/* Whether the message is of this run. */
bool fleet_run_is(const struct fleet_run *run, const struct chunk_message *message);
struct rerun *fleet_run_rerun(struct fleet_run *run);
struct rerun_lane *fleet_run_lane(struct fleet_run *run);

#endif
