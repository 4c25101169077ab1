/* recover: what the broker accepted of a tenure although this shard did not live to hear it. The
 * successor wrote down where it started and whom it followed; that offset was accepted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "schema/base/memory.h"
#include "worker/store/shard.h"

enum { PATH_BYTES = 4096, UNSETTLED_MAX = 4096 };

/* A tenure of ours with rows beyond what was acked. */
struct unsettled {
    struct tenure tenure;
    char *topic, *incarnation;
    int64_t partition, accepted;
};

static bool is_open(const struct tenure *const *open, size_t open_count, int64_t id)
{
    for (size_t i = 0; i < open_count; i++)
        if (open[i]->id == id)
            return true;
    return false;
}

static size_t find_unsettled(struct store *store, const struct tenure *const *open,
                             size_t open_count, struct unsettled *out)
{
    size_t count = 0;
    struct statement *rows =
        db_sql(store->db,
               "SELECT tenure.id, source, number, start, acked_to, topic, incarnation, partition "
               "FROM tenure JOIN source ON source.id = source WHERE run = 1 AND low_water > "
               "acked_to ORDER BY tenure.id");
    while (count < UNSETTLED_MAX && db_row(rows)) {
        if (is_open(open, open_count, db_int(rows, 0)))
            continue;
        out[count++] = (struct unsettled){.tenure = {.id = db_int(rows, 0),
                                                     .source = db_int(rows, 1),
                                                     .number = db_int(rows, 2),
                                                     .start = db_int(rows, 3),
                                                     .acked_to = db_int(rows, 4)},
                                          .topic = memory_copy_str(db_text(rows, 5)),
                                          .incarnation = memory_copy_str(db_text(rows, 6)),
                                          .partition = db_int(rows, 7)};
    }
    db_end(rows);
    return count;
}

static void ask_shard(struct db *db, const char *shard, struct unsettled *one)
{
    char name[SHARD_UUID_BYTES + 32];
    snprintf(name, sizeof name, "%s:%lld", shard, (long long)one->tenure.number);
    struct statement *read = db_sql(
        db, "SELECT coalesce(max(start), 0) FROM tenure JOIN source ON source.id = source WHERE "
            "predecessor = ? AND topic = ? AND incarnation = ? AND partition = ?");
    db_bind_text(read, str_of(name));
    db_bind_text(read, str_of(one->topic));
    db_bind_text(read, str_of(one->incarnation));
    db_bind_int(read, one->partition);
    int64_t start = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    if (start > one->accepted)
        one->accepted = start;
}

/* Every shard of the store, ours too; one that cannot be read now is asked another time. */
static void ask_shards(struct store *store, struct unsettled *unsettled, size_t count)
{
    const char *slash = strrchr(store->path, '/');
    int folder = slash ? (int)(slash - store->path) : 0;
    for (int number = 1; number <= STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES];
        struct error error = {0};
        snprintf(path, sizeof path, "%.*s/shard-%04d.db", folder, store->path, number);
        if (access(path, R_OK) != 0)
            break;
        struct db *db = db_open(path, DB_READER, &error);
        for (size_t i = 0; db && i < count; i++)
            ask_shard(db, store->shard, &unsettled[i]);
        db_close(db);
    }
}

bool store_recover(struct store *store, const struct tenure *const *open, size_t open_count,
                   struct error *error)
{
    struct unsettled *unsettled = memory_new(UNSETTLED_MAX, sizeof *unsettled);
    size_t count = find_unsettled(store, open, open_count, unsettled);
    bool fine = db_ok(store->db, error);
    if (count > 0)
        ask_shards(store, unsettled, count);
    for (size_t i = 0; i < count; i++) {
        if (fine)
            fine = store_ack(store, &unsettled[i].tenure, unsettled[i].accepted, error);
        free(unsettled[i].topic);
        free(unsettled[i].incarnation);
    }
    free(unsettled);
    return fine;
}
