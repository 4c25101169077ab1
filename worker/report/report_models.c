/* report_models: the models that stores hold scores of. */
#include "worker/report/report_models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/buffer.h"
#include "schema/base/memory.h"
#include "worker/store/db.h"
#include "worker/store/store.h"

enum { PATH_BYTES = 4096, MODELS_SHOWN = 8 };

struct models {
    char **names;
    size_t count;
};

static bool has(const struct models *models, const char *name)
{
    for (size_t i = 0; i < models->count; i++)
        if (strcmp(models->names[i], name) == 0)
            return true;
    return false;
}

static void read_shard(struct models *models, const char *path)
{
    struct error unreadable = {0};
    struct db *db = db_open(path, DB_READER, &unreadable);
    if (!db)
        return;
    struct statement *rows =
        db_sql(db, "SELECT text FROM word WHERE id IN (SELECT model FROM rollup WHERE run = 1)");
    while (db_row(rows)) {
        char *name = memory_copy_str(db_text(rows, 0));
        if (has(models, name)) {
            free(name);
            continue;
        }
        models->names = memory_resize(models->names, models->count + 1, sizeof *models->names);
        models->names[models->count++] = name;
    }
    db_end(rows);
    db_close(db);
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool refuse(const struct models *models, const char *model, struct error *error)
{
    struct buffer known = {0};
    for (size_t i = 0; i < models->count && i < MODELS_SHOWN; i++)
        buffer_printf(&known, "%s%s", i ? ", " : "", models->names[i]);
    if (models->count > MODELS_SHOWN)
        buffer_printf(&known, " and %zu more", models->count - MODELS_SHOWN);
    for (size_t i = 0; i < known.size; i++) /* names come from the traffic */
        known.data[i] = (unsigned char)known.data[i] < ' ' ? '?' : known.data[i];
    error_set(error, ERROR_INPUT, "there are no scores of a model \"%.100s\"; there are of: %.300s",
              model, models->count ? known.data : "none");
    buffer_clear(&known);
    return false;
}

bool report_model_known(const char *const *dirs, size_t count, const char *model,
                        struct error *error)
{
    struct models models = {0};
    for (size_t i = 0; i < count; i++)
        for (int number = 0; number < STORE_SHARDS_MAX; number++) {
            char path[PATH_BYTES];
            snprintf(path, sizeof path, "%.4000s/shard-%04d.db", dirs[i], number);
            if (access(path, F_OK) == 0)
                read_shard(&models, path);
        }
    if (models.count)
        qsort(models.names, models.count, sizeof *models.names, by_text);
    bool known = has(&models, model) || refuse(&models, model, error);
    for (size_t i = 0; i < models.count; i++)
        free(models.names[i]);
    free(models.names);
    return known;
}
