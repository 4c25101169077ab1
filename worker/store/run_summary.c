/* run_summary: what came out of a rerun, read from its rollups and chunks. */
#include <stdlib.h>
#include <string.h>
#include "schema/base/clock.h"
#include "worker/store/run_cells.h"
#include "worker/store/run_shards.h"
#include "worker/store/runs.h"

enum { PROBLEMS_TOLD = 100 };

static void add_count(json_t *counts, const char *name, int64_t more)
{
    json_int_t before = json_integer_value(json_object_get(counts, name));
    json_object_set_new(counts, name, json_integer(before + more));
}

/* Those that do not add up to records: under names of their own. */
static json_t *home_of(json_t *summary, const char *key)
{
    if (strcmp(key, RUN_MASKED) == 0)
        return summary;
    bool judge = strcmp(key, RUN_JUDGE_CALLS) == 0 || strcmp(key, RUN_REMEMBERED) == 0;
    return json_object_get(summary, judge ? "judge" : "counts");
}

static void read_outcomes(json_t *summary, struct db *db, const char *name)
{
    struct statement *rows =
        db_sql(db, "SELECT key, sum(value) FROM chunk JOIN run ON run.id = run,"
                   "json_each(outcomes) WHERE run.name = ? AND type = 'integer' GROUP BY key");
    db_bind_text(rows, str_of(name));
    while (db_row(rows)) {
        char *key = memory_copy_str(db_text(rows, 0));
        json_t *home = home_of(summary, key);
        bool calls = strcmp(key, RUN_JUDGE_CALLS) == 0;
        add_count(home, calls ? "calls" : key, db_int(rows, 1));
        free(key);
    }
    db_end(rows);
}

/* What models were asked for it was asked. */
static void take_outcomes(json_t *summary, struct db *db, const struct lost_chunk *lost)
{
    struct statement *rows =
        db_sql(db, "SELECT key, value FROM chunk, json_each(outcomes) WHERE run = ? AND source = ? "
                   "AND first = ? AND type = 'integer'");
    db_bind_int(rows, lost->run);
    db_bind_int(rows, lost->source);
    db_bind_int(rows, lost->first);
    while (db_row(rows)) {
        char *key = memory_copy_str(db_text(rows, 0));
        json_t *home = home_of(summary, key);
        if (home != json_object_get(summary, "judge"))
            add_count(home, key, -db_int(rows, 1));
        free(key);
    }
    db_end(rows);
}

static bool holds_text(const json_t *list, struct str text)
{
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one) if (str_is(text, json_string_value(one))) return true;
    return false;
}

/* Each once, however many chunks it is of. */
static void read_problems(json_t *summary, struct db *db, const char *name)
{
    json_t *list = json_object_get(summary, "problems");
    struct statement *rows = db_sql(
        db, "SELECT DISTINCT json_extract(outcomes, '$." RUN_PROBLEM "') FROM chunk JOIN run "
            "ON run.id = run WHERE run.name = ? AND outcomes LIKE '%\"" RUN_PROBLEM "\"%' "
            "ORDER BY 1");
    db_bind_text(rows, str_of(name));
    while (db_row(rows)) {
        struct str text = db_text(rows, 0);
        if (json_array_size(list) < PROBLEMS_TOLD && !holds_text(list, text))
            json_array_append_new(list, json_stringn(text.data, text.size));
    }
    db_end(rows);
}

/* What is done of the plan, and what is not. */
static void add_up(json_t *summary)
{
    const char *key;
    json_t *count;
    json_int_t done = 0;
    json_int_t planned = json_integer_value(json_object_get(summary, "planned"));
    json_object_foreach(json_object_get(summary, "counts"), key, count)
        done += json_integer_value(count);
    json_object_set_new(summary, "done", json_integer(done));
    json_object_set_new(summary, "left", json_integer(planned - done));
}

static json_t *time_json(int64_t ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    return json_string(text);
}

