/* history_store: what live stored, out of all shards of a store at once.
 *
 * A partition may have moved from shard to shard, so a part is a partition over all of them: its
 * rows are merged by offset, and one that two shards hold counts once, from the one that kept its
 * text. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "schema/base/gzip.h"
#include "schema/base/memory.h"
#include "worker/intake/stored_row.h"
#include "worker/store/store.h"

enum { PATH_BYTES = 4096 };

/* A shard, and where the merge stands in it. */
struct shard_reader {
    struct db *db;
    char *path;
    int64_t version;
    int64_t *sources; /* its row of each part; 0: it holds nothing of it */
    struct statement *rows;
    bool more; /* a row is there */
};

struct stored {
    struct history *history;
    const struct selection *selection;
    bool scores; /* are read, instead of texts */
    struct shard_reader *shards;
    size_t shard_count;
};

/* ---- shards and parts ---- */

static void open_shard(struct stored *stored, const char *path, struct problems *problems)
{
    struct error error = {0};
    struct db *db = db_open(path, DB_READER, &error);
    int64_t version = 0;
    if (db) {
        struct statement *read = db_sql(db, "PRAGMA user_version");
        version = db_row(read) ? db_int(read, 0) : 0;
        db_end(read);
        db_ok(db, &error);
    }
    if (version > STORE_SCHEMA_VERSION)
        error_set(&error, ERROR_FATAL, "was written by a newer assay");
    if (error.kind != ERROR_NONE)
        problems_add(problems, path, "is left out: %.200s", error.text);
    if (error.kind != ERROR_NONE || version == 0) { /* 0: it is being made, and holds nothing */
        db_close(db);
        return;
    }
    stored->shards =
        memory_resize(stored->shards, stored->shard_count + 1, sizeof *stored->shards);
    stored->shards[stored->shard_count++] =
        (struct shard_reader){.db = db, .path = memory_copy_string(path), .version = version};
}

static size_t find_part(struct history *history, struct str topic, struct str incarnation,
                        int32_t partition)
{
    for (size_t i = 0; i < history->part_count; i++) {
        const struct history_part *part = &history->parts[i];
        if (part->partition == partition && str_is(topic, part->topic) &&
            str_is(incarnation, part->incarnation))
            return i;
    }
    history_add_part(history, &(struct history_part){.topic = memory_copy_str(topic),
                                                  .incarnation = memory_copy_str(incarnation),
                                                  .partition = partition,
                                                  .from = INT64_MAX});
    return history->part_count - 1;
}

/* What a shard holds of each part. Rows of its ids are found again by the parts' names. */
static void read_parts(struct stored *stored, struct shard_reader *shard)
{
    struct history *history = stored->history;
    struct statement *rows = db_sql(
        shard->db, "SELECT source.id, topic, incarnation, partition, min(off), max(off) + 1 "
                   "FROM delivery JOIN source ON source.id = source WHERE run = 1 "
                   "GROUP BY source.id");
    while (db_row(rows)) {
        size_t at =
            find_part(history, db_text(rows, 1), db_text(rows, 2), (int32_t)db_int(rows, 3));
        struct history_part *part = &history->parts[at];
        part->from = db_int(rows, 4) < part->from ? db_int(rows, 4) : part->from;
        part->to = db_int(rows, 5) > part->to ? db_int(rows, 5) : part->to;
    }
    db_end(rows);
}

static void find_sources(const struct history *history, struct shard_reader *shard)
{
    shard->sources = memory_new(history->part_count + 1, sizeof *shard->sources);
    for (size_t i = 0; i < history->part_count; i++) {
        struct statement *read = db_sql(shard->db, "SELECT id FROM source WHERE topic = ? AND "
                                                   "incarnation = ? AND partition = ?");
        db_bind_text(read, str_of(history->parts[i].topic));
        db_bind_text(read, str_of(history->parts[i].incarnation));
        db_bind_int(read, history->parts[i].partition);
        shard->sources[i] = db_row(read) ? db_int(read, 0) : 0;
        db_end(read);
    }
}

/* ---- merging ---- */

static void start_merge(struct stored *stored, size_t part, int64_t from, int64_t to,
                        struct statement *(*query)(struct shard_reader *shard))
{
    for (size_t i = 0; i < stored->shard_count; i++) {
        struct shard_reader *shard = &stored->shards[i];
        shard->more = false;
        shard->rows = NULL;
        if (!shard->sources[part])
            continue;
        shard->rows = query(shard);
        db_bind_int(shard->rows, shard->sources[part]);
        db_bind_int(shard->rows, from);
        db_bind_int(shard->rows, to);
        shard->more = db_row(shard->rows);
    }
}

