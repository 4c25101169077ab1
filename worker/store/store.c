/* store: taking, opening and closing a shard. */
#include "worker/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/store/lock.h"
#include "worker/store/migrate.h"
#include "worker/store/shard.h"

enum { CHECKPOINT_PAGES = 2000, PATH_BYTES = 4096 };

static bool read_identity(struct store *store, struct error *error)
{
    uint8_t random[16];
    char uuid[SHARD_UUID_BYTES];
    hash_random(random, sizeof random);
    hash_hex(random, sizeof random, uuid);
    db_begin(store->db);
    struct statement *make = db_sql(store->db, "INSERT INTO meta VALUES('shard', ?),"
                                               "('created_at_ms', ?) ON CONFLICT DO NOTHING");
    db_bind_text(make, str_of(uuid));
    db_bind_int(make, clock_wall_ms());
    db_do(make);
    if (!db_commit(store->db, error))
        return false;
    struct statement *read = db_sql(store->db, "SELECT value FROM meta WHERE name = 'shard'");
    if (db_row(read))
        snprintf(store->shard, sizeof store->shard, "%.*s", STR_ARGS(db_text(read, 0)));
    db_end(read);
    return db_ok(store->db, error);
}

/* 0: there is none of this name. */
static int64_t find_run(struct store *store, const char *name)
{
    struct statement *read = db_sql(store->db, "SELECT id FROM run WHERE name = ?");
    db_bind_text(read, str_of(name));
    int64_t id = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return id;
}

static int64_t make_run(struct store *store, const char *name)
{
    struct statement *make = db_sql(store->db, "INSERT OR IGNORE INTO run(name) VALUES(?)");
    db_bind_text(make, str_of(name));
    db_do(make);
    return find_run(store, name);
}

/* Live is there from the first migration on; a rerun's shards are of its run alone. */
static bool read_run(struct store *store, const char *name, struct error *error)
{
    store->run = LIVE_RUN;
    if (!name)
        return true;
    db_begin(store->db);
    store->run = make_run(store, name);
    return db_commit(store->db, error);
}

int64_t shard_references(struct store *store)
{
    if (store->run == LIVE_RUN && !store->references)
        store->references = find_run(store, sample_run_name(SAMPLE_REFERENCES));
    return store->references;
}

int64_t shard_run(struct store *store, enum sample_run run)
{
    if (run != SAMPLE_REFERENCES || store->run != LIVE_RUN)
        return store->run;
    if (!shard_references(store))
        store->references = make_run(store, sample_run_name(SAMPLE_REFERENCES));
    return store->references;
}

/* The key of sample hashes belongs to the store, so that shards agree: a file of 16 bytes. */
static bool read_key(struct store *store, const char *dir, struct error *error)
{
    if (!dir) {
        hash_random(store->key, sizeof store->key);
        return true;
    }
    char path[PATH_BYTES], fresh[PATH_BYTES];
    snprintf(path, sizeof path, "%s/sample.key", dir);
    snprintf(fresh, sizeof fresh, "%s/sample.key.%d", dir, (int)getpid());
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
        hash_random(store->key, sizeof store->key);
        int made = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (made < 0 || write(made, store->key, sizeof store->key) != (ssize_t)sizeof store->key ||
            fsync(made) != 0)
            return error_set(error, ERROR_FATAL, "%s: cannot write: %s", fresh, strerror(errno));
        close(made);
        if (link(fresh, path) != 0 && errno != EEXIST) /* whoever links first made the key */
            return error_set(error, ERROR_FATAL, "%s: cannot make: %s", path, strerror(errno));
        unlink(fresh);
        file = open(path, O_RDONLY | O_CLOEXEC);
    }
    ssize_t got = file < 0 ? -1 : read(file, store->key, sizeof store->key);
    if (file >= 0)
        close(file);
    if (got != (ssize_t)sizeof store->key)
        return error_set(error, ERROR_FATAL, "%s: not a key of %d bytes", path, SIPHASH_KEY_BYTES);
    return true;
}

