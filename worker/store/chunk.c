/* chunk: what a rerun has done, written with the rows of it. */
#include "schema/base/clock.h"
#include "worker/store/shard.h"

bool store_run_tenure(struct store *store, int64_t source, struct tenure *out, struct error *error)
{
    struct statement *read =
        db_sql(store->db, "SELECT id, number FROM tenure WHERE run = ? AND source = ?");
    db_bind_int(read, store->run);
    db_bind_int(read, source);
    bool known = db_row(read);
    if (known)
        *out = (struct tenure){.id = db_int(read, 0), .source = source, .number = db_int(read, 1)};
    db_end(read);
    return known || store_open_tenure(store, source, 0, "", out, error);
}

void store_chunk(struct store *store, const struct tenure *tenure, int64_t first, int64_t end,
                 const char *outcomes)
{
    struct statement *row = db_sql(store->db, "INSERT INTO chunk VALUES(?, ?, ?, ?, ?)");
    db_bind_int(row, store->run);
    db_bind_int(row, tenure->source);
    db_bind_int(row, first);
    db_bind_int(row, end);
    db_bind_text(row, str_of(outcomes));
    db_do(row);
    shard_fold(store, tenure->source, first, end);
}

bool store_run_begin(struct store *store, const char *description, struct error *error)
{
    db_begin(store->db);
    struct statement *set = db_sql(
        store->db, "UPDATE run SET description = ?, started_at_ms = ? WHERE id = ?");
    db_bind_text(set, str_of(description));
    db_bind_int(set, clock_wall_ms());
    db_bind_int(set, store->run);
    db_do(set);
    return db_commit(store->db, error);
}

void store_run_note(struct store *store)
{
    struct statement *set = db_sql(store->db, "UPDATE run SET ended_at_ms = ? WHERE id = ?");
    db_bind_int(set, clock_wall_ms());
    db_bind_int(set, store->run);
    db_do(set);
}

bool store_run_end(struct store *store, struct error *error)
{
    db_begin(store->db);
    store_run_note(store);
    return db_commit(store->db, error);
}

bool store_chunk_held(struct store *store, const char *topic, const char *incarnation,
                      int32_t partition, int64_t first)
{
    struct statement *read =
        db_sql(store->db, "SELECT 1 FROM chunk JOIN source ON source.id = source WHERE run = ? AND "
                          "topic = ? AND incarnation = ? AND partition = ? AND first = ?");
    db_bind_int(read, store->run);
    db_bind_text(read, str_of(topic));
    db_bind_text(read, str_of(incarnation));
    db_bind_int(read, partition);
    db_bind_int(read, first);
    bool held = db_row(read);
    db_end(read);
    return held;
}
