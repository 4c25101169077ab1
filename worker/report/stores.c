/* stores: the shards of one or many stores, each as of one moment, for all that reads them. */
#include "worker/report/stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/base/memory.h"
#include "worker/report/remote.h"
#include "worker/store/db.h"
#include "worker/store/migrate.h"
#include "worker/store/store.h"

enum { PATH_BYTES = 4096 };

static const int64_t HOUR_MS = 3600000;

static char *shard_name(struct db *db)
{
    struct statement *read = db_sql(db, "SELECT value FROM meta WHERE name = 'shard'");
    char *name = memory_copy_str(db_row(read) ? db_text(read, 0) : STR(""));
    db_end(read);
    return name;
}

static void read_tenures(struct stores *stores, const struct open_shard *shard)
{
    struct statement *rows =
        db_sql(shard->db,
               "SELECT topic || '/' || incarnation || '/' || partition, predecessor, number, start,"
               "acked_to, low_water, opened_at_ms, source.id FROM tenure "
               "JOIN source ON source.id = source WHERE run = 1");
    while (db_row(rows)) {
        stores->tenures =
            memory_resize(stores->tenures, stores->tenure_count + 1, sizeof *stores->tenures);
        stores->tenures[stores->tenure_count++] =
            (struct report_tenure){.source = memory_copy_str(db_text(rows, 0)),
                                   .shard = memory_copy_string(shard->name),
                                   .predecessor = memory_copy_str(db_text(rows, 1)),
                                   .number = db_int(rows, 2),
                                   .start = db_int(rows, 3),
                                   .acked_to = db_int(rows, 4),
                                   .low_water = db_int(rows, 5),
                                   .opened_at_ms = db_int(rows, 6),
                                   .shard_number = stores->shard_count - 1,
                                   .source_id = db_int(rows, 7)};
    }
    db_end(rows);
}

static void read_segments(struct stores *stores, const struct open_shard *shard)
{
    struct statement *rows = db_sql(shard->db, "SELECT words FROM segment ORDER BY id");
    stores_segment(stores, "{}", 2);
    while (db_row(rows)) {
        struct str words = db_text(rows, 0);
        stores_segment(stores, words.data, words.size);
    }
    db_end(rows);
}

static void read_hours(struct stores *stores, const struct open_shard *shard)
{
    struct statement *read = db_sql(shard->db, "SELECT value FROM meta WHERE name = 'hours_to_ms'");
    if (db_row(read) && db_int(read, 0) > stores->hours_to_ms)
        stores->hours_to_ms = db_int(read, 0);
    db_end(read);
}

static const struct open_shard *find_shard(const struct stores *stores, const char *name)
{
    for (size_t i = 0; i < stores->shard_count; i++)
        if (strcmp(stores->shards[i].name, name) == 0)
            return &stores->shards[i];
    return NULL;
}

/* False, and `partial` says why: the shard is not for us. */
static bool may_be_read(struct stores *stores, const struct open_shard *shard)
{
    struct error why = {0};
    /* what another version wrote may mean something else, or stand elsewhere */
    int64_t version = schema_version(shard->db);
    if (!db_ok(shard->db, &why))
        return problems_add(&stores->partial, shard->path,
                            "cannot be read and is left out: %.200s", why.text);
    if (version > STORE_SCHEMA_VERSION)
        return problems_add(&stores->partial, shard->path,
                            "was written by a newer assay (schema %lld, this one knows %d) and is "
                            "left out: ask with the newer one",
                            (long long)version, STORE_SCHEMA_VERSION);
    if (version < STORE_SCHEMA_VERSION)
        return problems_add(&stores->partial, shard->path,
                            "was written by an older assay (schema %lld, this one knows %d) and is "
                            "left out: a worker of this version that takes it up converts it",
                            (long long)version, STORE_SCHEMA_VERSION);
    const struct open_shard *known = find_shard(stores, shard->name);
    if (known)
        return problems_add(&stores->partial, shard->path,
                            "is shard %s, which was read already, from %.400s: it counts once",
                            shard->name, known->path);
    return true;
}

static void close_shard(struct open_shard *shard)
{
    db_close(shard->db);
    free(shard->name);
    free(shard->path);
}

