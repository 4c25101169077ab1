/* mark: what happened to a model from outside, in shards of their own: folder marks of a store. */
#include "worker/store/mark.h"

#include "schema/base/clock.h"
#include "worker/store/shard.h"
#include "worker/store/side_shards.h"

static const char FOLDER[] = "marks";

bool mark_add(const char *dir, const struct mark *mark, struct error *error)
{
    struct store *store = side_shard_take(dir, FOLDER, error);
    if (!store)
        return false;
    struct statement *row =
        db_sql(store->db, "INSERT INTO mark VALUES(?,?,?,?) ON CONFLICT DO NOTHING");
    db_bind_text(row, mark->model);
    db_bind_int(row, mark->at_ms);
    db_bind_text(row, mark->text);
    db_bind_int(row, clock_wall_ms());
    db_do(row);
    bool fine = store_commit(store, error);
    store_close(store);
    return fine;
}

struct reading {
    void (*take)(void *owner, const struct mark *mark);
    void *owner;
};

static void read_rows(void *owner, struct db *db)
{
    const struct reading *reading = owner;
    /* a shard of an older program has none, and is not ours to convert */
    struct statement *there = db_sql(db, "SELECT 1 FROM sqlite_schema WHERE name = 'mark'");
    bool any = db_row(there);
    db_end(there);
    if (!any)
        return;
    struct statement *rows = db_sql(db, "SELECT model, at_ms, text FROM mark");
    while (db_row(rows)) {
        const struct mark mark = {db_text(rows, 0), db_int(rows, 1), db_text(rows, 2)};
        reading->take(reading->owner, &mark);
    }
    db_end(rows);
}

void marks_each(const char *dir, void (*take)(void *owner, const struct mark *mark), void *owner,
                struct problems *partial)
{
    side_shards_each(dir, FOLDER, read_rows, &(struct reading){take, owner}, partial);
}
