/* db: SQLite, and nothing of it outside this file. */
#include "worker/store/db.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "schema/base/memory.h"

enum { STATEMENTS_MAX = 128, BUSY_MS = 5000, WAL_BYTES_KEPT = 64 << 20 };
enum { READER_CACHE_KB = 512 }; /* a report has many shards open, and reads each from end to end */

struct statement {
    struct db *db;
    const char *literal;
    sqlite3_stmt *handle;
    int bound; /* parameters so far */
};

struct db {
    sqlite3 *handle;
    char *path;
    struct statement statements[STATEMENTS_MAX];
    int count;
    int wal_pages;
    enum db_mode mode;
    struct error error; /* the first one since it was last asked for */
};

static void note(struct db *db, const char *doing)
{
    if (db->error.kind != ERROR_NONE)
        return;
    int code = sqlite3_errcode(db->handle) & 0xff;
    enum error_kind kind =
        code == SQLITE_BUSY || code == SQLITE_FULL ? ERROR_TRANSIENT : ERROR_FATAL;
    error_set(&db->error, kind, "%s: cannot %s: %s", db->path, doing, sqlite3_errmsg(db->handle));
}

static bool failed(const struct db *db)
{
    return db->error.kind != ERROR_NONE;
}

void db_run(struct db *db, const char *sql)
{
    if (!failed(db) && sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        note(db, "run a statement");
}

typedef void of_two_blobs(struct str a, struct str b, struct buffer *out);

static struct str blob_of(sqlite3_value *value)
{
    const void *data = sqlite3_value_blob(value);
    return (struct str){data ? data : "", (size_t)sqlite3_value_bytes(value)};
}

static void call_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    of_two_blobs *const *function = sqlite3_user_data(context);
    struct buffer out = {0};
    (*function)(blob_of(values[0]), blob_of(values[1]), &out);
    struct str result = buffer_str(&out);
    sqlite3_result_blob64(context, result.data, result.size, SQLITE_TRANSIENT);
    buffer_clear(&out);
}

void db_function(struct db *db, const char *name, of_two_blobs *function)
{
    of_two_blobs **kept = memory_new(1, sizeof *kept); /* no function fits into a void pointer */
    *kept = function;
    if (sqlite3_create_function_v2(db->handle, name, 2,
                                   SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, kept,
                                   call_function, NULL, NULL, free) != SQLITE_OK)
        note(db, "make a function");
}

static int count_wal_pages(void *owner, sqlite3 *handle, const char *name, int pages)
{
    (void)handle, (void)name;
    ((struct db *)owner)->wal_pages = pages;
    return SQLITE_OK;
}

static void harden(sqlite3 *handle)
{
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, (int *)NULL);
}

/* synchronous=FULL: a row is durable before its offset is committed to Kafka. */
static void configure_writer(struct db *db)
{
    sqlite3_wal_hook(db->handle, count_wal_pages, db);
    db_run(db, "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "PRAGMA wal_autocheckpoint=0; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
               "PRAGMA mmap_size=0; PRAGMA cell_size_check=1");
    char limit[64];
    snprintf(limit, sizeof limit, "PRAGMA journal_size_limit=%d", WAL_BYTES_KEPT);
    db_run(db, limit);
    sqlite3_wal_hook(db->handle, count_wal_pages, db); /* wal_autocheckpoint=0 takes it away */
}

/* SQLite's own waiting grows to 100 ms: one that writes again and again would starve the others. */
static int wait_for_others(void *owner, int tries)
{
    (void)owner;
    sqlite3_sleep(1);
    return tries < BUSY_MS;
}

/* synchronous=EXTRA: FULL, and the folder is synced too, so that a journal that was removed to
 * commit does not come back after a power failure. */
static void configure_shared(struct db *db)
{
    sqlite3_busy_handler(db->handle, wait_for_others, NULL);
    db_run(db, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; PRAGMA temp_store=MEMORY;"
               "PRAGMA mmap_size=0; PRAGMA cell_size_check=1");
}

static void configure_reader(struct db *db)
{
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    db_run(db, "PRAGMA query_only=1; PRAGMA mmap_size=0");
    char cache[64];
    snprintf(cache, sizeof cache, "PRAGMA cache_size=-%d", READER_CACHE_KB);
    db_run(db, cache);
}

/* secure_delete: what was taken out of a copy must not lie in its pages when it is served. */
static void configure_extract(struct db *db)
{
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    db_run(db, "PRAGMA journal_mode=OFF; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON");
}

static void configure(struct db *db)
{
    static void (*const configure_mode[])(struct db *) = {[DB_WRITER] = configure_writer,
                                                          [DB_SHARED] = configure_shared,
                                                          [DB_READER] = configure_reader,
                                                          [DB_EXTRACT] = configure_extract};
    harden(db->handle);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    configure_mode[db->mode](db);
}

