/* kafka_check: what a cluster says about a topic and a group, asked once, without joining it. */
#ifndef ASSAY_KAFKA_CHECK_H
#define ASSAY_KAFKA_CHECK_H

#include "worker/intake/source_kafka.h"

struct kafka_check; /* one thread */

/* NULL and `error` (INPUT) when the configuration is wrong. Connects to nothing yet. */
struct kafka_check *kafka_check_open(const struct kafka_config *config, struct error *error);
void kafka_check_close(struct kafka_check *check);

struct kafka_topic {
    int brokers;
    int partitions;      /* 0: there is no such topic */
    int64_t bytes_max;   /* the topic's max.message.bytes; -1: the cluster does not tell */
    int64_t receive_max; /* our receive.message.max.bytes */
};
/* Waits for brokers, up to 10 s. False with `error` (TRANSIENT: nobody answers; FATAL: they do, and
 * refuse). */
bool kafka_check_topic(struct kafka_check *check, struct kafka_topic *out, struct error *error);

struct kafka_group {
    int with_offset; /* partitions the group has committed an offset for */
    int without_offset;
    int out_of_range; /* of the former: not within what the topic holds any more */
    int64_t behind;   /* messages between the offsets and the ends of the partitions */
};
/* After kafka_check_topic found partitions. False with `error`, as above. */
bool kafka_check_group(struct kafka_check *check, struct kafka_group *out, struct error *error);

#endif
