/* run_topic: the chunks of a run in its topic, and which of them a group of workers has done. */
#ifndef ASSAY_RUN_TOPIC_H
#define ASSAY_RUN_TOPIC_H

#include <jansson.h>
#include "worker/intake/source_kafka.h"

struct run_topic; /* one thread */

/* As topic_reader_open; `plan` is the id in the run's plan. Borrows all of it. */
struct run_topic *run_topic_open(const struct kafka_config *config, const char *plan,
                                 struct error *error);
void run_topic_close(struct run_topic *topic);

/* Reads what came since: how many chunks of the plan the topic holds. False: FATAL, they are not
 * the first ones of the plan, each once; or it cannot be read. */
bool run_topic_look(struct run_topic *topic, int64_t *out_sent, struct error *error);
/* How many of those that were seen lie below the group's committed offsets. */
bool run_topic_done(struct run_topic *topic, int64_t *out_done, struct error *error);

#endif
