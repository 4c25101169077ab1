/* resample_groups: groups of responses that lie in several shards, put together. */
#include "worker/report/reading/resample_groups.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/memory.h"
#include "worker/report/reading/resample_group.h"
#include "worker/store/db.h"

/* Walks through the fingerprints of one criterion of a shard, group by group. */
struct cursor {
    size_t shard;
    int64_t criterion;
    struct statement *rows;
    bool more;
    int64_t group;
};

struct joining {
    struct resample_group group; /* the one at hand */
    struct cursor *cursors;
    size_t cursor_count;
};

/* ---- all groups of a criterion ---- */

static void go_on(struct cursor *cursor)
{
    cursor->more = db_row(cursor->rows);
    cursor->group = cursor->more ? db_int(cursor->rows, 0) : 0;
}

static void open_cursor(struct joining *joining, size_t shard, int64_t criterion)
{
    struct cursor *cursor = &joining->cursors[joining->cursor_count++];
    *cursor = (struct cursor){
        .shard = shard,
        .criterion = criterion,
        .rows = db_sql(joining->group.stores->shards[shard].db,
                       "SELECT grp, member, source, off, expected, units FROM fingerprint WHERE "
                       "run = 1 AND criterion = ? ORDER BY grp, position")};
    db_bind_int(cursor->rows, criterion);
    go_on(cursor);
}

/* The next group, and how many shards hold some of it; 0: there is none. */
static size_t next_group(const struct joining *joining, int64_t *out_group)
{
    size_t holders = 0;
    for (size_t i = 0; i < joining->cursor_count; i++) {
        const struct cursor *cursor = &joining->cursors[i];
        if (!cursor->more || (holders > 0 && cursor->group > *out_group))
            continue;
        holders = holders > 0 && cursor->group == *out_group ? holders + 1 : 1;
        *out_group = cursor->group;
    }
    return holders;
}

static void take_response(struct joining *joining, const struct cursor *cursor)
{
    const struct response response = {.row = {.shard = cursor->shard,
                                              .criterion = cursor->criterion,
                                              .source = db_int(cursor->rows, 2),
                                              .offset = db_int(cursor->rows, 3)},
                                      .number = db_int(cursor->rows, 1),
                                      .expected = (size_t)db_int(cursor->rows, 4)};
    resample_group_add(&joining->group, &response, db_text(cursor->rows, 5));
}

static void join_groups(struct joining *joining)
{
    int64_t group = 0;
    size_t holders;
    while ((holders = next_group(joining, &group)) > 0) {
        joining->group.count = 0;
        arena_reset(&joining->group.arena);
        for (size_t i = 0; i < joining->cursor_count; i++)
            for (struct cursor *cursor = &joining->cursors[i];
                 cursor->more && cursor->group == group; go_on(cursor))
                if (holders > 1)
                    take_response(joining, cursor);
        if (holders > 1)
            resample_group_settle(&joining->group);
    }
}

/* ---- rubrics ---- */

static bool compares_here(struct db *db, int64_t criterion)
{
    struct statement *read = db_sql(
        db, "SELECT 1 FROM fingerprint WHERE run = 1 AND criterion = ? LIMIT 1");
    db_bind_int(read, criterion);
    bool found = db_row(read);
    db_end(read);
    return found;
}

static struct rubric *load_rubric(const struct joining *joining, size_t shard, const char *hash,
                                  struct problems *problems)
{
    struct statement *read = db_sql(joining->group.stores->shards[shard].db,
                                    "SELECT document FROM rubric WHERE hash = ?");
    db_bind_text(read, str_of(hash));
    struct str text = db_row(read) ? db_text(read, 0) : STR("");
    json_t *document = json_loadb(text.data, text.size, 0, NULL);
    db_end(read);
    if (document)
        return rubric_load_document(document, ".", NULL, problems);
    problems_add(problems, "", "its text is damaged");
    return NULL;
}

