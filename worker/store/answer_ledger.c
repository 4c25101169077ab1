/* answer_ledger: the file in which reruns remember answers, and the shards of live beside it. */
#include "worker/store/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "schema/base/memory.h"
#include "worker/store/answers_inside.h"

enum { PATH_BYTES = 4096, ANSWERS_SINCE = 11 /* schema version */ };

/* As in schema/migrations/011_reruns.sql. The file has no migrations: a new form, a new name. */
static const char FILE_NAME[] = "answers.sqlite";
static const char TABLE[] =
    "CREATE TABLE IF NOT EXISTS answer("
    "id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, answer TEXT NOT NULL, nonce TEXT NOT NULL,"
    "input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, finish_reason TEXT,"
    "recorded_at_ms INTEGER NOT NULL) STRICT";

struct answers {
    struct store_config config;
    struct db *ledger;
    struct db **shards; /* of live, those that hold answers; read-only */
    size_t shard_count;
    bool writing; /* a transaction is open */
};

static int64_t one_number(struct db *db, struct statement *query)
{
    int64_t number = db_row(query) ? db_int(query, 0) : 0;
    struct error ignored = {0};
    db_end(query);
    return db_ok(db, &ignored) ? number : 0;
}

/* What cannot be read holds no answers: the model is asked again. */
static void open_shard(struct answers *answers, const char *path)
{
    struct error error = {0};
    struct db *db = db_open(path, DB_READER, &error);
    if (!db)
        return;
    if (one_number(db, db_sql(db, "PRAGMA user_version")) < ANSWERS_SINCE ||
        !one_number(db, db_sql(db, "SELECT count(*) FROM (SELECT 1 FROM answer LIMIT 1)"))) {
        db_close(db);
        return;
    }
    answers->shards = memory_resize(answers->shards, answers->shard_count + 1, sizeof db);
    answers->shards[answers->shard_count++] = db;
}

static bool open_ledger(struct answers *answers, struct error *error)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", answers->config.dir, FILE_NAME);
    answers->ledger = db_open(path, DB_SHARED, error);
    if (!answers->ledger)
        return false;
    db_begin(answers->ledger);
    db_run(answers->ledger, TABLE);
    return db_commit(answers->ledger, error);
}

struct answers *answers_open(const struct store_config *config, struct error *error)
{
    struct answers *answers = memory_new(1, sizeof *answers);
    answers->config = *config;
    if (!shard_make_folder(config->dir, error) || !open_ledger(answers, error)) {
        answers_close(answers);
        return NULL;
    }
    for (int number = 1; number <= STORE_SHARDS_MAX; number++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s/shard-%04d.db", config->dir, number);
        if (access(path, R_OK) == 0)
            open_shard(answers, path);
    }
    return answers;
}

void answers_close(struct answers *answers)
{
    if (!answers)
        return;
    for (size_t i = 0; i < answers->shard_count; i++)
        db_close(answers->shards[i]);
    free(answers->shards);
    db_close(answers->ledger);
    free(answers);
}

static bool find_in(struct db *db, const uint8_t key[SHA256_BYTES], struct question *question,
                    struct arena *arena)
{
    struct error ignored = {0};
    struct statement *read = db_sql(db, "SELECT answer, nonce, input_tokens, output_tokens,"
                                        "finish_reason FROM answer WHERE key = ?");
    db_bind_blob(read, (struct str){(const char *)key, SHA256_BYTES});
    bool found = db_row(read);
    if (found) {
        struct str answer = db_text(read, 0), finish = db_text(read, 4);
        question->status = ANSWER_RECEIVED;
        question->remembered = true;
        question->answer = (struct str){arena_copy(arena, answer), answer.size};
        snprintf(question->nonce, sizeof question->nonce, "%.*s", STR_ARGS(db_text(read, 1)));
        question->input_tokens = db_int(read, 2);
        question->output_tokens = db_int(read, 3);
        question->finish_reason = finish.data ? arena_copy(arena, finish) : NULL;
    }
    db_end(read);
    return db_ok(db, &ignored) && found;
}

bool answers_find(struct answers *answers, const uint8_t key[SHA256_BYTES],
                  struct question *question, struct arena *arena)
{
    if (find_in(answers->ledger, key, question, arena))
        return true;
    for (size_t i = 0; i < answers->shard_count; i++)
        if (find_in(answers->shards[i], key, question, arena))
            return true;
    return false;
}

void answers_keep(struct answers *answers, const uint8_t key[SHA256_BYTES],
                  const struct question *question)
{
    if (!answer_may_be_kept(&answers->config, question->answer))
        return;
    if (!answers->writing)
        db_begin(answers->ledger);
    answers->writing = true;
    answer_insert(answers->ledger, key, question);
}

bool answers_commit(struct answers *answers, struct error *error)
{
    if (!answers->writing)
        return true;
    answers->writing = false;
    return db_commit(answers->ledger, error);
}