/* Takes the open file over. */
static void add_shard(struct stores *stores, const char *path, struct db *db)
{
    struct error why = {0};
    struct open_shard shard = {.path = memory_copy_string(path), .db = db};
    db_run(shard.db, "BEGIN");
    shard.name = shard_name(shard.db);
    if (!may_be_read(stores, &shard)) {
        close_shard(&shard);
        return;
    }
    stores->shards =
        memory_resize(stores->shards, stores->shard_count + 1, sizeof *stores->shards);
    stores->shards[stores->shard_count++] = shard;
    read_tenures(stores, &shard);
    read_segments(stores, &shard);
    read_hours(stores, &shard);
    if (!db_ok(shard.db, &why))
        problems_add(&stores->partial, path, "was read in part: %.200s", why.text);
}

static void open_file(struct stores *stores, const char *path)
{
    struct error why = {0};
    struct db *db = db_open(path, DB_READER, &why);
    if (db)
        add_shard(stores, path, db);
    else
        problems_add(&stores->partial, path, "cannot be read and is left out: %.200s", why.text);
}

static bool add_folder(struct stores *stores, const char *dir, struct error *error)
{
    bool any = false;
    for (int number = 0; number < STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%.4000s/shard-%04d.db", dir, number);
        if (access(path, F_OK) != 0)
            continue;
        any = true;
        open_file(stores, path);
    }
    return any ||
           error_set(error, ERROR_INPUT,
                     "%.200s holds no shard (shard-NNNN.db): is it the store of a worker or of "
                     "assay eval --store?",
                     dir);
}

static void take_remote(void *owner, struct db *shard, const char *name)
{
    add_shard(owner, name, shard);
}

/* What is old is kept by the hour: the windows may yet be widened to full ones. */
static void add_worker(struct stores *stores, const char *url)
{
    int64_t from_ms = stores->to_ms ? stores->from_ms - HOUR_MS : INT64_MIN;
    int64_t to_ms = stores->to_ms ? stores->to_ms + HOUR_MS : INT64_MAX;
    struct error why = {0};
    if (!remote_each(url, from_ms, to_ms, take_remote, stores, &why))
        problems_add(&stores->partial, url, "could not be read to the end: %.300s", why.text);
}

bool stores_add(struct stores *stores, const char *store, struct error *error)
{
    if (!remote_is_url(store))
        return add_folder(stores, store, error);
    add_worker(stores, store);
    return true;
}

bool stores_align(const struct stores *stores, int64_t *at_ms, bool up)
{
    int64_t start_ms = *at_ms - *at_ms % HOUR_MS;
    if (*at_ms == start_ms || start_ms >= stores->hours_to_ms)
        return false;
    *at_ms = up ? start_ms + HOUR_MS : start_ms;
    return true;
}

void stores_check(struct stores *stores)
{
    for (size_t i = 0; i < stores->shard_count; i++) {
        struct error why = {0};
        if (!db_ok(stores->shards[i].db, &why))
            problems_add(&stores->partial, stores->shards[i].path, "was read in part: %.200s",
                         why.text);
    }
}

size_t stores_segment(struct stores *stores, const char *words, size_t size)
{
    for (size_t i = 0; i < stores->segment_count; i++)
        if (strlen(stores->segments[i]) == size && memcmp(stores->segments[i], words, size) == 0)
            return i;
    stores->segments =
        memory_resize(stores->segments, stores->segment_count + 1, sizeof *stores->segments);
    stores->segments[stores->segment_count] = memory_copy_str((struct str){words, size});
    return stores->segment_count++;
}

static void free_series(struct cell_series *series)
{
    free(series->model);
    free(series->rubric);
    free(series->criterion);
    free(series->dimension);
    free(series->hash);
    free(series);
}

void stores_close(struct stores *stores)
{
    for (size_t i = 0; i < stores->shard_count; i++)
        close_shard(&stores->shards[i]);
    for (size_t i = 0; i < stores->tenure_count; i++) {
        free(stores->tenures[i].source);
        free(stores->tenures[i].shard);
        free(stores->tenures[i].predecessor);
    }
    for (size_t i = 0; i < stores->series_count; i++)
        free_series(stores->series[i]);
    for (size_t i = 0; i < stores->segment_count; i++)
        free(stores->segments[i]);
    free(stores->shards);
    free(stores->tenures);
    free(stores->tails);
    free(stores->series);
    free(stores->segments);
    problems_clear(&stores->partial);
    *stores = (struct stores){0};
}