/* The lowest offset of all shards; -1 at the end. */
static int64_t lowest(const struct stored *stored)
{
    int64_t offset = -1;
    for (size_t i = 0; i < stored->shard_count; i++) {
        const struct shard_reader *shard = &stored->shards[i];
        if (shard->more && (offset < 0 || db_int(shard->rows, STORED_OFFSET) < offset))
            offset = db_int(shard->rows, STORED_OFFSET);
    }
    return offset;
}

static void step_beyond(struct stored *stored, int64_t offset)
{
    for (size_t i = 0; i < stored->shard_count; i++) {
        struct shard_reader *shard = &stored->shards[i];
        if (shard->more && db_int(shard->rows, STORED_OFFSET) == offset)
            shard->more = db_row(shard->rows);
    }
}

static bool end_merge(struct stored *stored, struct error *error)
{
    bool fine = true;
    for (size_t i = 0; i < stored->shard_count; i++) {
        if (stored->shards[i].rows)
            db_end(stored->shards[i].rows);
        fine = db_ok(stored->shards[i].db, fine ? error : &(struct error){0}) && fine;
    }
    return fine;
}

/* ---- the plan ---- */

static struct statement *offsets_of(struct shard_reader *shard)
{
    return db_sql(shard->db, "SELECT off FROM delivery WHERE run = 1 AND source = ? AND off >= ? "
                             "AND off < ? ORDER BY off");
}

static bool count_part(struct stored *stored, size_t at, const volatile sig_atomic_t *stop,
                       struct error *error)
{
    struct history_part *part = &stored->history->parts[at];
    start_merge(stored, at, part->from, part->to, offsets_of);
    for (int64_t offset; !*stop && (offset = lowest(stored)) >= 0; step_beyond(stored, offset))
        part->planned++;
    return end_merge(stored, error);
}

static bool list(void *state, const volatile sig_atomic_t *stop, struct problems *problems,
                 struct error *error)
{
    struct stored *stored = state;
    struct history *history = stored->history;
    (void)stop;
    (void)problems;
    (void)error;
    for (size_t i = 0; i < stored->shard_count; i++)
        read_parts(stored, &stored->shards[i]);
    if (history->part_count)
        qsort(history->parts, history->part_count, sizeof *history->parts, history_part_order);
    for (size_t i = 0; i < stored->shard_count; i++)
        find_sources(history, &stored->shards[i]);
    return true;
}

static bool count(void *state, const volatile sig_atomic_t *stop, struct problems *problems,
                  struct error *error)
{
    struct stored *stored = state;
    (void)problems;
    for (size_t i = 0; i < stored->history->part_count; i++)
        if (!count_part(stored, i, stop, error))
            return false;
    return !*stop || error_set(error, ERROR_TRANSIENT, "interrupted while it was planned");
}

/* ---- reading ---- */

static struct statement *rows_of(struct shard_reader *shard)
{
    return db_sql(shard->db, stored_rows_sql(shard->version));
}

/* The shard whose row of this offset counts. */
static struct shard_reader *holder_of(struct stored *stored, int64_t offset)
{
    struct shard_reader *first = NULL;
    for (size_t i = 0; i < stored->shard_count; i++) {
        struct shard_reader *shard = &stored->shards[i];
        if (!shard->more || db_int(shard->rows, STORED_OFFSET) != offset)
            continue;
        if (db_text(shard->rows, STORED_BODY).data)
            return shard;
        first = first ? first : shard;
    }
    return first;
}

static bool result_holds(struct shard_reader *shard, int64_t source, int64_t offset,
                         const struct earlier_result *wanted)
{
    struct statement *rows =
        db_sql(shard->db, "SELECT status, value, passed FROM score JOIN criterion ON criterion.id ="
                          " criterion WHERE run = 1 AND source = ? AND off = ? AND name = ?");
    db_bind_int(rows, source);
    db_bind_int(rows, offset);
    db_bind_text(rows, str_of(wanted->criterion));
    bool holds = false;
    while (!holds && db_row(rows)) {
        double passed = db_real(rows, 2);
        holds = earlier_result_holds(wanted, db_text(rows, 0), db_real(rows, 1),
                                     passed >= 0 ? (int64_t)passed : -1);
    }
    db_end(rows);
    return holds;
}