static void copy_config(struct store *store, const struct store_config *config)
{
    store->models = memory_new(config->model_count, sizeof *store->models);
    store->model_count = config->model_count;
    segments_init(&store->segments, config->segment_keys, config->segment_key_count);
    store->unpublished = config->unpublished;
    store->totals_box = config->totals;
    for (size_t i = 0; i < config->model_count; i++)
        store->models[i] = memory_copy_string(config->models[i]);
}

static struct store *open_locked(const struct store_config *config, const char *path, int lock,
                                 struct error *error)
{
    struct store *store = memory_new(1, sizeof *store);
    store->path = memory_copy_string(path);
    store->lock = lock;
    store->text = config->text;
    store->text_share = config->text_share;
    store->mask = config->mask;
    store->mask_owner = config->mask_owner;
    copy_config(store, config);
    store->db = db_open(path, DB_WRITER, error);
    if (!store->db || !schema_migrate(store->db, store->path, STORE_SCHEMA_VERSION, error) ||
        !read_identity(store, error) || !read_run(store, config->run, error) ||
        !read_key(store, config->dir, error)) {
        store_close(store);
        return NULL;
    }
    shard_teach_bins(store->db);
    return store;
}

bool shard_make_folder(const char *dir, struct error *error)
{
    if (mkdir(dir, 0700) == 0 || errno == EEXIST)
        return true;
    return error_set(error, ERROR_FATAL, "%s: cannot make the store's folder: %s", dir,
                     strerror(errno));
}

/* The folder of the shards. */
static bool make_folders(const struct store_config *config, char *out, size_t size,
                         struct error *error)
{
    if (!shard_make_folder(config->dir, error))
        return false;
    if (strlen(config->dir) + (config->run ? strlen(config->run) : 0) + 8 > size)
        return error_set(error, ERROR_FATAL,
                         "%.100s...: the name of the store's folder is too long", config->dir);
    snprintf(out, size, "%s%s", config->dir, config->run ? "/runs" : "");
    if (!config->run)
        return true;
    if (!shard_make_folder(out, error))
        return false;
    snprintf(out, size, "%s/runs/%s", config->dir, config->run);
    return shard_make_folder(out, error);
}

struct store *store_take(const struct store_config *config, struct error *error)
{
    if (!config->dir)
        return open_locked(config, ":memory:", -1, error);
    char folder[PATH_BYTES - 32];
    if (!make_folders(config, folder, sizeof folder, error))
        return NULL;
    for (int number = 1; number <= STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s/shard-%04d.db", folder, number);
        errno = 0;
        int lock = lock_take(path);
        if (lock >= 0)
            return open_locked(config, path, lock, error);
        if (errno != EWOULDBLOCK) {
            error_set(error, ERROR_FATAL, "%s: cannot lock: %s", path, strerror(errno));
            return NULL;
        }
    }
    error_set(error, ERROR_FATAL, "%s: all %d shards are held by other processes", config->dir,
              STORE_SHARDS_MAX);
    return NULL;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    db_close(store->db);
    if (store->lock >= 0)
        close(store->lock);
    shard_forget(store);
    for (size_t i = 0; i < store->model_count; i++)
        free(store->models[i]);
    free(store->models);
    totals_clear(&store->totals);
    segments_clear(&store->segments);
    free(store->path);
    free(store);
}

const char *store_shard(const struct store *store)
{
    return store->shard;
}

const char *store_path(const struct store *store)
{
    return store->path;
}

void store_begin(struct store *store)
{
    db_begin(store->db);
}

bool store_commit(struct store *store, struct error *error)
{
    if (!db_commit(store->db, error)) {
        shard_forget(store);
        return false;
    }
    db_checkpoint(store->db, CHECKPOINT_PAGES);
    return true;
}
