/* runs: the reruns of a store, as folders of shards below runs/. */
#include "worker/store/runs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "worker/store/run_shards.h"

bool run_name_valid(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t size = strlen(name);
    return size > 0 && size < RUN_NAME_BYTES && strchr(letters, name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == size &&
           strcmp(name, "live") != 0;
}

bool run_exists(const char *dir, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%.3900s/runs/%.64s/shard-0001.db", dir, name);
    return access(path, F_OK) == 0;
}

int run_lock(const char *dir, const char *name, bool shared, struct error *error)
{
    char path[PATH_BYTES];
    const char *const levels[] = {"", "/runs", "/runs/", NULL};
    for (size_t i = 0; levels[i]; i++) {
        snprintf(path, sizeof path, "%.3900s%s%.64s", dir, levels[i], i == 2 ? name : "");
        if (!shard_make_folder(path, error))
            return -1;
    }
    snprintf(path, sizeof path, "%.3900s/runs/%.64s/run.lock", dir, name);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock >= 0 && flock(lock, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
        return lock;
    if (lock >= 0 && errno == EWOULDBLOCK)
        error_set(error, ERROR_TRANSIENT, "another process is writing run %s: wait until it ends",
                  name);
    else
        error_set(error, ERROR_FATAL, "%s: cannot lock: %s", path, strerror(errno));
    if (lock >= 0)
        close(lock);
    return -1;
}

json_t *run_description(const char *dir, const char *name, struct error *error)
{
    if (!run_exists(dir, name))
        return json_null();
    struct run_shards shards;
    if (!run_shards_open(&shards, &dir, 1, name, error))
        return NULL;
    json_t *description = NULL;
    for (size_t i = 0; i < shards.count && !description; i++) {
        struct statement *read =
            db_sql(shards.db[i], "SELECT description FROM run WHERE name = ? "
                                 "AND description NOT NULL");
        db_bind_text(read, str_of(name));
        if (db_row(read))
            description = json_loadb(db_text(read, 0).data, db_text(read, 0).size, 0, NULL);
        db_end(read);
    }
    bool fine = run_shards_close(&shards, error);
    if (fine)
        return description ? description : json_null();
    json_decref(description);
    return NULL;
}

bool run_each_chunk(const char *dir, const char *name,
                    void (*each)(void *owner, const char *topic, const char *incarnation,
                                 int32_t partition, int64_t first, int64_t end),
                    void *owner, struct error *error)
{
    struct run_shards shards;
    if (!run_exists(dir, name))
        return true;
    if (!run_shards_open(&shards, &dir, 1, name, error))
        return false;
    for (size_t i = 0; i < shards.count; i++) {
        struct statement *rows =
            db_sql(shards.db[i], "SELECT topic, incarnation, partition, first, end FROM chunk "
                                 "JOIN source ON source.id = source ORDER BY source, first");
        while (db_row(rows)) {
            char *topic = memory_copy_str(db_text(rows, 0));
            char *incarnation = memory_copy_str(db_text(rows, 1));
            each(owner, topic, incarnation, (int32_t)db_int(rows, 2), db_int(rows, 3),
                 db_int(rows, 4));
            free(topic);
            free(incarnation);
        }
        db_end(rows);
    }
    return run_shards_close(&shards, error);
}

/* ---- the folder of runs ---- */

static int is_run(const struct dirent *entry)
{
    return run_name_valid(entry->d_name);
}

json_t *runs_list(const char *dir)
{
    char path[PATH_BYTES];
    struct dirent **entries = NULL;
    json_t *names = json_array();
    snprintf(path, sizeof path, "%.4000s/runs", dir);
    int count = scandir(path, &entries, is_run, alphasort);
    for (int i = 0; i < count; i++) {
        if (run_exists(dir, entries[i]->d_name))
            json_array_append_new(names, json_string(entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    return names;
}

static bool is_ours(const char *name)
{
    return strncmp(name, "shard-", 6) == 0 || strcmp(name, "run.lock") == 0;
}

bool run_delete(const char *dir, const char *name, struct error *error)
{
    char folder[PATH_BYTES], path[PATH_BYTES + NAME_MAX + 1];
    snprintf(folder, sizeof folder, "%.3900s/runs/%.64s", dir, name);
    DIR *open = opendir(folder);
    if (!open)
        return error_set(error, ERROR_FATAL, "%s: cannot open: %s", folder, strerror(errno));
    bool fine = true;
    for (struct dirent *entry; fine && (entry = readdir(open));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        fine = !is_ours(entry->d_name) || unlink(path) == 0 ||
               error_set(error, ERROR_FATAL, "%s: cannot remove: %s", path, strerror(errno));
    }
    closedir(open);
    if (fine && rmdir(folder) != 0)
        fine = error_set(error, ERROR_FATAL, "%s: cannot remove: %s", folder, strerror(errno));
    return fine;
}
