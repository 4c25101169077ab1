/* stores: the shards of one or many stores, each as of one moment, for all that reads them. */
#include "worker/report/reading/stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/report/reading/remote.h"
#include "worker/store/db.h"
#include "worker/store/extract.h"
#include "worker/store/migrate.h"
#include "worker/store/store.h"

enum { PATH_BYTES = 4096 };

static const int64_t HOUR_MS = 3600000;

/* Without the path, which the line begins with. */
static const char *reason_of(const char *path, const struct error *why)
{
    size_t size = strlen(path);
    bool leads = strncmp(why->text, path, size) == 0 && strncmp(why->text + size, ": ", 2) == 0;
    return why->text + (leads ? size + 2 : 0);
}

static bool leave_out(struct stores *stores, const char *path, const struct error *why)
{
    return problems_add(&stores->partial, path,
                        "cannot be read and is left out (%.200s): put a copy in its place, or move "
                        "it away",
                        reason_of(path, why));
}

static char *shard_name(struct db *db)
{
    struct statement *read = db_sql(db, "SELECT value FROM meta WHERE name = 'shard'");
    char *name = memory_copy_str(db_row(read) ? db_text(read, 0) : STR(""));
    db_end(read);
    return name;
}

static void read_tenures(struct stores *stores, size_t number)
{
    const struct open_shard *shard = &stores->shards[number];
    struct statement *rows =
        db_sql(shard->db,
               "SELECT topic || '/' || incarnation || '/' || partition, predecessor, number, start,"
               "acked_to, low_water, opened_at_ms, source.id FROM tenure "
               "JOIN source ON source.id = source WHERE run = 1");
    while (db_row(rows)) {
        stores->tenures =
            memory_resize(stores->tenures, stores->tenure_count + 1, sizeof *stores->tenures);
        stores->tenures[stores->tenure_count++] =
            (struct report_tenure){.source = memory_copy_str(db_text(rows, 0)),
                                   .shard = memory_copy_string(shard->name),
                                   .predecessor = memory_copy_str(db_text(rows, 1)),
                                   .number = db_int(rows, 2),
                                   .start = db_int(rows, 3),
                                   .acked_to = db_int(rows, 4),
                                   .low_water = db_int(rows, 5),
                                   .opened_at_ms = db_int(rows, 6),
                                   .shard_number = number,
                                   .source_id = db_int(rows, 7)};
    }
    db_end(rows);
}

static void read_segments(struct stores *stores, const struct open_shard *shard)
{
    struct statement *rows = db_sql(shard->db, "SELECT words FROM segment ORDER BY id");
    stores_segment(stores, "{}", 2);
    while (db_row(rows)) {
        struct str words = db_text(rows, 0);
        stores_segment(stores, words.data, words.size);
    }
    db_end(rows);
}

static void read_hours(struct stores *stores, const struct open_shard *shard)
{
    struct statement *read = db_sql(shard->db, "SELECT value FROM meta WHERE name = 'hours_to_ms'");
    if (db_row(read) && db_int(read, 0) > stores->hours_to_ms)
        stores->hours_to_ms = db_int(read, 0);
    db_end(read);
}

static void check_clock(struct stores *stores, const struct open_shard *shard)
{
    char until[CLOCK_TEXT_BYTES];
    int64_t ahead_ms = store_ahead_ms(shard->db);
    if (!ahead_ms)
        return;
    clock_format_rfc3339(ahead_ms, until);
    problems_add(&stores->partial, shard->path,
                 "holds scores of the future, until %s: a clock is ahead where requests are "
                 "captured, and they count in no window before their time",
                 until);
}

/* The number of the shard of this name; shard_count: there is none. */
static size_t find_shard(const struct stores *stores, const char *name)
{
    size_t i = 0;
    while (i < stores->shard_count && strcmp(stores->shards[i].name, name) != 0)
        i++;
    return i;
}

static void free_tenure(struct report_tenure *tenure)
{
    free(tenure->source);
    free(tenure->shard);
    free(tenure->predecessor);
}

static void forget_tenures(struct stores *stores, size_t number)
{
    size_t kept = 0;
    for (size_t i = 0; i < stores->tenure_count; i++)
        if (stores->tenures[i].shard_number == number)
            free_tenure(&stores->tenures[i]);
        else
            stores->tenures[kept++] = stores->tenures[i];
    stores->tenure_count = kept;
}

static void close_shard(struct open_shard *shard)
{
    db_close(shard->db);
    free(shard->name);
    free(shard->path);
}

/* Grows with all that a shard does: of two copies the one with more of it is the later one. */
static int64_t progress_of(const struct open_shard *shard)
{
    struct statement *read =
        db_sql(shard->db, "SELECT coalesce(sum(acked_to + low_water), 0) FROM tenure");
    int64_t progress = db_row(read) ? db_int(read, 0) : 0;
    db_end(read);
    return progress;
}

