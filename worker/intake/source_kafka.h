/* source_kafka: deliveries of a topic by consumer group, with commits under our own hand. */
#ifndef ASSAY_SOURCE_KAFKA_H
#define ASSAY_SOURCE_KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/error.h"
#include "schema/base/str.h"
#include "schema/readiness.h"

enum kafka_from {
    FROM_COMMITTED, /* an absent offset is an error that asks for a decision */
    FROM_EARLIEST,  /* where the group has no offset: the oldest message there is */
    FROM_LATEST,    /* where the group has no offset: only what comes from now on */
};

enum { KAFKA_METADATA_BYTES = 128, KAFKA_PROPERTIES_MAX = 64 };

struct kafka_config {
    const char *brokers, *topic, *group;
    enum kafka_from from;
    const char *const *properties; /* "key=value" for librdkafka; they win over our defaults */
    size_t property_count;
};

/* A partition as it is assigned. */
struct kafka_start {
    const char *topic;
    const char *cluster; /* the cluster's id */
    int32_t partition;
    int64_t offset;       /* to start at */
    int64_t high;         /* one above the newest offset; -1 unknown */
    char metadata[KAFKA_METADATA_BYTES]; /* of the commit that was found; "" for none */
};

/* Called from kafka_poll and kafka_close, on the lane's thread. `partition` is what `assigned`
 * gave. */
struct kafka_events {
    /* The lane opens a tenure; *out_partition is its own. False stops the lane. */
    bool (*assigned)(void *owner, const struct kafka_start *start, void **out_partition,
                     struct error *error);
    /* The partition goes away. Unless `lost`, the lane may still kafka_commit_now. After this it
     * hears nothing of it. */
    void (*revoked)(void *owner, void *partition, bool lost);
    /* Whether another message may be delivered now; asked before each. */
    bool (*has_room)(void *owner);
    /* A message. The payload is borrowed until kafka_release(handle). */
    void (*delivered)(void *owner, void *partition, int64_t offset, struct str payload,
                      void *handle);
    /* All that there was is delivered, for now. */
    void (*at_end)(void *owner, void *partition);
    /* The broker's answer to kafka_commit: whether it accepted this partition's offset. */
    void (*committed)(void *owner, void *partition, int64_t offset, bool accepted);
    /* The answer to a kafka_commit is complete. */
    void (*commit_answered)(void *owner);
};

struct kafka_commit {
    void *partition; /* what `assigned` gave */
    int32_t number;  /* of the partition */
    int64_t offset;  /* everything below is terminal and durable */
    const char *metadata;
};

struct kafka_source;

struct kafka_source *kafka_open(const struct kafka_config *config,
                                const struct kafka_events *events, void *owner,
                                struct error *error);
/* Leaves the group within `timeout_ms`; calls `revoked` for what is still owned. */
void kafka_close(struct kafka_source *source, int64_t timeout_ms);

/* Becomes readable when kafka_poll has something to do. */
int kafka_descriptor(const struct kafka_source *source);
/* Serves at most `max` messages and events without blocking, and none beyond the first while
 * has_room says no. False with `error` when the source
 * cannot go on. *out_served tells how many there were. */
bool kafka_poll(struct kafka_source *source, int max, int *out_served, struct error *error);
void kafka_release(void *handle);

/* Asks the broker to store the offsets; the answer comes by events. At most one at a time. False
 * when it must not or cannot be asked now (no poll lately: another member may own it). */
bool kafka_commit(struct kafka_source *source, const struct kafka_commit *commits, size_t count);
/* The same, waiting for the answer at most 5 s; events.committed is called before it returns. */
bool kafka_commit_now(struct kafka_source *source, const struct kafka_commit *commits,
                      size_t count);

/* Stops and starts the delivery of all owned partitions; heartbeats and events go on. */
void kafka_pause(struct kafka_source *source);
void kafka_resume(struct kafka_source *source);

/* How many partitions are owned; -1 before the first assignment and between two. */
int kafka_owned(const struct kafka_source *source);
/* Whether it takes part in the group. *out_trouble is what stands in the way, for people, borrowed
 * until the next call of any function here; NULL while it merely waits, or works. No broker: only
 * when the group's session ended over it. */
enum readiness kafka_readiness(const struct kafka_source *source, const char **out_trouble);
/* Commits that the broker refused, and rebalances, since the start. */
int64_t kafka_commit_failures(const struct kafka_source *source);
int64_t kafka_rebalances(const struct kafka_source *source);

#endif
