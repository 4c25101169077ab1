/* rerun_fleet: a run whose chunks are sent to a topic, for workers to do. */
#ifndef ASSAY_RERUN_FLEET_H
#define ASSAY_RERUN_FLEET_H

#include "worker/rerun/rerun.h"

#define RERUN_GROUP "assay-rerun" /* of workers, where none is named */

struct kafka_config rerun_kafka(const struct rerun_options *options);

/* Keeps the plan, once rerun_plan made it, and sends each of its chunks once, also when it was
 * killed; with options->wait goes on until the group has done all of them. `lock` is that of the
 * run; workers may share it from then on. False with `error`; a signal ends it early, and true. */
bool rerun_fleet_run(struct rerun *rerun, int lock, struct error *error);

/* {"topic", "group", "chunks", "sent", "done"} of a run that was planned so, from its description
 * and what Kafka says. NULL with `error`. */
json_t *rerun_fleet_progress(const struct kafka_config *kafka, const json_t *description,
                             struct error *error);

#endif
