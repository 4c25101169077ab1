/* alarm_state: what alarms remember: one SQLite file, alarms.sqlite, with a single writer. */
#include "worker/alarm/alarm_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/base/memory.h"
#include "worker/alarm/alarm_tables.h"
#include "worker/store/lock.h"
#include "worker/store/shard.h"

enum { PATH_BYTES = 4096, CHECKPOINT_PAGES = 2000 };

struct alarm_state {
    struct db *db;
    int lock;
    int64_t from_ms, closed_to_ms, hours_to_ms, taken_from_ms, kept_from_ms;
    struct alarm_series *series;
    char **segments; /* words, by id - 1 */
    size_t series_count, segment_count;
};

/* ---- opening ---- */

static int64_t read_int(struct statement *statement)
{
    int64_t value = db_row(statement) ? db_int(statement, 0) : 0;
    db_end(statement);
    return value;
}

static void add_series(struct alarm_state *state, struct alarm_series series)
{
    state->series = memory_resize(state->series, state->series_count + 1, sizeof *state->series);
    state->series[state->series_count++] = series;
}

static void add_segment(struct alarm_state *state, struct str words)
{
    state->segments =
        memory_resize(state->segments, state->segment_count + 1, sizeof *state->segments);
    state->segments[state->segment_count++] = memory_copy_str(words);
}

static void load_names(struct alarm_state *state)
{
    struct statement *rows = db_sql(
        state->db, "SELECT id, model, rubric, criterion, dimension, hash FROM series ORDER BY id");
    while (db_row(rows))
        add_series(state, (struct alarm_series){.id = db_int(rows, 0),
                                                .model = memory_copy_str(db_text(rows, 1)),
                                                .rubric = memory_copy_str(db_text(rows, 2)),
                                                .criterion = memory_copy_str(db_text(rows, 3)),
                                                .dimension = memory_copy_str(db_text(rows, 4)),
                                                .hash = memory_copy_str(db_text(rows, 5))});
    db_end(rows);
    rows = db_sql(state->db, "SELECT words FROM segment ORDER BY id");
    while (db_row(rows))
        add_segment(state, db_text(rows, 0));
    db_end(rows);
}

static int64_t read_time(struct db *db, const char *name)
{
    struct statement *read = db_sql(db, "SELECT value FROM meta WHERE name = ?");
    db_bind_text(read, str_of(name));
    return read_int(read);
}

static bool load(struct alarm_state *state, struct error *error)
{
    struct db *db = state->db;
    state->from_ms = read_time(db, "from_ms");
    state->closed_to_ms = read_time(db, "closed_to_ms");
    state->hours_to_ms = read_time(db, "hours_to_ms");
    state->taken_from_ms = read_time(db, "taken_from_ms");
    state->kept_from_ms = read_time(db, "kept_from_ms");
    load_names(state);
    return db_ok(db, error);
}

static bool take_lock(struct alarm_state *state, const char *path, struct error *error)
{
    state->lock = lock_take(path);
    if (state->lock >= 0)
        return true;
    if (errno == EWOULDBLOCK)
        return error_set(error, ERROR_FATAL,
                         "%s is held by another process: alarms are evaluated by one", path);
    return error_set(error, ERROR_FATAL, "%s: cannot lock: %s", path, strerror(errno));
}

static bool open_file(struct alarm_state *state, const char *dir, enum alarm_open how,
                      struct error *error)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%.4000s/alarms.sqlite", dir);
    bool there = access(path, F_OK) == 0;
    if (how == ALARM_OPEN_READ && !there)
        return error_set(error, ERROR_INPUT, "%s is not there: has assay alarms run kept it here?",
                         path);
    bool reads = how == ALARM_OPEN_READ;
    if (!reads && (!shard_make_folder(dir, error) || !take_lock(state, path, error)))
        return false;
    state->db = db_open(path, reads ? DB_READER : DB_WRITER, error);
    if (!state->db || !alarm_tables_check(state->db, path, !reads, error))
        return false;
    if (reads)
        db_run(state->db, "BEGIN"); /* all of one moment */
    return load(state, error);
}

struct alarm_state *alarm_state_open(const char *dir, enum alarm_open how, struct error *error)
{
    struct alarm_state *state = memory_new(1, sizeof *state);
    state->lock = -1;
    if (open_file(state, dir, how, error))
        return state;
    alarm_state_close(state);
    return NULL;
}

