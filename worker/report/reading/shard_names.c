/* shard_names: what the ids of one shard mean. */
#include "worker/report/reading/shard_names.h"

#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/store/db.h"

static void read_criteria(struct shard_names *names, struct db *db)
{
    struct statement *rows =
        db_sql(db, "SELECT criterion.id, criterion.name, dimension, criterion.hash, rubric.name,"
                   "rubric.hash, weight, threshold, share FROM criterion JOIN rubric "
                   "ON rubric.id = rubric ORDER BY criterion.id");
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
                                     .threshold = db_real(rows, 7),
                                     .share = db_real(rows, 8)};
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

static void read_segments(struct shard_names *names, struct db *db)
{
    struct statement *rows = db_sql(db, "SELECT id, words FROM segment ORDER BY id");
    while (db_row(rows)) {
        names->segments =
            memory_resize(names->segments, names->segment_count + 1, sizeof *names->segments);
        names->segments[names->segment_count++] =
            (struct shard_segment){db_int(rows, 0), memory_copy_str(db_text(rows, 1))};
    }
    db_end(rows);
}

void shard_names_read(struct shard_names *names, struct db *db)
{
    read_criteria(names, db);
    read_sources(names, db);
    read_segments(names, db);
}

/* All kinds of row begin with their id. */
static int by_id(const void *key, const void *row)
{
    int64_t wanted = *(const int64_t *)key, id = *(const int64_t *)row;
    return (wanted > id) - (wanted < id);
}

static void *find(int64_t id, void *rows, size_t count, size_t size)
{
    return count == 0 ? NULL : bsearch(&id, rows, count, size, by_id);
}

struct shard_criterion *shard_names_criterion(const struct shard_names *names, int64_t id)
{
    return find(id, names->criteria, names->criterion_count, sizeof *names->criteria);
}

const struct shard_source *shard_names_source(const struct shard_names *names, int64_t id)
{
    return find(id, names->sources, names->source_count, sizeof *names->sources);
}

const struct shard_segment *shard_names_segment(const struct shard_names *names, int64_t id)
{
    return find(id, names->segments, names->segment_count, sizeof *names->segments);
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
    for (size_t i = 0; i < names->segment_count; i++)
        free(names->segments[i].words);
    free(names->segments);
    free(names->criteria);
    free(names->sources);
    *names = (struct shard_names){0};
}