/* One of two copies of a shard counts: the one that got further, else the one that was first.
 * False: the other one stays. */
static bool replaces(struct stores *stores, const struct open_shard *shard, size_t number)
{
    struct open_shard *known = &stores->shards[number];
    bool further = progress_of(shard) > progress_of(known);
    const struct open_shard *left = further ? known : shard, *taken = further ? shard : known;
    problems_add(&stores->partial, left->path,
                 "is shard %s, which is read from %.400s: it counts once", shard->name,
                 taken->path);
    if (further) {
        forget_tenures(stores, number);
        close_shard(known);
    }
    return further;
}

/* False, and `partial` says why: the shard cannot be read. */
static bool may_be_read(struct stores *stores, const struct open_shard *shard)
{
    struct error why = {0};
    /* what another version wrote may mean something else, or stand elsewhere */
    int64_t version = schema_version(shard->db);
    if (!db_ok(shard->db, &why))
        return leave_out(stores, shard->path, &why);
    return version == STORE_SCHEMA_VERSION ||
           problems_add(&stores->partial, shard->path,
                        "was written by a newer assay (schema %lld, this one knows %d) and is left "
                        "out: ask with the newer one",
                        (long long)version, STORE_SCHEMA_VERSION);
}

/* Takes the open file over. */
static void add_shard(struct stores *stores, const char *path, struct db *db, bool counts_only)
{
    struct open_shard shard = {
        .path = memory_copy_string(path), .db = db, .counts_only = counts_only};
    db_run(shard.db, "BEGIN");
    shard.name = shard_name(shard.db);
    size_t number = may_be_read(stores, &shard) ? find_shard(stores, shard.name) : SIZE_MAX;
    if (number == SIZE_MAX ||
        (number < stores->shard_count && !replaces(stores, &shard, number))) {
        close_shard(&shard);
        return;
    }
    if (number == stores->shard_count)
        stores->shards =
            memory_resize(stores->shards, ++stores->shard_count, sizeof *stores->shards);
    stores->shards[number] = shard;
    read_tenures(stores, number);
    read_segments(stores, &shard);
    read_hours(stores, &shard);
    check_clock(stores, &shard);
    stores_check_shard(stores, &shard);
}

/* The range that is wanted, and the hours of its ends: what is old is kept by the hour, and the
 * windows may yet be widened to full ones. */
static void range_of(const struct stores *stores, int64_t *from_ms, int64_t *to_ms)
{
    *from_ms = stores->to_ms ? stores->from_ms - HOUR_MS : INT64_MIN;
    *to_ms = stores->to_ms ? stores->to_ms + HOUR_MS : INT64_MAX;
}

static bool is_older(struct db *db)
{
    int64_t version = schema_version(db);
    return version > 0 && version < STORE_SCHEMA_VERSION;
}

/* An older shard is read as a copy that was converted: a worker of this version that takes the file
 * up converts it for good. NULL and an error: it cannot be opened. */
static struct db *open_shard(const struct stores *stores, const char *path, bool *out_copy,
                             struct error *error)
{
    struct db *db = db_open(path, DB_READER, error);
    if (db && schema_version(db) == 0 && db_ok(db, error)) {
        db_close(db);
        error_set(error, ERROR_INPUT, "it is empty, or another program's");
        return NULL;
    }
    *out_copy = db && is_older(db);
    if (!*out_copy)
        return db;
    int64_t from_ms, to_ms;
    db_close(db);
    range_of(stores, &from_ms, &to_ms);
    return store_extract_open(path, from_ms, to_ms, error);
}

static void open_file(struct stores *stores, const char *path)
{
    bool copy;
    struct error why = {0};
    struct db *db = open_shard(stores, path, &copy, &why);
    if (db)
        add_shard(stores, path, db, copy);
    else
        leave_out(stores, path, &why);
}

static bool add_folder(struct stores *stores, const char *dir, struct error *error)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%.4000s/runs", dir);
    bool any = access(path, F_OK) == 0; /* one that holds chunks of a rerun may hold nothing else */
    for (int number = 1; number <= STORE_SHARDS_MAX; number++) {
        snprintf(path, sizeof path, "%.4000s/shard-%04d.db", dir, number);
        if (access(path, F_OK) != 0)
            continue;
        any = true;
        open_file(stores, path);
    }
    return any ||
           error_set(error, ERROR_INPUT,
                     "%.200s holds no shard (shard-NNNN.db): is it the store of a worker or of "
                     "assay eval --store?",
                     dir);
}

static void take_remote(void *owner, struct db *shard, const char *name)
{
    struct stores *stores = owner;
    struct error why = {0};
    if (!is_older(shard) || schema_migrate(shard, name, STORE_SCHEMA_VERSION, &why)) {
        add_shard(stores, name, shard, true);
        return;
    }
    problems_add(&stores->partial, name, "cannot be converted and is left out: %.200s", why.text);
    db_close(shard);
}

