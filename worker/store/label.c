/* label: what people said of samples, in shards of their own: the folder labels of a store. */
#include "worker/store/label.h"

#include <stdlib.h>
#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/store/shard.h"
#include "worker/store/side_shards.h"

static const char FOLDER[] = "labels";

struct label_writer {
    struct store *store;
};

struct label_writer *label_writer_open(const char *dir, struct error *error)
{
    struct store *store = side_shard_take(dir, FOLDER, error);
    if (!store)
        return NULL;
    struct label_writer *writer = memory_new(1, sizeof *writer);
    writer->store = store;
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

struct reading {
    void (*take)(void *owner, const struct label *label);
    void *owner;
};

static void read_rows(void *owner, struct db *db)
{
    const struct reading *reading = owner;
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
        reading->take(reading->owner, &label);
    }
    db_end(rows);
}

void labels_each(const char *dir, void (*take)(void *owner, const struct label *label), void *owner,
                 struct problems *partial)
{
    side_shards_each(dir, FOLDER, read_rows, &(struct reading){take, owner}, partial);
}
