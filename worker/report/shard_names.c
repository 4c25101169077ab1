/* shard_names: what the ids of one shard mean. */
#include "worker/report/shard_names.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/store/db.h"

static void read_criteria(struct shard_names *names, struct db *db)
{
    struct statement *rows =
        db_sql(db, "SELECT criterion.id, criterion.name, dimension, criterion.hash, rubric.name,"
                   "rubric.hash, weight, threshold FROM criterion JOIN rubric ON rubric.id = rubric"
                   " ORDER BY criterion.id");
    while (db_row(rows)) {
        names->criteria =
            memory_resize(names->criteria, names->criterion_count + 1, sizeof *names->criteria);
        names->criteria[names->criterion_count++] =
            (struct shard_criterion){.id = db_int(rows, 0),
                                     .name = memory_copy_str(db_text(rows, 1)),
                                     .dimension = memory_copy_str(db_text(rows, 2)),
                                     .hash = memory_copy_str(db_text(rows, 3)),
                                     .rubric = memory_copy_str(db_text(rows, 4)),
                                     .rubric_hash = memory_copy_str(db_text(rows, 5)),
                                     .weight = db_real(rows, 6),
                                     .threshold = db_real(rows, 7)};
    }
    db_end(rows);
}

static void read_sources(struct shard_names *names, struct db *db)
{
    struct statement *rows =
        db_sql(db, "SELECT id, topic, incarnation, partition FROM source ORDER BY id");
    while (db_row(rows)) {
        names->sources =
            memory_resize(names->sources, names->source_count + 1, sizeof *names->sources);
        names->sources[names->source_count++] =
            (struct shard_source){db_int(rows, 0), memory_copy_str(db_text(rows, 1)),
                                  memory_copy_str(db_text(rows, 2)), db_int(rows, 3)};
    }
    db_end(rows);
}

void shard_names_read(struct shard_names *names, struct db *db)
{
    read_criteria(names, db);
    read_sources(names, db);
}

/* Both kinds of row begin with their id. */
static int by_id(const void *key, const void *row)
{
    int64_t wanted = *(const int64_t *)key, id = *(const int64_t *)row;
    return (wanted > id) - (wanted < id);
}

struct shard_criterion *shard_names_criterion(const struct shard_names *names, int64_t id)
{
    return names->criterion_count == 0 ? NULL
                                       : bsearch(&id, names->criteria, names->criterion_count,
                                                 sizeof *names->criteria, by_id);
}

const struct shard_source *shard_names_source(const struct shard_names *names, int64_t id)
{
    return names->source_count == 0
               ? NULL
               : bsearch(&id, names->sources, names->source_count, sizeof *names->sources, by_id);
}

void shard_names_clear(struct shard_names *names)
{
    for (size_t i = 0; i < names->criterion_count; i++) {
        struct shard_criterion *one = &names->criteria[i];
        free(one->name);
        free(one->dimension);
        free(one->hash);
        free(one->rubric);
        free(one->rubric_hash);
    }
    for (size_t i = 0; i < names->source_count; i++) {
        free(names->sources[i].topic);
        free(names->sources[i].incarnation);
    }
    free(names->criteria);
    free(names->sources);
    *names = (struct shard_names){0};
}
