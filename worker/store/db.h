/* db: SQLite, and nothing of it outside db.c. Errors stick: after the first one every call does
 * nothing, and whoever ends the transaction learns of it. */
#ifndef ASSAY_DB_H
#define ASSAY_DB_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/base/buffer.h"
#include "schema/base/error.h"
#include "schema/base/str.h"

struct db;        /* one connection, one thread */
struct statement; /* owned by its db */

enum db_mode {
    DB_WRITER, /* the only writer and the only checkpointer of the file (SQLite 3.40's WAL reset
                  bug needs two); made when it is not there */
    DB_SHARED, /* one of several writers, so without a WAL; made when it is not there */
    DB_READER, /* read-only, never checkpoints */
    DB_EXTRACT, /* in memory, to put together what db_attach reads; `path` is only its name */
};

struct db *db_open(const char *path, enum db_mode mode, struct error *error);
/* A writer checkpoints. NULL is fine. */
void db_close(struct db *db);

/* DB_EXTRACT of a copy of the bytes of a file, `name` in messages. */
struct db *db_open_image(const char *name, struct str bytes, struct error *error);
/* Of DB_EXTRACT: reads the file too, read-only, as schema `shard`. */
void db_attach(struct db *db, const char *path);
/* Of DB_EXTRACT: appends the whole of it, as a file would hold it. */
void db_serialize(struct db *db, struct buffer *out);

/* Runs statements without parameters or rows. */
void db_run(struct db *db, const char *sql);
/* Makes name(a, b) of two blobs known to statements that are prepared from now on; `name` and the
 * function live as long as the db. The function appends its result. */
void db_function(struct db *db, const char *name,
                 void (*function)(struct str a, struct str b, struct buffer *out));
/* The prepared statement of this literal, ready for its first parameter. Prepared once: the
 * address of the literal is the key. Finish with db_do, or db_end after reading rows, before using
 * the same one again. */
struct statement *db_sql(struct db *db, const char *literal);

/* Bind the next parameter. Texts are borrowed until db_do or db_end. */
void db_bind_int(struct statement *statement, int64_t value);
void db_bind_real(struct statement *statement, double value); /* NaN binds NULL */
void db_bind_text(struct statement *statement, struct str text); /* absent binds NULL */
void db_bind_blob(struct statement *statement, struct str bytes);
void db_bind_null(struct statement *statement);

/* True with the next row; false at the end or after an error. */
bool db_row(struct statement *statement);
int64_t db_int(struct statement *statement, int column);
double db_real(struct statement *statement, int column);
/* Borrowed until the next db_row or db_end; absent when NULL. */
struct str db_text(struct statement *statement, int column);
/* Leaves a statement whose rows were read. */
void db_end(struct statement *statement);
/* Runs a statement without rows and leaves it. */
void db_do(struct statement *statement);

int64_t db_last_id(const struct db *db);

void db_begin(struct db *db); /* BEGIN IMMEDIATE */
/* False and `error` (FATAL) when anything since db_begin failed: then nothing of it is stored. */
bool db_commit(struct db *db, struct error *error);
void db_rollback(struct db *db);
/* Whether an error stuck outside a transaction; clears it. */
bool db_ok(struct db *db, struct error *error);

/* Moves the WAL into the file when it has grown past `pages`. */
void db_checkpoint(struct db *db, int pages);

#endif
