/* partition: one partition a lane owns. */
#include "worker/lane/partition.h"

#include <stdio.h>
#include <stdlib.h>
#include "schema/base/buffer.h"
#include "schema/base/memory.h"

struct adoption {
    struct partition *partition;
    uint64_t tag;
    size_t room;
};

static void adopt(void *owner, int64_t offset, const uint64_t *scored_key)
{
    struct adoption *adoption = owner;
    struct partition *partition = adoption->partition;
    if (partition->held_count == adoption->room) {
        adoption->room = adoption->room ? adoption->room * 2 : 256;
        partition->held = memory_resize(partition->held, adoption->room, sizeof *partition->held);
    }
    partition->held[partition->held_count++] = offset;
    if (scored_key)
        seen_add(&partition->seen, *scored_key ^ adoption->tag);
}

/* Rows beyond the newest message can only be of a topic that was made anew under its old name. */
static bool check_topic(struct store *store, int64_t source, const struct kafka_start *start,
                        struct error *error)
{
    int64_t highest = store_highest(store, source);
    if (start->high < 0 || highest < start->high)
        return true;
    return error_set(error, ERROR_FATAL,
                     "%s [%d]: the store holds offset %lld, the topic ends at %lld: it was made "
                     "anew; use another --store for it",
                     start->topic, start->partition, (long long)highest, (long long)start->high);
}

/* Groups are named within a topic's incarnation. */
static uint64_t scope_of(struct store *store, const struct kafka_start *start)
{
    struct buffer name = {0};
    buffer_printf(&name, "%s\n%s", start->topic, start->cluster ? start->cluster : "");
    uint64_t scope = store_sample_key(store, buffer_str(&name));
    buffer_clear(&name);
    return scope;
}

/* Other shards may have counted these offsets as well: whoever adds up stores must hear of it. */
static void tell_rewound(struct store *store, int64_t source, const struct kafka_start *start)
{
    int64_t acked = store_acked(store, source);
    if (start->offset < acked)
        fprintf(stderr,
                "{\"level\":\"warning\",\"event\":\"group_rewound\",\"partition\":%d,"
                "\"offset\":%lld,\"acked_to\":%lld}\n",
                start->partition, (long long)start->offset, (long long)acked);
}

struct partition *partition_open(struct store *store, const struct kafka_start *start, uint64_t tag,
                                 struct error *error)
{
    struct partition *partition = memory_new(1, sizeof *partition);
    partition->number = start->partition;
    partition->durable_low = start->offset;
    partition->asked = -1;
    partition->accepted = start->offset;
    partition->scope = scope_of(store, start);
    offsets_init(&partition->offsets, start->offset);
    seen_init(&partition->seen);
    struct adoption adoption = {.partition = partition, .tag = tag};
    int64_t source =
        store_source(store, start->topic, start->cluster ? start->cluster : "", start->partition);
    tell_rewound(store, source, start);
    if (check_topic(store, source, start, error) &&
        store_open_tenure(store, source, start->offset, start->metadata, &partition->tenure,
                          error) &&
        store_held(store, source, start->offset, adopt, &adoption, error)) {
        snprintf(partition->metadata, sizeof partition->metadata, "%s:%lld", store_shard(store),
                 (long long)partition->tenure.number);
        return partition;
    }
    partition_free(partition);
    return NULL;
}

void partition_free(struct partition *partition)
{
    if (!partition)
        return;
    offsets_clear(&partition->offsets);
    seen_clear(&partition->seen);
    free(partition->held);
    free(partition);
}

bool partition_holds(struct partition *partition, int64_t offset)
{
    while (partition->held_next < partition->held_count &&
           partition->held[partition->held_next] < offset)
        partition->held_next++;
    return partition->held_next < partition->held_count &&
           partition->held[partition->held_next] == offset;
}
