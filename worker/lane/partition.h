/* partition: one partition a lane owns: its tenure, what is open, what was seen. */
#ifndef ASSAY_PARTITION_H
#define ASSAY_PARTITION_H

#include "worker/intake/source_kafka.h"
#include "worker/lane/offsets.h"
#include "worker/lane/seen.h"
#include "worker/store/store.h"

struct partition {
    struct tenure tenure;
    int32_t number;
    char metadata[KAFKA_METADATA_BYTES]; /* of every commit: shard-uuid:tenure */
    uint64_t scope; /* of groups: the topic's incarnation, all its partitions */
    struct offsets offsets;
    struct seen seen;
    int64_t *held; /* offsets at or above the start that the shard holds already, ascending */
    size_t held_count, held_next;
    int64_t durable_low; /* everything below is terminal in the shard */
    int64_t asked;       /* the last offset the broker was asked to store; -1 none */
    int64_t accepted;    /* the broker stored this offset; acked_to follows */
    bool at_end;         /* nothing more to read, for now */
};

/* Opens a tenure and adopts what the shard holds. `tag` tells sets of rubrics apart in `seen`.
 * NULL and `error` when the store fails or the topic seems to be another one. */
struct partition *partition_open(struct store *store, const struct kafka_start *start, uint64_t tag,
                                 struct error *error);
void partition_free(struct partition *partition);
/* Whether the offset is held already; offsets must come in ascending order. */
bool partition_holds(struct partition *partition, int64_t offset);

#endif