static bool is_wanted(const struct stored *stored, struct shard_reader *shard, size_t part)
{
    const struct selection *selection = stored->selection;
    struct statement *row = shard->rows;
    if (!selection_takes(selection, db_text(row, STORED_MODEL), db_text(row, STORED_ENDPOINT),
                         db_int(row, STORED_OBSERVED)))
        return false;
    int64_t source = shard->sources[part], offset = db_int(row, STORED_OFFSET);
    for (size_t i = 0; i < selection->result_count; i++)
        if (!result_holds(shard, source, offset, &selection->results[i]))
            return false;
    return true;
}

/* Returns whether it was passed over. */
static bool take_row(const struct stored *stored, struct shard_reader *shard, struct chunk *out)
{
    struct str state = db_text(shard->rows, STORED_STATE);
    enum record_skip why = RECORD_SKIPS;
    if (str_is(state, "invalid") || str_is(state, "dead_lettered"))
        why = SKIP_INVALID;
    else if (!is_wanted(stored, shard, out->part))
        why = SKIP_FILTERED;
    else if (str_is(state, "duplicate"))
        why = SKIP_DUPLICATE;
    else if (!stored->scores && !db_text(shard->rows, STORED_BODY).data)
        why = SKIP_NO_TEXT;
    if (why != RECORD_SKIPS)
        out->skipped[why]++;
    else if (stored->scores)
        stored_row_scores(shard->rows, shard->db, shard->sources[out->part], out);
    else
        stored_row_text(shard->rows, out);
    return why != RECORD_SKIPS;
}

static bool read_rows(void *state, size_t part, int64_t from, int64_t to, struct chunk *out,
                      struct error *error)
{
    struct stored *stored = state;
    int64_t offset = -1, passed_over = 0;
    out->part = part;
    out->first = from;
    out->end = to;
    start_merge(stored, part, from, to, rows_of);
    while ((offset = lowest(stored)) >= 0) {
        if (out->count == CHUNK_RECORDS_MAX || passed_over == CHUNK_SKIPPED_MAX ||
            out->bytes.size >= CHUNK_BYTES_MAX) {
            out->end = offset;
            break;
        }
        passed_over += take_row(stored, holder_of(stored, offset), out);
        step_beyond(stored, offset);
    }
    return end_merge(stored, error);
}

static bool write_record(const void *state, const struct chunk *chunk,
                         const struct history_record *record, struct arena *arena,
                         struct buffer *into)
{
    const char *bytes = chunk->bytes.data;
    struct str body = {bytes + record->body, record->body_size};
    (void)state;
    (void)arena;
    buffer_reset(into);
    buffer_append(into, bytes + record->head, record->head_size);
    bool fine = !body.size || gzip_unpack(body, record->unpacked_size, into);
    buffer_append(into, "}", 1);
    return fine;
}

static void close_stored(void *state)
{
    struct stored *stored = state;
    for (size_t i = 0; i < stored->shard_count; i++) {
        db_close(stored->shards[i].db);
        free(stored->shards[i].path);
        free(stored->shards[i].sources);
    }
    free(stored->shards);
    free(stored);
}

static const struct history_kind HISTORY_STORE = {
    .name = "store", .list = list, .count = count, .read = read_rows, .record = write_record,
    .close = close_stored};

struct history *history_store_open(const char *dir, const struct selection *selection, bool scores,
                                   struct error *error)
{
    struct history *history = memory_new(1, sizeof *history);
    struct stored *stored = memory_new(1, sizeof *stored);
    struct problems problems = {0};
    *history = (struct history){.kind = &HISTORY_STORE, .state = stored};
    *stored = (struct stored){.history = history, .selection = selection, .scores = scores};
    for (int number = 1; number <= STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%.4000s/shard-%04d.db", dir, number);
        if (access(path, F_OK) == 0)
            open_shard(stored, path, &problems);
    }
    if (problems.count)
        error_set(error, ERROR_FATAL, "%s", problems.lines[0]);
    else if (stored->shard_count == 0)
        error_set(error, ERROR_FATAL, "%s holds no shard (shard-NNNN.db): is it a store?", dir);
    problems_clear(&problems);
    if (error->kind == ERROR_NONE)
        return history;
    history_close(history);
    return NULL;
}
