/* fleet_lane: one thread of a worker that does chunks of reruns. */
#ifndef ASSAY_FLEET_LANE_H
#define ASSAY_FLEET_LANE_H

#include "schema/counters.h"
#include "worker/options/run_options.h"

struct fleet_lane;

/* Connects to nothing yet. Borrows the options. */
struct fleet_lane *fleet_lane_new(const struct run_options *options);
/* Only after its thread ended. */
void fleet_lane_free(struct fleet_lane *lane);
/* The thread. Ends after fleet_lane_stop, when the chunks it has taken are done or DRAIN_MS are
 * over, or when it cannot go on (fleet_lane_error). */
void *fleet_lane_run(void *lane);

/* From any thread: */
void fleet_lane_stop(struct fleet_lane *lane);
/* All that the topic held for this lane is done, and the broker knows. */
bool fleet_lane_idle(const struct fleet_lane *lane);
const struct counters *fleet_lane_counters(const struct fleet_lane *lane);
/* It ended by itself: why. NULL while it runs, or when it ended as asked. */
const struct error *fleet_lane_error(const struct fleet_lane *lane);

#endif
