/* resample_group: one group of responses, in all shards that hold some of it. */
#include "worker/report/reading/resample_group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rubrics/composite.h"
#include "schema/base/memory.h"
#include "worker/report/reading/sample_groups.h"
#include "worker/stats/sampling.h"
#include "worker/store/db.h"

/* ---- rows ---- */

static struct counted_score read_score(struct db *db, const struct score_fix *row)
{
    struct counted_score score = {ROW_ERROR, NAN, -1};
    struct statement *read =
        db_sql(db, "SELECT status, value, passed, reason FROM score WHERE run = 1 AND "
                   "source = ? AND off = ? AND criterion = ?");
    db_bind_int(read, row->source);
    db_bind_int(read, row->offset);
    db_bind_int(read, row->criterion);
    if (db_row(read))
        score = (struct counted_score){row_status_of(db_text(read, 0), db_text(read, 3)),
                                       db_real(read, 1),
                                       isnan(db_real(read, 2)) ? -1 : db_int(read, 2) != 0};
    db_end(read);
    return score;
}

/* False: the delivery does not count, another shard's does. */
static bool read_delivery(const struct resample_group *group, struct score_fix *row)
{
    double share = shard_names_criterion(&group->names[row->shard], row->criterion)->share;
    const struct stores *stores = group->stores;
    struct db *db = stores->shards[row->shard].db;
    struct statement *read =
        db_sql(db, "SELECT observed_at_ms, coalesce(model, 0), segment, probability,"
                   "EXISTS (SELECT 1 FROM tenure t WHERE t.source = d.source AND t.run = d.run AND "
                   "d.off >= t.start AND d.off < t.acked_to) FROM delivery d WHERE run = 1 AND "
                   "source = ? AND off = ? AND state = 'scored'");
    db_bind_int(read, row->source);
    db_bind_int(read, row->offset);
    bool counts = db_row(read) &&
                  (db_int(read, 4) || stores_in_tail(stores, row->shard, row->source, row->offset));
    if (counts) {
        row->at_ms = db_int(read, 0);
        row->model = db_int(read, 1);
        row->segment = db_int(read, 2);
        row->probability = db_real(read, 3);
        row->threshold = sampling_threshold(row->probability * share);
    }
    db_end(read);
    if (counts)
        row->was = read_score(db, row);
    return counts;
}

void resample_group_add(struct resample_group *group, const struct response *response,
                        struct str units)
{
    struct response *out = &group->responses[group->count];
    if (group->count == RESPONSES_MAX)
        return;
    *out = *response;
    out->from = shard_names_source(&group->names[out->row.shard], out->row.source);
    if (!out->from || !read_delivery(group, &out->row))
        return;
    out->fingerprint = store_fingerprint(units, &group->arena);
    group->count++;
}

/* ---- one group ---- */

/* As a worker meets them: a producer that keys by group puts a group into one partition. */
static int by_place(const void *left, const void *right)
{
    const struct response *a = left, *b = right;
    int order = sample_groups_order(a->from, a->row.offset, b->from, b->row.offset);
    return order ? order : (a->row.shard > b->row.shard) - (a->row.shard < b->row.shard);
}

/* The first `count` responses in order of their numbers, as a shard hands them to the evaluator. */
static int by_number(const void *left, const void *right)
{
    uint64_t a = (uint64_t)((const struct response *)left)->number;
    uint64_t b = (uint64_t)((const struct response *)right)->number;
    return (a > b) - (a < b);
}

static bool is_first_of_its_number(const struct resample_group *group, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (group->responses[i].number == group->responses[at].number)
            return false;
    return true;
}

static size_t expected_of(const struct resample_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->responses[i].expected)
            return group->responses[i].expected;
    return 0;
}

static struct counted_score compare(struct resample_group *group, const struct response *chosen,
                                    size_t count, struct score *out)
{
    struct response *sorted = arena_new(&group->arena, count, sizeof *sorted);
    struct fingerprint *all = arena_new(&group->arena, count, sizeof *all);
    memcpy(sorted, chosen, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_number);
    for (size_t i = 0; i < count; i++)
        all[i] = sorted[i].fingerprint;
    *out = criterion_compare(group->criterion, all, count, &group->arena);
    bool scored = out->status == SCORE_SCORED;
    return (struct counted_score){(enum row_status)out->status, out->value,
                                  scored ? criterion_passed(group->criterion, out) : -1};
}

static bool same(const struct counted_score *a, const struct counted_score *b)
{
    bool values = (isnan(a->value) && isnan(b->value)) || a->value == b->value;
    return a->status == b->status && values && a->passed == b->passed;
}

static void fix(struct resample_group *group, const struct response *response,
                struct counted_score is, const struct score *score)
{
    struct score_fix row = response->row;
    if (same(&row.was, &is))
        return;
    row.is = is;
    row.reason = score->reason ? memory_copy_string(score->reason) : NULL;
    row.label = score->label ? memory_copy_string(score->label) : NULL;
    score_fixes_add(&group->stores->fixes, &row);
}

