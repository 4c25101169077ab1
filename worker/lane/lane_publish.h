/* lane_publish: a lane's outbox, emptied through a publisher. */
#ifndef ASSAY_LANE_PUBLISH_H
#define ASSAY_LANE_PUBLISH_H

#include "schema/counters.h"
#include "worker/publish/publisher.h"
#include "worker/store/store.h"

struct lane_publish; /* on the lane's thread */

/* NULL and `error` when the publisher cannot be opened. */
struct lane_publish *lane_publish_new(const struct publisher *publisher,
                                      const struct publisher_config *config, struct store *store,
                                      struct counters *counters, int64_t every_ms,
                                      struct error *error);
/* Requests in flight must have ended. NULL is fine. */
void lane_publish_free(struct lane_publish *publish);
/* Publishes when its time has come; `now` also before it. How many ms until it wants to be called
 * again, at most. */
int64_t lane_publish_turn(struct lane_publish *publish, bool now);
/* Nothing is on its way and nothing waits. */
bool lane_publish_empty(struct lane_publish *publish);

#endif