/* Where the criterion of this name and rubric compares responses. */
static void open_cursors(struct joining *joining, const struct shard_criterion *like)
{
    for (size_t s = 0; s < joining->group.stores->shard_count; s++) {
        const struct shard_names *names = &joining->group.names[s];
        for (size_t i = 0; i < names->criterion_count; i++)
            if (strcmp(names->criteria[i].rubric_hash, like->rubric_hash) == 0 &&
                strcmp(names->criteria[i].name, like->name) == 0 &&
                compares_here(joining->group.stores->shards[s].db, names->criteria[i].id))
                open_cursor(joining, s, names->criteria[i].id);
    }
}

static void close_cursors(struct joining *joining)
{
    for (size_t i = 0; i < joining->cursor_count; i++)
        db_end(joining->cursors[i].rows);
    joining->cursor_count = 0;
}

/* False: the rubric cannot be applied, and `partial` says so. */
static bool need_rubric(struct joining *joining, size_t shard, const struct shard_criterion *of)
{
    struct problems problems = {0};
    if (!joining->group.rubric)
        joining->group.rubric = load_rubric(joining, shard, of->rubric_hash, &problems);
    if (!joining->group.rubric)
        problems_add(&joining->group.stores->partial, "",
                     "responses of one group that lie in several shards are not put together: "
                     "rubric %.64s cannot be applied here: %.200s",
                     of->rubric, problems.count ? problems.lines[0] : "");
    problems_clear(&problems);
    return joining->group.rubric != NULL;
}

/* All criteria of the rubric that a criterion of this shard is of. */
static void join_rubric(struct joining *joining, size_t shard, const char *hash)
{
    const struct shard_names *names = &joining->group.names[shard];
    size_t first = joining->group.stores->fixes.count;
    bool fine = true;
    for (size_t i = 0; fine && i < names->criterion_count; i++) {
        const struct shard_criterion *one = &names->criteria[i];
        if (strcmp(one->rubric_hash, hash) != 0)
            continue;
        open_cursors(joining, one);
        if (joining->cursor_count > 1 && (fine = need_rubric(joining, shard, one))) {
            const struct rubric *rubric = joining->group.rubric;
            size_t place = resample_group_place(rubric, one->name);
            joining->group.criterion = &rubric->criteria[place];
            if (place < rubric->criterion_count && joining->group.criterion->evaluator->compare)
                join_groups(joining);
        }
        close_cursors(joining);
    }
    if (joining->group.rubric)
        resample_group_composites(&joining->group, hash, first);
    rubric_free(joining->group.rubric);
    joining->group.rubric = NULL;
}

/* Is it the first criterion of its rubric, of all shards? */
static bool opens_rubric(const struct joining *joining, size_t shard, size_t place)
{
    const char *hash = joining->group.names[shard].criteria[place].rubric_hash;
    for (size_t s = 0; s <= shard; s++) {
        const struct shard_names *names = &joining->group.names[s];
        for (size_t i = 0; i < (s == shard ? place : names->criterion_count); i++)
            if (strcmp(names->criteria[i].rubric_hash, hash) == 0)
                return false;
    }
    return true;
}

void resample_groups_join(struct stores *stores)
{
    size_t count = stores->shard_count;
    if (count < 2)
        return;
    struct joining *joining = memory_new(1, sizeof *joining);
    joining->group.stores = stores;
    joining->group.names = memory_new(count, sizeof *joining->group.names);
    joining->cursors = memory_new(count, sizeof *joining->cursors);
    for (size_t s = 0; s < count; s++)
        shard_names_read(&joining->group.names[s], stores->shards[s].db);
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; i < joining->group.names[s].criterion_count; i++)
            if (opens_rubric(joining, s, i))
                join_rubric(joining, s, joining->group.names[s].criteria[i].rubric_hash);
    score_fixes_sort(&stores->fixes);
    for (size_t s = 0; s < count; s++)
        shard_names_clear(&joining->group.names[s]);
    free(joining->group.names);
    free(joining->cursors);
    arena_clear(&joining->group.arena);
    free(joining);
}