/* The responses that tell, by place, stand in front; how many there are. */
static size_t choose(struct resample_group *group)
{
    size_t expected = expected_of(group), chosen = 0;
    for (size_t i = 0; i < group->count && chosen < expected; i++) {
        if (!is_first_of_its_number(group, i))
            continue;
        struct response one = group->responses[i];
        memmove(&group->responses[chosen + 1], &group->responses[chosen],
                (i - chosen) * sizeof one);
        group->responses[chosen++] = one;
    }
    return chosen == expected ? chosen : 0;
}

void resample_group_settle(struct resample_group *group)
{
    const struct counted_score none = {ROW_NOT_APPLICABLE, NAN, -1};
    const struct score open = score_without_value(SCORE_NOT_APPLICABLE, "group_open");
    const struct score late = score_without_value(SCORE_NOT_APPLICABLE, "group_late");
    struct score score;
    if (group->count > 0)
        qsort(group->responses, group->count, sizeof *group->responses, by_place);
    size_t chosen = choose(group);
    if (chosen < 2)
        return;
    struct counted_score last = compare(group, group->responses, chosen, &score);
    for (size_t i = 0; i < group->count; i++) {
        const struct response *one = &group->responses[i];
        if (i + 1 == chosen)
            fix(group, one, last, &score);
        else if (one->row.was.status == ROW_SCORED)
            fix(group, one, none, i < chosen ? &open : &late);
    }
}

/* ---- composites ---- */

size_t resample_group_place(const struct rubric *rubric, const char *name)
{
    size_t i = 0;
    while (i < rubric->criterion_count && strcmp(rubric->criteria[i].name, name) != 0)
        i++;
    return i;
}

static int by_row(const void *left, const void *right)
{
    const struct score_fix *a = left, *b = right;
    if (a->shard != b->shard)
        return a->shard < b->shard ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* The scores of a row by this rubric, in its order; *composite: the row of the composite. */
static void read_scores(const struct resample_group *group, const char *hash,
                        struct score_fix *composite, struct score *out)
{
    const struct rubric *rubric = group->rubric;
    struct statement *read = db_sql(
        group->stores->shards[composite->shard].db,
        "SELECT criterion, status, value, reason FROM score WHERE run = 1 AND source = ? AND "
        "off = ?");
    for (size_t i = 0; i < rubric->criterion_count; i++)
        out[i] = score_without_value(SCORE_NOT_APPLICABLE, NULL);
    db_bind_int(read, composite->source);
    db_bind_int(read, composite->offset);
    while (db_row(read)) {
        const struct shard_criterion *one =
            shard_names_criterion(&group->names[composite->shard], db_int(read, 0));
        if (!one || strcmp(one->rubric_hash, hash) != 0)
            continue;
        struct counted_score score = {row_status_of(db_text(read, 1), db_text(read, 3)),
                                      db_real(read, 2), -1};
        size_t place = resample_group_place(rubric, one->name);
        if (place < rubric->criterion_count) {
            out[place].status = (enum score_status)score.status;
            out[place].value = score.value;
        } else {
            composite->criterion = one->id;
            composite->was = score;
        }
    }
    db_end(read);
}

/* `from` up to `to` are of one row. */
static void fix_composite(struct resample_group *group, const char *hash, size_t from, size_t to)
{
    struct score_fixes *fixes = &group->stores->fixes;
    struct score scores[RUBRIC_CRITERIA_MAX];
    struct score_fix composite = fixes->items[from];
    composite.criterion = 0;
    composite.threshold = sampling_threshold(composite.probability);
    composite.reason = composite.label = NULL;
    read_scores(group, hash, &composite, scores);
    for (size_t i = from; i < to; i++) {
        const struct score_fix *one = &fixes->items[i];
        const struct shard_criterion *criterion =
            shard_names_criterion(&group->names[one->shard], one->criterion);
        struct score *score = &scores[resample_group_place(group->rubric, criterion->name)];
        score->status = (enum score_status)one->is.status;
        score->value = one->is.value;
    }
    struct score score = composite_score(group->rubric, scores);
    composite.is = (struct counted_score){(enum row_status)score.status, score.value, -1};
    if (!composite.criterion || same(&composite.was, &composite.is))
        return;
    composite.reason = score.reason ? memory_copy_string(score.reason) : NULL;
    composite.label = score.label ? memory_copy_string(score.label) : NULL;
    score_fixes_add(fixes, &composite);
}

void resample_group_composites(struct resample_group *group, const char *hash, size_t first)
{
    struct score_fixes *fixes = &group->stores->fixes;
    size_t end = fixes->count;
    if (first < end)
        qsort(fixes->items + first, end - first, sizeof *fixes->items, by_row);
    for (size_t from = first, to; from < end; from = to) {
        for (to = from + 1; to < end; to++)
            if (by_row(&fixes->items[from], &fixes->items[to]) != 0)
                break;
        fix_composite(group, hash, from, to);
    }
}
