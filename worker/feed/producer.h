/* producer: batches of messages in transactions, by one producer of a name at a time. */
#ifndef ASSAY_FEED_PRODUCER_H
#define ASSAY_FEED_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/base/error.h"
#include "schema/base/str.h"

struct producer_config {
    const char *brokers, *topic;
    const char *positions; /* their topic; made when it is missing, compacted. NULL: none */
    const char *command;   /* "feed": the transactional id is assay-feed-NAME */
    const char *name;
    const char *const *properties; /* "key=value" for librdkafka */
    size_t property_count;
};

struct message {
    struct str key, value; /* an absent key: any partition. Keys of positions begin with "NAME/" */
};

struct producer; /* one thread */

/* Checks the topic, makes the one of positions, and puts out of work whoever had this name before.
 * False and `error`: TRANSIENT, nobody answers; FATAL, they refuse. Borrows the config's texts. */
struct producer *producer_open(const struct producer_config *config, struct error *error);
void producer_close(struct producer *producer);

/* What the positions' topic holds under this name, each key's last value, older ones too and in
 * order. False when `position` says so, or it cannot be read whole. */
bool producer_read_positions(struct producer *producer,
                             bool (*position)(void *owner, struct str value, struct error *error),
                             void *owner, struct error *error);

/* Bytes a message may have with its key, in the topic. */
int64_t producer_bytes_max(const struct producer *producer);

/* All of them or none, records to the topic and positions to theirs; tried again while the cluster
 * stumbles. False with `error` when it was not done: TRANSIENT, or FATAL: another took the name. */
bool producer_commit(struct producer *producer, const struct message *records, size_t record_count,
                     const struct message *positions, size_t position_count, struct error *error);

#endif
