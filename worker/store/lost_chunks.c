/* lost_chunks: chunks of a run that two shards hold: one of them counts, the others do not. */
#include "worker/store/lost_chunks.h"

#include <stdlib.h>
#include <string.h>
#include "schema/base/hash.h"
#include "schema/base/memory.h"

/* A chunk of a shard, under a name that is the same in all shards. */
struct held_chunk {
    uint8_t place[SHA256_BYTES]; /* of topic, incarnation and partition */
    char *shard;                 /* its name */
    struct lost_chunk chunk;
};

struct held_chunks {
    struct held_chunk *items;
    size_t count, room;
};

static void add_chunk(struct held_chunks *held, const struct held_chunk *one)
{
    if (held->count == held->room) {
        held->room = held->room ? held->room * 2 : 256;
        held->items = memory_resize(held->items, held->room, sizeof *held->items);
    }
    held->items[held->count++] = *one;
}

static char *shard_name(struct db *db)
{
    struct statement *read = db_sql(db, "SELECT value FROM meta WHERE name = 'shard'");
    char *name = memory_copy_str(db_row(read) ? db_text(read, 0) : STR(""));
    db_end(read);
    return name;
}

static void read_shard(struct held_chunks *held, struct db *db, size_t shard, char *name,
                       const char *run)
{
    struct statement *rows =
        db_sql(db, "SELECT topic || char(10) || incarnation || char(10) || partition, run, source,"
                   "first, end FROM chunk JOIN source ON source.id = source "
                   "WHERE run = (SELECT id FROM run WHERE name = ?)");
    db_bind_text(rows, str_of(run));
    while (db_row(rows)) {
        struct held_chunk one = {.shard = name,
                                 .chunk = {.shard = shard,
                                           .run = db_int(rows, 1),
                                           .source = db_int(rows, 2),
                                           .first = db_int(rows, 3),
                                           .end = db_int(rows, 4)}};
        hash_sha256(db_text(rows, 0), one.place);
        add_chunk(held, &one);
    }
    db_end(rows);
}

static int same_first(const struct held_chunk *a, const struct held_chunk *b)
{
    int order = memcmp(a->place, b->place, sizeof a->place);
    return order ? order : (a->chunk.first > b->chunk.first) - (a->chunk.first < b->chunk.first);
}

static int by_place(const void *left, const void *right)
{
    const struct held_chunk *a = left, *b = right;
    int order = same_first(a, b);
    if (order == 0)
        order = strcmp(a->shard, b->shard);
    return order ? order : (a->chunk.shard > b->chunk.shard) - (a->chunk.shard < b->chunk.shard);
}

static int by_shard(const void *left, const void *right)
{
    const struct lost_chunk *a = left, *b = right;
    if (a->shard != b->shard)
        return a->shard < b->shard ? -1 : 1;
    if (a->run != b->run)
        return a->run < b->run ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

static void add_lost(struct lost_chunks *lost, const struct lost_chunk *one)
{
    lost->items = memory_resize(lost->items, lost->count + 1, sizeof *lost->items);
    lost->items[lost->count++] = *one;
}

void lost_chunks_find(struct lost_chunks *lost, struct db *const *shards, size_t shard_count,
                      const char *run)
{
    struct held_chunks held = {0};
    char **names = memory_new(shard_count + 1, sizeof *names);
    for (size_t i = 0; i < shard_count; i++) {
        names[i] = shard_name(shards[i]);
        read_shard(&held, shards[i], i, names[i], run);
    }
    if (held.count)
        qsort(held.items, held.count, sizeof *held.items, by_place);
    for (size_t i = 1; i < held.count; i++)
        if (same_first(&held.items[i - 1], &held.items[i]) == 0)
            add_lost(lost, &held.items[i].chunk);
    if (lost->count)
        qsort(lost->items, lost->count, sizeof *lost->items, by_shard);
    for (size_t i = 0; i < shard_count; i++)
        free(names[i]);
    free(names);
    free(held.items);
}

bool lost_chunks_hold(const struct lost_chunks *lost, size_t shard, int64_t run, int64_t source,
                      int64_t offset)
{
    const struct lost_chunk wanted = {
        .shard = shard, .run = run, .source = source, .first = offset};
    size_t low = 0, high = lost->count; /* the last one that begins at the offset or before it */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_shard(&lost->items[middle], &wanted) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct lost_chunk *one = low ? &lost->items[low - 1] : NULL;
    return one && one->shard == shard && one->run == run && one->source == source &&
           offset < one->end;
}

void lost_chunks_clear(struct lost_chunks *lost)
{
    free(lost->items);
    *lost = (struct lost_chunks){0};
}