/* Its parts may be many: how many there are is told. */
static void add_description(json_t *summary, struct str text)
{
    json_t *description = json_loadb(text.data, text.size, 0, NULL);
    json_t *plan = json_object_get(description, "plan");
    json_t *window = json_object_get(plan, "window_ms");
    int64_t from_ms = json_integer_value(json_array_get(window, 0));
    int64_t to_ms = json_integer_value(json_array_get(window, 1));
    json_object_set(summary, "asked", json_object_get(description, "asked"));
    json_object_set(summary, "planned", json_object_get(plan, "planned"));
    json_object_set_new(summary, "problems", json_copy(json_object_get(plan, "problems")));
    json_object_set_new(summary, "parts",
                        json_integer((json_int_t)json_array_size(json_object_get(plan, "parts"))));
    if (from_ms >= 0)
        json_object_set_new(summary, "window", json_pack("{s:o, s:o}", "from", time_json(from_ms),
                                                         "to", time_json(to_ms)));
    json_decref(description);
}

static void read_run(json_t *summary, struct db *db, const char *name)
{
    struct statement *row = db_sql(db, "SELECT description, started_at_ms, ended_at_ms FROM run "
                                       "WHERE name = ? AND description NOT NULL");
    db_bind_text(row, str_of(name));
    /* Where many stores hold it, that of the one which planned it knows the parts. */
    if (db_row(row) && !json_integer_value(json_object_get(summary, "parts"))) {
        add_description(summary, db_text(row, 0));
        json_object_set_new(summary, "started_at", time_json(db_int(row, 1)));
        if (db_text(row, 2).data)
            json_object_set_new(summary, "ended_at", time_json(db_int(row, 2)));
    }
    db_end(row);
}

/* Workers of a fleet know of their own chunks only: it has ended when none is left. */
static void find_end(json_t *summary, const struct run_shards *shards, const char *name)
{
    const json_t *asked = json_object_get(summary, "asked");
    int64_t end_ms = 0;
    if (!json_is_string(json_object_get(asked, "to_topic")))
        return;
    for (size_t i = 0; i < shards->count; i++) {
        struct statement *row = db_sql(shards->db[i], "SELECT max(coalesce(ended_at_ms, 0)) FROM "
                                                      "run WHERE name = ?");
        db_bind_text(row, str_of(name));
        if (db_row(row) && db_int(row, 0) > end_ms)
            end_ms = db_int(row, 0);
        db_end(row);
    }
    bool over = end_ms && json_integer_value(json_object_get(summary, "left")) == 0;
    json_object_set_new(summary, "ended_at", over ? time_json(end_ms) : json_null());
}

static void read_shards(json_t *summary, const struct run_shards *shards, const char *name)
{
    struct lost_chunks lost = {0};
    struct run_cells cells = {0};
    for (size_t i = 0; i < shards->count; i++)
        read_run(summary, shards->db[i], name);
    for (size_t i = 0; i < shards->count; i++) {
        read_outcomes(summary, shards->db[i], name);
        read_problems(summary, shards->db[i], name);
        run_cells_read(&cells, shards->db[i], name);
    }
    bool masked = json_integer_value(json_object_get(summary, RUN_MASKED)) > 0;
    for (size_t i = 0; masked && i < shards->count; i++)
        run_cells_read_redacted(&cells, shards->db[i], name);
    lost_chunks_find(&lost, shards->db, shards->count, name);
    for (size_t i = 0; i < lost.count; i++) {
        struct db *db = shards->db[lost.items[i].shard];
        take_outcomes(summary, db, &lost.items[i]);
        run_cells_take(&cells, db, &lost.items[i], masked);
    }
    lost_chunks_clear(&lost);
    add_up(summary);
    json_object_set_new(summary, "criteria", run_cells_json(&cells));
    find_end(summary, shards, name);
}

json_t *run_summary(const char *const *dirs, size_t dir_count, const char *name,
                    struct error *error)
{
    struct run_shards shards;
    if (!run_shards_open(&shards, dirs, dir_count, name, error))
        return NULL;
    json_t *summary = json_pack(
        "{s:s, s:n, s:n, s:{}, s:n, s:i, s:i, s:[], s:{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i}, s:i, "
        "s:{s:i,s:i}}",
        "run", name, "started_at", "ended_at", "asked", "window", "parts", 0, "planned", 0,
        "problems", "counts", "scored", 0, "unmatched", 0, "invalid", 0, "no_text", 0, "duplicate",
        0, "filtered", 0, "no_record", 0, "unreadable", 0, RUN_MASKED, 0, "judge", "calls", 0,
        RUN_REMEMBERED, 0);
    read_shards(summary, &shards, name);
    if (run_shards_close(&shards, error))
        return summary;
    json_decref(summary);
    return NULL;
}