void alarm_state_close(struct alarm_state *state)
{
    if (!state)
        return;
    db_close(state->db);
    if (state->lock >= 0)
        close(state->lock);
    for (size_t i = 0; i < state->series_count; i++)
        alarm_series_clear(&state->series[i]);
    for (size_t i = 0; i < state->segment_count; i++)
        free(state->segments[i]);
    free(state->segments);
    free(state->series);
    free(state);
}

struct db *alarm_state_db(struct alarm_state *state)
{
    return state->db;
}

/* ---- times ---- */

int64_t alarm_state_from(const struct alarm_state *state)
{
    return state->from_ms;
}

int64_t alarm_state_closed_to(const struct alarm_state *state)
{
    return state->closed_to_ms;
}

static void write_time(struct alarm_state *state, const char *name, int64_t ms)
{
    struct statement *write = db_sql(state->db, "INSERT INTO meta VALUES(?, ?) ON CONFLICT(name) "
                                                "DO UPDATE SET value = excluded.value");
    db_bind_text(write, str_of(name));
    db_bind_int(write, ms);
    db_do(write);
}

void alarm_state_start(struct alarm_state *state, int64_t from_ms)
{
    state->from_ms = state->closed_to_ms = from_ms;
    write_time(state, "from_ms", from_ms);
    write_time(state, "closed_to_ms", from_ms);
}

void alarm_state_begin(struct alarm_state *state)
{
    db_begin(state->db);
}

bool alarm_state_commit(struct alarm_state *state, int64_t closed_to_ms, struct error *error)
{
    state->closed_to_ms = closed_to_ms;
    write_time(state, "closed_to_ms", closed_to_ms);
    if (!db_commit(state->db, error))
        return false;
    db_checkpoint(state->db, CHECKPOINT_PAGES);
    return true;
}

void alarm_state_rollback(struct alarm_state *state)
{
    db_rollback(state->db);
}

int64_t alarm_state_hours_to(const struct alarm_state *state)
{
    return state->hours_to_ms;
}

void alarm_state_set_hours_to(struct alarm_state *state, int64_t hours_to_ms)
{
    state->hours_to_ms = hours_to_ms;
    write_time(state, "hours_to_ms", hours_to_ms);
}

int64_t alarm_state_taken_from(const struct alarm_state *state)
{
    return state->taken_from_ms;
}

void alarm_state_set_taken_from(struct alarm_state *state, int64_t taken_from_ms)
{
    state->taken_from_ms = taken_from_ms;
    write_time(state, "taken_from_ms", taken_from_ms);
}

int64_t alarm_state_kept_from(const struct alarm_state *state)
{
    return state->kept_from_ms > state->from_ms ? state->kept_from_ms : state->from_ms;
}

void alarm_state_set_kept_from(struct alarm_state *state, int64_t kept_from_ms)
{
    state->kept_from_ms = kept_from_ms;
    write_time(state, "kept_from_ms", kept_from_ms);
}

/* ---- rules ---- */

static bool last_rules(struct alarm_state *state, int64_t before_ms, struct buffer *out)
{
    struct statement *read =
        db_sql(state->db, "SELECT document FROM rules WHERE from_ms < ? ORDER BY from_ms DESC "
                          "LIMIT 1");
    db_bind_int(read, before_ms);
    bool found = db_row(read);
    if (found)
        buffer_append_str(out, db_text(read, 0));
    db_end(read);
    return found;
}

void alarm_state_use_rules(struct alarm_state *state, const struct alarm_rules *rules)
{
    struct buffer now = {0}, before = {0};
    alarm_rules_write(rules, &now);
    bool known =
        last_rules(state, INT64_MAX, &before) && str_equal(buffer_str(&now), buffer_str(&before));
    if (!known) {
        struct statement *write = db_sql(state->db, "INSERT INTO rules VALUES(?, ?) ON "
                                                    "CONFLICT(from_ms) DO UPDATE SET document = "
                                                    "excluded.document");
        db_bind_int(write, state->closed_to_ms);
        db_bind_text(write, buffer_str(&now));
        db_do(write);
    }
    buffer_clear(&now);
    buffer_clear(&before);
}

bool alarm_state_rules_at(struct alarm_state *state, int64_t close_ms, struct alarm_rules *out,
                          struct error *error)
{
    struct buffer document = {0};
    bool good = last_rules(state, close_ms, &document) &&
                alarm_rules_read(buffer_str(&document), out, error);
    buffer_clear(&document);
    return good;
}

