/* label: what people said of samples, in shards of their own: the folder labels of a store. */
#include "worker/store/label.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/store/shard.h"

enum { PATH_BYTES = 4096 };

struct label_writer {
    struct store *store;
};

struct label_writer *label_writer_open(const char *dir, struct error *error)
{
    char folder[PATH_BYTES];
    snprintf(folder, sizeof folder, "%.4000s/labels", dir);
    struct store *store = store_take(&(struct store_config){.dir = folder}, error);
    if (!store)
        return NULL;
    struct label_writer *writer = memory_new(1, sizeof *writer);
    writer->store = store;
    store_begin(store);
    return writer;
}

void label_writer_add(struct label_writer *writer, const struct label *label)
{
    struct statement *row = db_sql(writer->store->db, "INSERT INTO label VALUES(?,?,?,?,?,?,?,?,?) "
                                                      "ON CONFLICT DO NOTHING");
    db_bind_text(row, label->sample);
    db_bind_text(row, label->model);
    db_bind_text(row, label->target);
    db_bind_text(row, label->labeller);
    db_bind_int(row, label->labelled_at_ms);
    db_bind_real(row, label->value);
    db_bind_real(row, label->probability);
    db_bind_text(row, label->note);
    db_bind_int(row, clock_wall_ms());
    db_do(row);
}

bool label_writer_commit(struct label_writer *writer, struct error *error)
{
    return store_commit(writer->store, error);
}

void label_writer_close(struct label_writer *writer)
{
    if (!writer)
        return;
    store_close(writer->store);
    free(writer);
}

static int64_t schema_version(struct db *db)
{
    struct statement *query = db_sql(db, "PRAGMA user_version");
    int64_t version = db_row(query) ? db_int(query, 0) : 0;
    db_end(query);
    return version;
}

static void read_rows(struct db *db, void (*take)(void *owner, const struct label *label),
                      void *owner)
{
    struct statement *rows = db_sql(db, "SELECT sample, model, target, labeller, labelled_at_ms,"
                                        "value, probability, note FROM label");
    while (db_row(rows)) {
        const struct label label = {.sample = db_text(rows, 0),
                                    .model = db_text(rows, 1),
                                    .target = db_text(rows, 2),
                                    .labeller = db_text(rows, 3),
                                    .labelled_at_ms = db_int(rows, 4),
                                    .value = db_real(rows, 5),
                                    .probability = db_real(rows, 6),
                                    .note = db_text(rows, 7)};
        take(owner, &label);
    }
    db_end(rows);
}

void labels_each(const char *dir, void (*take)(void *owner, const struct label *label), void *owner,
                 struct problems *partial)
{
    for (int number = 1; number <= STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES + 64];
        struct error why = {0};
        snprintf(path, sizeof path, "%.4000s/labels/shard-%04d.db", dir, number);
        if (access(path, F_OK) != 0)
            continue;
        struct db *db = db_open(path, DB_READER, &why);
        if (db && schema_version(db) > STORE_SCHEMA_VERSION)
            error_set(&why, ERROR_INPUT, "it was written by a newer assay");
        else if (db)
            read_rows(db, take, owner);
        if ((db && !db_ok(db, &why)) || why.kind != ERROR_NONE)
            problems_add(partial, path, "labels are left out: %.300s", why.text);
        db_close(db);
    }
}
