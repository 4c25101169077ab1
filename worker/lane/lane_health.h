/* lane_health: whether a lane can work, for /readyz and the log. */
#ifndef ASSAY_LANE_HEALTH_H
#define ASSAY_LANE_HEALTH_H

#include "schema/counters.h"
#include "worker/intake/source_kafka.h"
#include "schema/base/complaint.h"

/* Notes what the source says of itself in the counters; complains of what keeps it from working,
 * and says when that is over. */
void lane_health_look(struct complaint *complaint, const struct kafka_source *source,
                      const char *topic, struct counters *counters);

#endif