void alarm_state_rules_before(struct alarm_state *state, int64_t before_ms, struct buffer *out)
{
    struct statement *rows =
        db_sql(state->db, "SELECT from_ms, document FROM rules WHERE from_ms < ? ORDER BY from_ms");
    db_bind_int(rows, before_ms);
    while (db_row(rows))
        buffer_printf(out, "%lld %.*s\n", (long long)db_int(rows, 0), STR_ARGS(db_text(rows, 1)));
    db_end(rows);
}

bool alarm_state_rules_change(struct alarm_state *state, int64_t close_ms)
{
    struct statement *read =
        db_sql(state->db, "SELECT count(*) FROM rules WHERE from_ms >= ? AND from_ms < ?");
    db_bind_int(read, close_ms - ALARM_FIVE_MS);
    db_bind_int(read, close_ms);
    return read_int(read) > 0;
}

/* ---- series ---- */

const struct alarm_series *alarm_state_series(const struct alarm_state *state, size_t *out_count)
{
    *out_count = state->series_count;
    return state->series;
}

static bool is_series(const struct alarm_series *series, const struct cell_series *names)
{
    return strcmp(series->hash, names->hash) == 0 &&
           strcmp(series->criterion, names->criterion) == 0 &&
           strcmp(series->rubric, names->rubric) == 0 && strcmp(series->model, names->model) == 0;
}

static void write_series(struct alarm_state *state, const struct alarm_series *series)
{
    const char *const texts[] = {series->model, series->rubric, series->criterion,
                                 series->dimension, series->hash};
    struct statement *write = db_sql(state->db, "INSERT INTO series VALUES(?, ?, ?, ?, ?, ?)");
    db_bind_int(write, series->id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        db_bind_text(write, str_of(texts[i]));
    db_do(write);
}

int64_t alarm_state_find_series(struct alarm_state *state, const struct cell_series *names)
{
    for (size_t i = 0; i < state->series_count; i++)
        if (is_series(&state->series[i], names))
            return state->series[i].id;
    struct alarm_series series = {
        .id = state->series_count ? state->series[state->series_count - 1].id + 1 : 1,
        .model = memory_copy_string(names->model),
        .rubric = memory_copy_string(names->rubric),
        .criterion = memory_copy_string(names->criterion),
        .dimension = memory_copy_string(names->dimension),
        .hash = memory_copy_string(names->hash),
    };
    write_series(state, &series);
    add_series(state, series);
    return series.id;
}

int64_t alarm_state_find_segment(struct alarm_state *state, const char *words)
{
    for (size_t i = 0; i < state->segment_count; i++)
        if (strcmp(state->segments[i], words) == 0)
            return (int64_t)i + 1;
    add_segment(state, str_of(words));
    struct statement *write = db_sql(state->db, "INSERT INTO segment VALUES(?, ?)");
    db_bind_int(write, (int64_t)state->segment_count);
    db_bind_text(write, str_of(words));
    db_do(write);
    return (int64_t)state->segment_count;
}

const char *alarm_state_segment_words(const struct alarm_state *state, int64_t id)
{
    bool known = id >= 1 && (uint64_t)id <= state->segment_count;
    return known ? state->segments[id - 1] : "{\"segment\":\"others\"}";
}

/* ---- events ---- */

int64_t alarm_state_add_event(struct alarm_state *state, const char *id, const char *alarm,
                              int64_t at_ms, struct str json)
{
    struct statement *write =
        db_sql(state->db, "INSERT INTO event(id, alarm, at_ms, body) VALUES(?, ?, ?, ?)");
    db_bind_text(write, str_of(id));
    db_bind_text(write, str_of(alarm));
    db_bind_int(write, at_ms);
    db_bind_text(write, json);
    db_do(write);
    return db_last_id(state->db);
}

bool alarm_state_each_event(struct alarm_state *state, int64_t after_ms,
                            void (*each)(void *owner, int64_t number, struct str json), void *owner,
                            struct error *error)
{
    struct statement *rows =
        db_sql(state->db, "SELECT number, body FROM event WHERE at_ms > ? ORDER BY number");
    db_bind_int(rows, after_ms);
    while (db_row(rows))
        each(owner, db_int(rows, 0), db_text(rows, 1));
    db_end(rows);
    return db_ok(state->db, error);
}
