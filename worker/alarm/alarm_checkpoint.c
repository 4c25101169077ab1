/* alarm_checkpoint: the engine as it was at a time, so that a replay need not begin before. */
#include "worker/alarm/alarm_checkpoint.h"

#include "schema/base/hash.h"
#include "worker/alarm/alarm_kept.h"
#include "worker/alarm/alarm_snapshot.h"

enum { NO_SERIES = 0 }; /* ids of series are from 1 on */

/* ---- what it is checked by: a chain over all that made it ---- */

static void start_digest(struct alarm_state *state, int64_t at_ms, uint8_t digest[SHA256_BYTES])
{
    struct buffer head = {0};
    buffer_printf(&head, "snapshot %d of %lld since %lld\n", ALARM_SNAPSHOT_VERSION,
                  (long long)at_ms, (long long)alarm_state_from(state));
    alarm_state_rules_before(state, at_ms, &head);
    hash_sha256(buffer_str(&head), digest);
    buffer_clear(&head);
}

static void add_to_digest(uint8_t digest[SHA256_BYTES], int64_t series, struct str body)
{
    struct buffer next = {0};
    buffer_append(&next, digest, SHA256_BYTES);
    buffer_printf(&next, "%lld %zu\n", (long long)series, body.size);
    buffer_append_str(&next, body);
    hash_sha256(buffer_str(&next), digest);
    buffer_clear(&next);
}

/* ---- writing ---- */

static void each_part(struct alarm_engine *engine,
                      void (*each)(void *owner, int64_t series, struct str body), void *owner)
{
    struct buffer body = {0};
    size_t count;
    alarm_engine_snapshot(engine, &(struct pack){.out = &body});
    each(owner, NO_SERIES, buffer_str(&body));
    const struct alarm_stream *const *streams = alarm_engine_streams(engine, &count);
    for (size_t i = 0; i < count; i++) {
        int64_t id = streams[i]->series.id;
        buffer_reset(&body);
        alarm_engine_snapshot_stream(engine, id, &(struct pack){.out = &body});
        each(owner, id, buffer_str(&body));
    }
    buffer_clear(&body);
}

struct writing {
    struct alarm_state *state;
    int64_t at_ms;
    uint8_t digest[SHA256_BYTES];
};

static void write_part(void *owner, int64_t series, struct str body)
{
    struct writing *writing = owner;
    struct statement *write =
        db_sql(alarm_state_db(writing->state), "INSERT INTO checkpoint_part VALUES(?, ?, ?)");
    db_bind_int(write, writing->at_ms);
    db_bind_int(write, series);
    db_bind_blob(write, body);
    db_do(write);
    add_to_digest(writing->digest, series, body);
}

static void forget_checkpoints(struct db *db, int64_t at_ms, int64_t keep_ms)
{
    struct statement *write = db_sql(
        db, "DELETE FROM checkpoint WHERE at_ms <> ?1 AND (at_ms / ?2 < ?1 / ?2 - 1 OR at_ms > "
            "(SELECT min(at_ms) FROM checkpoint c WHERE c.at_ms / ?2 = checkpoint.at_ms / ?2))");
    db_bind_int(write, at_ms);
    db_bind_int(write, keep_ms);
    db_do(write);
    db_run(db, "DELETE FROM checkpoint_part WHERE at_ms NOT IN (SELECT at_ms FROM checkpoint)");
}

static void forget_buckets(struct alarm_state *state, int64_t at_ms, int64_t keep_ms)
{
    int64_t times[ALARM_CHECKPOINTS_MAX];
    if (alarm_checkpoint_times(state, times) > 0 && times[0] <= at_ms - keep_ms)
        alarm_kept_forget(state, times[0]);
}

void alarm_checkpoint_write(struct alarm_state *state, struct alarm_engine *engine, int64_t at_ms,
                            int64_t keep_ms)
{
    struct writing writing = {.state = state, .at_ms = at_ms};
    start_digest(state, at_ms, writing.digest);
    each_part(engine, write_part, &writing);
    struct statement *write =
        db_sql(alarm_state_db(state), "INSERT INTO checkpoint VALUES(?, ?, ?)");
    db_bind_int(write, at_ms);
    db_bind_int(write, ALARM_SNAPSHOT_VERSION);
    db_bind_blob(write, (struct str){(const char *)writing.digest, SHA256_BYTES});
    db_do(write);
    forget_checkpoints(alarm_state_db(state), at_ms, keep_ms);
    forget_buckets(state, at_ms, keep_ms);
}

static void append_part(void *owner, int64_t series, struct str body)
{
    (void)series;
    buffer_append_str(owner, body);
}

void alarm_checkpoint_bytes(struct alarm_engine *engine, struct buffer *out)
{
    each_part(engine, append_part, out);
}

/* ---- reading ---- */

size_t alarm_checkpoint_times(struct alarm_state *state, int64_t out[ALARM_CHECKPOINTS_MAX])
{
    size_t count = 0;
    struct statement *rows =
        db_sql(alarm_state_db(state), "SELECT at_ms FROM checkpoint ORDER BY at_ms LIMIT 8");
    while (db_row(rows) && count < ALARM_CHECKPOINTS_MAX)
        out[count++] = db_int(rows, 0);
    db_end(rows);
    return count;
}

static bool read_part(struct alarm_engine *engine, int64_t series, struct str body)
{
    struct pack pack = {.in = body};
    bool known = true;
    if (series == NO_SERIES)
        alarm_engine_snapshot(engine, &pack);
    else
        known = alarm_engine_snapshot_stream(engine, series, &pack);
    return known && !pack.bad && pack.in.size == 0;
}

/* Whether this is the digest that was written with it. */
static bool holds(struct alarm_state *state, int64_t at_ms, const uint8_t digest[SHA256_BYTES])
{
    struct statement *read = db_sql(alarm_state_db(state), "SELECT digest FROM checkpoint WHERE "
                                                           "at_ms = ? AND version = ?");
    db_bind_int(read, at_ms);
    db_bind_int(read, ALARM_SNAPSHOT_VERSION);
    bool same = db_row(read) &&
                str_equal(db_text(read, 0), (struct str){(const char *)digest, SHA256_BYTES});
    db_end(read);
    return same;
}

bool alarm_checkpoint_read(struct alarm_state *state, int64_t at_ms, struct alarm_engine *engine)
{
    uint8_t digest[SHA256_BYTES];
    bool good = true;
    start_digest(state, at_ms, digest);
    struct statement *rows =
        db_sql(alarm_state_db(state), "SELECT series, body FROM checkpoint_part WHERE at_ms = ? "
                                      "ORDER BY series");
    db_bind_int(rows, at_ms);
    while (db_row(rows) && good) {
        add_to_digest(digest, db_int(rows, 0), db_text(rows, 1));
        good = read_part(engine, db_int(rows, 0), db_text(rows, 1));
    }
    db_end(rows);
    return good && holds(state, at_ms, digest);
}
