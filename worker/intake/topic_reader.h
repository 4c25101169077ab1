/* topic_reader: what a topic holds now, and how far a group is, without joining one. */
#ifndef ASSAY_TOPIC_READER_H
#define ASSAY_TOPIC_READER_H

#include "schema/base/str.h"
#include "worker/intake/source_kafka.h"

struct topic_reader; /* one thread */

/* NULL: INPUT, the configuration is wrong; FATAL, there is no such topic; TRANSIENT, nobody
 * answers. Borrows the config's texts. */
struct topic_reader *topic_reader_open(const struct kafka_config *config, struct error *error);
void topic_reader_close(struct topic_reader *reader);
int topic_reader_partitions(const struct topic_reader *reader);

/* Calls back for each committed message from where the last call ended (at first: the oldest) up to
 * the ends of now; those of a partition in order. False when `each` says so, or it cannot be read.
 */
bool topic_reader_read(struct topic_reader *reader,
                       bool (*each)(void *owner, int32_t partition, int64_t offset,
                                    struct str value, struct error *error),
                       void *owner, struct error *error);

/* The offsets that the configured group has committed, of each partition; -1: none. */
bool topic_reader_committed(struct topic_reader *reader, int64_t *out_offsets,
                            struct error *error);

#endif
