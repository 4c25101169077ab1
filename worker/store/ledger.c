/* ledger: what was reserved of a day's judge calls and tokens, by all processes of a store. */
#include "worker/store/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/store/db.h"
#include "worker/store/shard.h"

enum { PATH_BYTES = 4096 };

/* Not *.db: those are shards. To change the table, see schema/migrations/001_first.sql: this file
 * has no migrations, a new form of it gets a new name. */
static const char FILE_NAME[] = "budget.sqlite";
static const char TABLE[] = "CREATE TABLE IF NOT EXISTS reserved("
                            "day INTEGER PRIMARY KEY, " /* days since 1970 UTC */
                            "calls INTEGER NOT NULL, tokens INTEGER NOT NULL) STRICT";

struct ledger {
    struct db *db;
};

static bool make_table(struct ledger *ledger, struct error *error)
{
    db_begin(ledger->db);
    db_run(ledger->db, TABLE);
    return db_commit(ledger->db, error);
}

struct ledger *ledger_open(const char *dir, struct error *error)
{
    char path[PATH_BYTES] = ":memory:";
    if (dir && !shard_make_folder(dir, error))
        return NULL;
    if (dir)
        snprintf(path, sizeof path, "%s/%s", dir, FILE_NAME);
    struct ledger *ledger = memory_new(1, sizeof *ledger);
    ledger->db = db_open(path, DB_SHARED, error);
    if (ledger->db && make_table(ledger, error))
        return ledger;
    ledger_close(ledger);
    return NULL;
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    db_close(ledger->db);
    free(ledger);
}

bool ledger_begin(struct ledger *ledger, int64_t day, int64_t out_reserved[LEDGER_UNITS],
                  struct error *error)
{
    db_begin(ledger->db);
    struct statement *read =
        db_sql(ledger->db, "SELECT calls, tokens FROM reserved WHERE day = ?");
    db_bind_int(read, day);
    bool any = db_row(read);
    for (int unit = 0; unit < LEDGER_UNITS; unit++)
        out_reserved[unit] = any ? db_int(read, unit) : 0;
    db_end(read);
    if (db_ok(ledger->db, error))
        return true;
    db_rollback(ledger->db);
    return false;
}

bool ledger_commit(struct ledger *ledger, int64_t day, const int64_t amounts[LEDGER_UNITS],
                   struct error *error)
{
    struct statement *add =
        db_sql(ledger->db, "INSERT INTO reserved VALUES(?, ?, ?) ON CONFLICT(day) DO UPDATE SET "
                           "calls = calls + excluded.calls, tokens = tokens + excluded.tokens");
    if (amounts[LEDGER_CALLS] == 0 && amounts[LEDGER_TOKENS] == 0) {
        db_rollback(ledger->db);
        return true;
    }
    db_bind_int(add, day);
    for (int unit = 0; unit < LEDGER_UNITS; unit++)
        db_bind_int(add, amounts[unit]);
    db_do(add);
    return db_commit(ledger->db, error);
}
