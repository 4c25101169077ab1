/* report_models: the models that stores hold scores of. */
#include "worker/report/reading/report_models.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/buffer.h"
#include "schema/base/memory.h"
#include "worker/store/db.h"

enum { MODELS_SHOWN = 8 };

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

static void add(struct models *models, struct str text)
{
    char *name = memory_copy_str(text);
    if (has(models, name)) {
        free(name);
        return;
    }
    models->names = memory_resize(models->names, models->count + 1, sizeof *models->names);
    models->names[models->count++] = name;
}

static void read_shard(struct models *models, struct db *db)
{
    struct error unreadable = {0};
    struct statement *rows = db_sql(
        db, "SELECT text FROM word WHERE id IN (SELECT model FROM rollup WHERE run = 1 UNION "
            "SELECT model FROM rollup_hour WHERE run = 1)");
    while (db_row(rows))
        add(models, db_text(rows, 0));
    db_end(rows);
    db_ok(db, &unreadable); /* whoever reads its cells says so */
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

bool report_model_known(const struct stores *stores, const char *model, struct error *error)
{
    struct models models = {0};
    for (size_t i = 0; i < stores->shard_count; i++)
        read_shard(&models, stores->shards[i].db);
    if (models.count)
        qsort(models.names, models.count, sizeof *models.names, by_text);
    bool known = has(&models, model) || refuse(&models, model, error);
    for (size_t i = 0; i < models.count; i++)
        free(models.names[i]);
    free(models.names);
    return known;
}
