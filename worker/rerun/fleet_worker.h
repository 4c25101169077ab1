/* fleet_worker: `assay run --rerun-topic`: lanes over a topic of chunks, until they are to stop. */
#ifndef ASSAY_FLEET_WORKER_H
#define ASSAY_FLEET_WORKER_H

#include "worker/options/run_options.h"

/* Options that were checked. Returns how the command ends. */
int fleet_worker_run(const struct run_options *options);

#endif
