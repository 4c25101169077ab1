/* alarm_kept: closed buckets, and what was taken from stores for them. */
#include "worker/alarm/alarm_kept.h"

static void bind_cell(struct statement *statement, const struct alarm_kept *cell)
{
    const int64_t counts[] = {
        (int64_t)cell->statuses.scored,  (int64_t)cell->statuses.not_applicable,
        (int64_t)cell->statuses.skipped, (int64_t)cell->statuses.error,
        (int64_t)cell->passed,
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        db_bind_int(statement, counts[i]);
    db_bind_blob(statement, cell->histogram);
}

static void read_cell(struct statement *row, int column, struct alarm_kept *out)
{
    out->statuses = (struct status_counts){
        (uint64_t)db_int(row, column), (uint64_t)db_int(row, column + 1),
        (uint64_t)db_int(row, column + 2), (uint64_t)db_int(row, column + 3)};
    out->passed = (uint64_t)db_int(row, column + 4);
    out->histogram = db_text(row, column + 5);
}

static void bind_place(struct statement *statement, const struct alarm_kept *cell)
{
    db_bind_int(statement, cell->series);
    db_bind_int(statement, cell->segment);
    db_bind_int(statement, (int64_t)cell->threshold);
}

static void each_row(struct statement *rows,
                     void (*each)(void *owner, const struct alarm_kept *cell), void *owner)
{
    while (db_row(rows)) {
        struct alarm_kept cell = {.at_ms = db_int(rows, 0),
                                  .series = db_int(rows, 1),
                                  .segment = db_int(rows, 2),
                                  .threshold = (uint64_t)db_int(rows, 3)};
        read_cell(rows, 4, &cell);
        each(owner, &cell);
    }
    db_end(rows);
}

void alarm_kept_each_taken(struct alarm_state *state,
                           void (*each)(void *owner, const struct alarm_kept *taken), void *owner)
{
    each_row(db_sql(alarm_state_db(state),
                    "SELECT at_ms, series, segment, threshold, scored, not_applicable, skipped, "
                    "error, passed, histogram FROM taken"),
             each, owner);
}

static void forget_taken_of(struct alarm_state *state, const struct alarm_kept *cell,
                            int64_t length_ms)
{
    struct statement *write =
        db_sql(alarm_state_db(state),
               "DELETE FROM taken WHERE series = ? AND segment = ? AND threshold = ? "
               "AND at_ms >= ? AND at_ms < ?");
    bind_place(write, cell);
    db_bind_int(write, cell->at_ms);
    db_bind_int(write, cell->at_ms + length_ms);
    db_do(write);
}

void alarm_kept_take(struct alarm_state *state, const struct alarm_kept *cell, int64_t length_ms)
{
    forget_taken_of(state, cell, length_ms);
    struct statement *write =
        db_sql(alarm_state_db(state), "INSERT INTO taken VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_place(write, cell);
    db_bind_int(write, cell->at_ms);
    bind_cell(write, cell);
    db_do(write);
}

void alarm_kept_forget_taken(struct alarm_state *state, int64_t before_ms)
{
    struct statement *write = db_sql(alarm_state_db(state), "DELETE FROM taken WHERE at_ms < ?");
    db_bind_int(write, before_ms);
    db_do(write);
    if (before_ms > alarm_state_taken_from(state))
        alarm_state_set_taken_from(state, before_ms);
}

void alarm_kept_add(struct alarm_state *state, const struct alarm_kept *bucket)
{
    struct statement *write =
        db_sql(alarm_state_db(state), "INSERT INTO bucket VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    db_bind_int(write, bucket->at_ms);
    bind_place(write, bucket);
    bind_cell(write, bucket);
    db_do(write);
}

bool alarm_kept_each_bucket(struct alarm_state *state, int64_t after_ms,
                            void (*each)(void *owner, const struct alarm_kept *bucket), void *owner,
                            struct error *error)
{
    struct statement *rows =
        db_sql(alarm_state_db(state),
               "SELECT at_ms, series, segment, threshold, scored, not_applicable, skipped, error, "
               "passed, histogram FROM bucket WHERE at_ms > ? ORDER BY at_ms, series, segment, "
               "threshold");
    db_bind_int(rows, after_ms);
    each_row(rows, each, owner);
    return db_ok(alarm_state_db(state), error);
}

void alarm_kept_forget(struct alarm_state *state, int64_t to_ms)
{
    struct statement *write = db_sql(alarm_state_db(state), "DELETE FROM bucket WHERE at_ms <= ?");
    db_bind_int(write, to_ms);
    db_do(write);
    alarm_state_set_kept_from(state, to_ms);
}