static void add_worker(struct stores *stores, const char *url)
{
    int64_t from_ms, to_ms;
    struct error why = {0};
    range_of(stores, &from_ms, &to_ms);
    if (!remote_each(url, from_ms, to_ms, take_remote, stores, &why))
        problems_add(&stores->partial, url, "could not be read to the end: %.300s", why.text);
}

bool stores_add(struct stores *stores, const char *store, struct error *error)
{
    if (!remote_is_url(store))
        return add_folder(stores, store, error);
    add_worker(stores, store);
    return true;
}

bool stores_align(const struct stores *stores, int64_t *at_ms, bool up)
{
    int64_t start_ms = *at_ms - *at_ms % HOUR_MS;
    if (*at_ms == start_ms || start_ms >= stores->hours_to_ms)
        return false;
    *at_ms = up ? start_ms + HOUR_MS : start_ms;
    return true;
}

size_t stores_with_rows(struct stores *stores, const char *what)
{
    size_t without = 0;
    for (size_t i = 0; i < stores->shard_count; i++)
        without += stores->shards[i].counts_only;
    if (without > 0)
        problems_add(&stores->partial, "",
                     "%zu of %zu shards give counts only (asked over HTTP, or written by an older "
                     "assay): %s of the others",
                     without, stores->shard_count, what);
    return stores->shard_count - without;
}

bool stores_need_rows(struct stores *stores, struct error *error)
{
    return stores_with_rows(stores, "samples are") > 0 ||
           error_set(error, ERROR_INPUT,
                     "samples are read one by one, and no shard gives them: workers that are asked "
                     "over HTTP serve counts only, and so does a shard of an older assay until a "
                     "worker of this version takes it up; name folders of such shards");
}

void stores_check(struct stores *stores)
{
    for (size_t i = 0; i < stores->shard_count; i++)
        stores_check_shard(stores, &stores->shards[i]);
}

static bool is_told(const struct stores *stores, const char *path, const char *what)
{
    for (size_t i = 0; i < stores->partial.count; i++)
        if (strncmp(stores->partial.lines[i], path, strlen(path)) == 0 &&
            strstr(stores->partial.lines[i], what))
            return true;
    return false;
}

void stores_check_shard(struct stores *stores, const struct open_shard *shard)
{
    static const char what[] = "is damaged and was read in part";
    struct error why = {0};
    if (!db_ok(shard->db, &why) && !is_told(stores, shard->path, what))
        problems_add(&stores->partial, shard->path,
                     "%s (%.200s): put a copy in its place, or move it away", what,
                     reason_of(shard->path, &why));
}

bool stores_span(const struct stores *stores, struct time_range *out)
{
    *out = (struct time_range){INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < stores->shard_count; i++) {
        struct statement *read =
            db_sql(stores->shards[i].db,
                   "SELECT min(f), max(t) FROM (SELECT min(bucket_ms) AS f, max(bucket_ms) + 300000 "
                   "AS t FROM rollup WHERE run = 1 UNION ALL SELECT min(bucket_ms), max(bucket_ms) "
                   "+ 3600000 FROM rollup_hour WHERE run = 1) HAVING min(f) IS NOT NULL");
        if (db_row(read)) {
            out->from_ms = db_int(read, 0) < out->from_ms ? db_int(read, 0) : out->from_ms;
            out->to_ms = db_int(read, 1) > out->to_ms ? db_int(read, 1) : out->to_ms;
        }
        db_end(read);
    }
    return out->from_ms < out->to_ms;
}

size_t stores_segment(struct stores *stores, const char *words, size_t size)
{
    for (size_t i = 0; i < stores->segment_count; i++)
        if (strlen(stores->segments[i]) == size && memcmp(stores->segments[i], words, size) == 0)
            return i;
    stores->segments =
        memory_resize(stores->segments, stores->segment_count + 1, sizeof *stores->segments);
    stores->segments[stores->segment_count] = memory_copy_str((struct str){words, size});
    return stores->segment_count++;
}

static void free_series(struct cell_series *series)
{
    free(series->model);
    free(series->rubric);
    free(series->criterion);
    free(series->dimension);
    free(series->hash);
    free(series);
}

void stores_close(struct stores *stores)
{
    for (size_t i = 0; i < stores->shard_count; i++)
        close_shard(&stores->shards[i]);
    for (size_t i = 0; i < stores->tenure_count; i++)
        free_tenure(&stores->tenures[i]);
    for (size_t i = 0; i < stores->series_count; i++)
        free_series(stores->series[i]);
    for (size_t i = 0; i < stores->segment_count; i++)
        free(stores->segments[i]);
    free(stores->shards);
    free(stores->tenures);
    free(stores->tails);
    score_fixes_clear(&stores->fixes);
    free(stores->series);
    free(stores->segments);
    problems_clear(&stores->partial);
    *stores = (struct stores){0};
}