struct db *db_open(const char *path, enum db_mode mode, struct error *error)
{
    struct db *db = memory_new(1, sizeof *db);
    db->path = memory_copy_string(path);
    db->mode = mode;
    static const int flags[] = {
        [DB_WRITER] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
        [DB_SHARED] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
        [DB_READER] = SQLITE_OPEN_READONLY,
        [DB_EXTRACT] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI,
    };
    const char *name = mode == DB_EXTRACT ? ":memory:" : path;
    if (sqlite3_open_v2(name, &db->handle, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        error_set(error, ERROR_FATAL, "%s: cannot open: %s", path,
                  db->handle ? sqlite3_errmsg(db->handle) : "out of memory");
        db_close(db);
        return NULL;
    }
    configure(db);
    if (!db_ok(db, error)) {
        db_close(db);
        return NULL;
    }
    return db;
}

struct db *db_open_image(const char *name, struct str bytes, struct error *error)
{
    struct db *db = db_open(name, DB_EXTRACT, error);
    unsigned char *copy = db ? sqlite3_malloc64(bytes.size) : NULL;
    if (copy)
        memcpy(copy, bytes.data, bytes.size);
    sqlite3_int64 size = (sqlite3_int64)bytes.size;
    if (copy && sqlite3_deserialize(db->handle, "main", copy, size, size,
                                    SQLITE_DESERIALIZE_FREEONCLOSE |
                                        SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK)
        return db;
    if (db)
        error_set(error, ERROR_FATAL, "%s: cannot open its copy", name);
    db_close(db);
    return NULL;
}

/* A path as the URI of a file that is only read. */
static void append_uri(struct buffer *uri, const char *path)
{
    buffer_append_str(uri, STR("file:"));
    for (; *path; path++)
        if (strchr("?#%", *path))
            buffer_printf(uri, "%%%02X", (unsigned)(unsigned char)*path);
        else
            buffer_append(uri, path, 1);
    buffer_append_str(uri, STR("?mode=ro"));
}

void db_attach(struct db *db, const char *path)
{
    struct buffer uri = {0};
    append_uri(&uri, path);
    struct statement *attach = db_sql(db, "ATTACH ? AS shard");
    db_bind_text(attach, buffer_str(&uri));
    db_do(attach);
    buffer_clear(&uri);
}

void db_serialize(struct db *db, struct buffer *out)
{
    sqlite3_int64 size = 0;
    unsigned char *bytes = failed(db) ? NULL : sqlite3_serialize(db->handle, "main", &size, 0);
    if (bytes)
        buffer_append(out, bytes, (size_t)size);
    else
        note(db, "copy it out");
    sqlite3_free(bytes);
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (int i = 0; i < db->count; i++)
        sqlite3_finalize(db->statements[i].handle);
    if (db->handle && db->mode == DB_WRITER)
        sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

struct statement *db_sql(struct db *db, const char *literal)
{
    int i = 0;
    while (i < db->count && db->statements[i].literal != literal)
        i++;
    struct statement *statement = &db->statements[i];
    if (i == db->count) {
        if (db->count == STATEMENTS_MAX)
            abort();
        *statement = (struct statement){.db = db, .literal = literal};
        if (sqlite3_prepare_v3(db->handle, literal, -1, SQLITE_PREPARE_PERSISTENT,
                               &statement->handle, NULL) != SQLITE_OK) {
            note(db, "prepare a statement");
            statement->handle = NULL;
        }
        db->count++;
    }
    statement->bound = 0;
    return statement;
}

static bool usable(struct statement *statement)
{
    statement->bound++;
    return statement->handle && !failed(statement->db);
}

void db_bind_int(struct statement *statement, int64_t value)
{
    if (usable(statement))
        sqlite3_bind_int64(statement->handle, statement->bound, value);
}

void db_bind_real(struct statement *statement, double value)
{
    if (isnan(value))
        db_bind_null(statement);
    else if (usable(statement))
        sqlite3_bind_double(statement->handle, statement->bound, value);
}

void db_bind_text(struct statement *statement, struct str text)
{
    if (usable(statement))
        sqlite3_bind_text64(statement->handle, statement->bound, text.data, text.size,
                            SQLITE_STATIC, SQLITE_UTF8);
}

void db_bind_blob(struct statement *statement, struct str bytes)
{
    if (usable(statement))
        sqlite3_bind_blob64(statement->handle, statement->bound, bytes.data, bytes.size,
                            SQLITE_STATIC);
}

void db_bind_null(struct statement *statement)
{
    if (usable(statement))
        sqlite3_bind_null(statement->handle, statement->bound);
}

bool db_row(struct statement *statement)
{
    if (!statement->handle || failed(statement->db))
        return false;
    int result = sqlite3_step(statement->handle);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE)
        note(statement->db, "run a statement");
    return false;
}

int64_t db_int(struct statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

double db_real(struct statement *statement, int column)
{
    return sqlite3_column_type(statement->handle, column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(statement->handle, column);
}

struct str db_text(struct statement *statement, int column)
{
    const void *data = sqlite3_column_blob(statement->handle, column);
    size_t size = (size_t)sqlite3_column_bytes(statement->handle, column);
    if (size == 0 && sqlite3_column_type(statement->handle, column) == SQLITE_NULL)
        return (struct str){0};
    return (struct str){size ? data : "", size};
}

void db_end(struct statement *statement)
{
    if (!statement->handle)
        return;
    sqlite3_reset(statement->handle);
    sqlite3_clear_bindings(statement->handle);
}

void db_do(struct statement *statement)
{
    db_row(statement);
    db_end(statement);
}

int64_t db_last_id(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

void db_begin(struct db *db)
{
    db_run(db, "BEGIN IMMEDIATE");
}

void db_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

bool db_commit(struct db *db, struct error *error)
{
    db_run(db, "COMMIT");
    if (failed(db)) {
        db_rollback(db);
        return db_ok(db, error);
    }
    return true;
}

bool db_ok(struct db *db, struct error *error)
{
    if (!failed(db))
        return true;
    error_set(error, db->error.kind, "%s", db->error.text);
    error_clear(&db->error);
    return false;
}

void db_checkpoint(struct db *db, int pages)
{
    if (db->wal_pages < pages)
        return;
    sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    db->wal_pages = 0;
}
