/* fleet_source: chunks of reruns as Kafka hands them out, and commits of those that are done. */
#ifndef ASSAY_FLEET_SOURCE_H
#define ASSAY_FLEET_SOURCE_H

#include "schema/counters.h"
#include "schema/base/complaint.h"
#include "worker/intake/source_kafka.h"
#include "worker/rerun/chunk_message.h"

struct fleet_source; /* one thread */

/* A chunk to be done. What is below `partition` is its doer's. */
struct fleet_task {
    struct chunk_message message;
    struct fleet_partition *partition; /* NULL: it was given to another worker */
    uint64_t ticket;
    struct fleet_task *next;
    int64_t position; /* read up to there */
    int64_t left;     /* records that were planned, and not read yet */
    struct history_part place;
};

/* Joins the group. */
struct fleet_source *fleet_source_open(const struct kafka_config *config,
                                       struct counters *counters, struct error *error);
/* Commits what is done, and leaves. */
void fleet_source_close(struct fleet_source *source, int64_t timeout_ms);

/* Becomes readable when fleet_source_poll has something to do. */
int fleet_source_descriptor(const struct fleet_source *source);
/* Hears what Kafka says, at most one more task, and asks it to store what is done; never waits.
 * False: FATAL. Call it often: a worker that is silent for minutes is put out of the group. */
bool fleet_source_poll(struct fleet_source *source, struct error *error);

/* The task that has waited longest; NULL: none does. */
struct fleet_task *fleet_source_first(const struct fleet_source *source);
/* Takes it. It is borrowed until fleet_source_done. */
struct fleet_task *fleet_source_take(struct fleet_source *source);
/* Whether this chunk was taken before and is not done: it came again with its partition. */
bool fleet_source_has_taken(const struct fleet_source *source, const struct fleet_task *task);
/* What it was for is durable. */
void fleet_source_done(struct fleet_source *source, struct fleet_task *task);

/* All that the topic held for this worker is done, and the broker knows. */
bool fleet_source_idle(const struct fleet_source *source);

#endif
