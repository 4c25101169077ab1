/* side: what is compared with what: a model, a run, an endpoint, a component. */
#include "worker/report/compare/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/base/memory.h"
#include "worker/store/db.h"

enum { PATH_BYTES = 4096, RUN_NAME_MAX = 64 };

/* The keys, and where their values go. */
static const struct {
    const char *key;
    size_t offset;
} KEYS[] = {{"run", offsetof(struct side, run)},
            {"model", offsetof(struct side, model)},
            {"endpoint", offsetof(struct side, endpoint)},
            {"component", offsetof(struct side, component)}};

enum { KEYS_COUNT = sizeof KEYS / sizeof *KEYS };

static char **member_of(struct side *side, size_t key)
{
    return (char **)(void *)((char *)side + KEYS[key].offset);
}

/* The key in front of a colon; KEYS_COUNT when there is none of these. */
static size_t key_of(const char *text, size_t *out_size)
{
    *out_size = strcspn(text, ":,");
    for (size_t i = 0; i < KEYS_COUNT; i++)
        if (text[*out_size] == ':' && strlen(KEYS[i].key) == *out_size &&
            strncmp(KEYS[i].key, text, *out_size) == 0)
            return i;
    return KEYS_COUNT;
}

/* ---- plain names ---- */

static bool has_row(struct statement *query, const char *name)
{
    db_bind_text(query, str_of(name));
    bool found = db_row(query);
    db_end(query);
    return found;
}

static bool is_run(const struct stores *stores, const char *name)
{
    for (size_t i = 0; i < stores->shard_count; i++)
        if (has_row(db_sql(stores->shards[i].db, "SELECT 1 FROM run WHERE name = ?"), name))
            return true;
    return false;
}

static bool is_rerun(const struct stores *stores, const char *name)
{
    for (size_t i = 0; name && i < stores->shard_count; i++)
        if (has_row(db_sql(stores->shards[i].db,
                           "SELECT 1 FROM run WHERE description IS NOT NULL AND name = ?"),
                    name))
            return true;
    return false;
}

static bool is_model(const struct stores *stores, const char *name)
{
    for (size_t i = 0; i < stores->shard_count; i++)
        if (has_row(db_sql(stores->shards[i].db, "SELECT 1 FROM rollup WHERE model = "
                                                 "(SELECT id FROM word WHERE text = ?) LIMIT 1"),
                    name))
            return true;
    return false;
}

/* "a, b, c": runs and models that there are, a few of them. */
static void list_names(const struct stores *stores, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < stores->shard_count && i < 1; i++) {
        struct statement *rows =
            db_sql(stores->shards[i].db,
                   "SELECT 'run:' || name FROM run UNION ALL SELECT 'model:' || text FROM word "
                   "WHERE id IN (SELECT DISTINCT model FROM rollup) LIMIT 8");
        while (used < size && db_row(rows))
            used += (size_t)snprintf(out + used, size - used, "%s%.60s", used ? ", " : "",
                                     db_text(rows, 0).data);
        db_end(rows);
    }
}

static bool resolve(struct side *side, const char *name, const struct stores *stores,
                    struct error *error)
{
    bool run = is_run(stores, name), model = is_model(stores, name);
    char known[ERROR_TEXT_MAX / 2] = "";
    if (run && model)
        return error_set(error, ERROR_INPUT,
                         "\"%.80s\" is a run and a model: say run:%.80s or model:%.80s", name, name,
                         name);
    if (!run && !model) {
        list_names(stores, known, sizeof known);
        return error_set(error, ERROR_INPUT,
                         "\"%.80s\" is no run and no model of these stores; there are %s, and "
                         "reruns (assay runs list)",
                         name, known);
    }
    *(run ? &side->run : &side->model) = memory_copy_string(name);
    side->rerun = is_rerun(stores, side->run);
    return true;
}

/* ---- the whole text ---- */

bool side_parse(struct side *side, const char *text, const struct stores *stores,
                struct error *error)
{
    *side = (struct side){0};
    size_t size;
    if (key_of(text, &size) == KEYS_COUNT)
        return resolve(side, text, stores, error);
    for (const char *at = text;;) {
        size_t key = key_of(at, &size);
        size_t value = key < KEYS_COUNT ? strcspn(at + size + 1, ",") : 0;
        if (value == 0 || *member_of(side, key))
            return error_set(error, ERROR_INPUT,
                             "\"%.120s\" is no side of a comparison: give a run or a model, or "
                             "run:, model:, endpoint: and component: with a name each, once, and "
                             "commas between",
                             text);
        *member_of(side, key) = memory_copy_str((struct str){at + size + 1, value});
        at += size + 1 + value;
        if (*at == 0)
            break;
        at++;
    }
    if (side->run && !is_run(stores, side->run))
        return error_set(error, ERROR_INPUT, "there is no run \"%.80s\" in these stores",
                         side->run);
    side->rerun = is_rerun(stores, side->run);
    return true;
}

void side_clear(struct side *side)
{
    for (size_t i = 0; i < KEYS_COUNT; i++)
        free(*member_of(side, i));
    *side = (struct side){0};
}

static bool fits(const char *wanted, struct str text)
{
    return !wanted || str_is(text, wanted);
}

bool side_holds(const struct side *side, const struct sample_row *row)
{
    return fits(side->model, row->model) && fits(side->endpoint, row->endpoint) &&
           fits(side->component, row->component);
}

static bool differ(const char *a, const char *b)
{
    return a && b && strcmp(a, b) != 0;
}

bool sides_apart(const struct side *a, const struct side *b)
{
    return strcmp(a->run ? a->run : "live", b->run ? b->run : "live") != 0 ||
           differ(a->model, b->model) || differ(a->endpoint, b->endpoint) ||
           differ(a->component, b->component);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool sides_same_answers(const struct side *a, const struct side *b)
{
    return (a->rerun || b->rerun) && same(a->model, b->model) && same(a->endpoint, b->endpoint) &&
           same(a->component, b->component);
}

/* ---- runs in folders of their own ---- */

/* What the text may name as a run: after "run:", or all of it. A name is no path. */
static struct str run_in(const char *text)
{
    const char *at = strstr(text, "run:");
    bool keyed = at == text || (at && at[-1] == ',');
    at = keyed ? at + strlen("run:") : text;
    struct str name = {at, strcspn(at, ",")};
    bool path = memchr(name.data, '/', name.size) || (name.size > 0 && name.data[0] == '.');
    return path || name.size > RUN_NAME_MAX ? STR("") : name;
}

bool side_open_run(const char *text, const char *dir, struct stores *stores, struct error *error)
{
    char path[PATH_BYTES];
    struct str name = run_in(text);
    snprintf(path, sizeof path, "%.4000s/runs/%.*s", dir, STR_ARGS(name));
    if (name.size == 0 || access(path, F_OK) != 0)
        return true;
    return stores_add(stores, path, error);
}
