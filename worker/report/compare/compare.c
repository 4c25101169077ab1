/* compare: two models, runs or versions: which is better, and how sure that is. */
#include "worker/report/compare/compare.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/compare/compare_sums.h"
#include "worker/store/db.h"

/* ---- rows ---- */

static const struct level_sums *side_sums_of(const struct model_sums *model, unsigned side,
                                             size_t facet)
{
    for (size_t i = 0; i < model->side_counts[side]; i++)
        if (model->sides[side][i].facet == facet)
            return &model->sides[side][i].sums;
    return NULL;
}

static const struct pair_series *pairs_of(const struct model_sums *model, size_t facet_a,
                                          size_t facet_b)
{
    for (size_t i = 0; i < model->pair_count; i++)
        if (model->pairs[i]->facet_a == facet_a && model->pairs[i]->facet_b == facet_b)
            return model->pairs[i];
    return NULL;
}

static struct compare_all all_of(const struct level_sums *sums)
{
    return sums ? (struct compare_all){sums->statuses.scored, level_of(sums, 0.05).mean}
                : (struct compare_all){0, NAN};
}

/* False: this part has nothing of the two facets to compare. */
static bool answer(const struct comparison *comparison, const struct model_sums *model,
                   size_t facet_a, size_t facet_b, struct compare_row *out)
{
    const struct level_sums *a = side_sums_of(model, 0, facet_a);
    const struct level_sums *b = side_sums_of(model, 1, facet_b);
    const struct pair_series *pairs = pairs_of(model, facet_a, facet_b);
    *out = (struct compare_row){.model = model->name,
                                .part = model->part,
                                .a = comparison->sums->facets[facet_a],
                                .b = comparison->sums->facets[facet_b],
                                .all_a = all_of(a),
                                .all_b = all_of(b)};
    if (comparison->paired ? !pairs : !a || !b)
        return false;
    if (comparison->paired)
        compare_answer_pairs(comparison, pairs, out);
    else
        compare_answer_sides(comparison, a, b, out);
    return true;
}

static void add_segments(const struct comparison *comparison, const struct model_sums *model,
                         size_t facet_a, size_t facet_b, struct compare_row *row)
{
    const struct compare_sums *sums = comparison->sums;
    for (size_t i = 0; i < sums->model_count; i++) {
        const struct model_sums *part = sums->models[i];
        struct compare_row one;
        if (part->part == COMPARE_ALL_PARTS || strcmp(part->name, model->name) != 0 ||
            !answer(comparison, part, facet_a, facet_b, &one))
            continue;
        row->segments =
            memory_resize(row->segments, row->segment_count + 1, sizeof *row->segments);
        row->segments[row->segment_count++] = one;
    }
}

static struct compare_row *add_row(struct comparison *comparison, const struct model_sums *model,
                                   size_t facet_a, size_t facet_b)
{
    comparison->rows =
        memory_resize(comparison->rows, comparison->count + 1, sizeof *comparison->rows);
    struct compare_row *row = &comparison->rows[comparison->count++];
    answer(comparison, model, facet_a, facet_b, row);
    add_segments(comparison, model, facet_a, facet_b, row);
    return row;
}

static char *reason_at(const struct stores *stores, const struct score_place *place)
{
    struct statement *read =
        db_sql(stores->shards[place->shard].db,
               "SELECT reason FROM score WHERE run = ? AND source = ? AND off = ? AND "
               "criterion = ?");
    db_bind_int(read, place->run);
    db_bind_int(read, place->source);
    db_bind_int(read, place->offset);
    db_bind_int(read, place->criterion);
    struct str reason = db_row(read) ? db_text(read, 0) : (struct str){0};
    char *copy = reason.data ? memory_copy_str(reason) : NULL;
    db_end(read);
    return copy;
}

static void take_movers(const struct comparison *comparison, const struct pair_series *series,
                        struct compare_row *row)
{
    row->movers = memory_new(series->mover_count + 1, sizeof *row->movers);
    for (size_t i = 0; i < series->mover_count; i++) {
        const struct mover_at *one = &series->movers[i];
        row->movers[row->mover_count++] =
            (struct mover){.sample = one->sample,
                           .a = one->a,
                           .b = one->b,
                           .flip = one->flip,
                           .reason_a = reason_at(comparison->stores, &one->place_a),
                           .reason_b = reason_at(comparison->stores, &one->place_b)};
    }
}

static void add_paired_rows(struct comparison *comparison, const struct model_sums *model)
{
    for (size_t i = 0; i < model->pair_count; i++) {
        const struct pair_series *series = model->pairs[i];
        take_movers(comparison, series,
                    add_row(comparison, model, series->facet_a, series->facet_b));
    }
}

/* Of one topic: the hash that both sides have, else the most used one of each. */
static const struct side_series *best_of(const struct compare_sums *sums,
                                         const struct model_sums *model, unsigned side,
                                         size_t topic, const char *preferred)
{
    const struct side_series *best = NULL;
    for (size_t i = 0; i < model->side_counts[side]; i++) {
        const struct side_series *one = &model->sides[side][i];
        if (sums->facets[one->facet]->topic != topic)
            continue;
        if (preferred && strcmp(sums->facets[one->facet]->hash, preferred) == 0)
            return one;
        if (!best || one->sums.statuses.scored > best->sums.statuses.scored)
            best = one;
    }
    return best;
}

static void add_side_rows(struct comparison *comparison, const struct model_sums *model)
{
    const struct compare_sums *sums = comparison->sums;
    for (size_t topic = 0; topic < sums->facet_count; topic++) {
        const struct side_series *a = best_of(sums, model, 0, topic, NULL);
        const struct side_series *b =
            a ? best_of(sums, model, 1, topic, sums->facets[a->facet]->hash) : NULL;
        if (!a || !b)
            continue;
        a = best_of(sums, model, 0, topic, sums->facets[b->facet]->hash);
        add_row(comparison, model, a->facet, b->facet);
    }
}

static bool has_topic(const struct compare_sums *sums, unsigned side, size_t topic)
{
    for (size_t m = 0; m < sums->model_count; m++)
        for (size_t i = 0; i < sums->models[m]->side_counts[side]; i++)
            if (sums->facets[sums->models[m]->sides[side][i].facet]->topic == topic)
                return true;
    return false;
}

static void find_only(struct comparison *comparison)
{
    const struct compare_sums *sums = comparison->sums;
    for (unsigned side = 0; side < 2; side++) {
        comparison->only[side] = memory_new(sums->facet_count + 1, sizeof(void *));
        for (size_t topic = 0; topic < sums->facet_count; topic++)
            if (has_topic(sums, side, topic) && !has_topic(sums, !side, topic))
                comparison->only[side][comparison->only_counts[side]++] = sums->facets[topic];
    }
}

static void add_measures(struct comparison *comparison, const struct model_sums *model)
{
    for (size_t i = 0; i < COMPARE_MEASURES; i++) {
        const struct measure_sums *sums = &model->measures[i];
        if (sums->sides[0].n == 0 && sums->sides[1].n == 0)
            continue;
        comparison->measures = memory_resize(
            comparison->measures, comparison->measure_count + 1, sizeof *comparison->measures);
        struct measure_row *row = &comparison->measures[comparison->measure_count++];
        *row = (struct measure_row){.model = model->name, .measure = (enum compare_measure)i};
        compare_answer_measure(comparison, sums, row);
    }
}

/* ---- order ---- */

static int by_place(const void *left, const void *right)
{
    const struct compare_row *a = left, *b = right;
    int order = strcmp(a->model, b->model);
    if (order == 0)
        order = (b->a->kind == COMPARE_COMPOSITE) - (a->a->kind == COMPARE_COMPOSITE);
    if (order == 0)
        order = strcmp(a->a->dimension, b->a->dimension);
    if (order == 0)
        order = (int)a->a->kind - (int)b->a->kind;
    if (order == 0)
        order = strcmp(a->a->name, b->a->name);
    if (order == 0)
        order = strcmp(a->a->rubric, b->a->rubric);
    if (order == 0)
        order = strcmp(a->a->hash, b->a->hash);
    return order ? order : strcmp(a->b->hash, b->b->hash);
}

static int by_model(const void *left, const void *right)
{
    const struct measure_row *a = left, *b = right;
    int order = strcmp(a->model, b->model);
    return order ? order : (int)a->measure - (int)b->measure;
}

static int by_name(const void *left, const void *right)
{
    const struct facet *a = *(const struct facet *const *)left;
    const struct facet *b = *(const struct facet *const *)right;
    int order = strcmp(a->name, b->name);
    return order ? order : (int)a->kind - (int)b->kind;
}

/* Those that are worse first, then better ones, the surest first; then by name. */
static int by_need(const void *left, const void *right)
{
    static const int ranks[] = {[DRIFT_WORSE] = 0,
                                [DRIFT_BETTER] = 1,
                                [DRIFT_NOT_ENOUGH_DATA] = 2,
                                [DRIFT_NO_MEANINGFUL_CHANGE] = 3};
    const struct compare_row *a = left, *b = right;
    int order = ranks[a->verdict] - ranks[b->verdict];
    if (order == 0)
        order = (a->guaranteed < b->guaranteed) - (a->guaranteed > b->guaranteed);
    return order ? order : (a->part > b->part) - (a->part < b->part);
}

static void sort(struct comparison *comparison)
{
    if (comparison->count > 0)
        qsort(comparison->rows, comparison->count, sizeof *comparison->rows, by_place);
    if (comparison->measure_count > 0)
        qsort(comparison->measures, comparison->measure_count, sizeof *comparison->measures,
              by_model);
    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->rows[i].segment_count > 0)
            qsort(comparison->rows[i].segments, comparison->rows[i].segment_count,
                  sizeof *comparison->rows[i].segments, by_need);
    for (unsigned side = 0; side < 2; side++)
        qsort(comparison->only[side], comparison->only_counts[side], sizeof(void *), by_name);
}

/* ---- everything ---- */

static bool is_paired(const struct comparison *comparison)
{
    uint64_t smaller = comparison->samples_a < comparison->samples_b ? comparison->samples_a
                                                                     : comparison->samples_b;
    return comparison->matched >= 2 && 2 * comparison->matched >= smaller;
}

bool comparison_read(struct comparison *comparison, struct error *error)
{
    comparison->sums = memory_new(1, sizeof *comparison->sums);
    stores_resolve(comparison->stores);
    comparison->pending = comparison->stores->pending;
    if (!breakdown_make(&comparison->breakdown, comparison->segment_keys,
                        comparison->segment_key_count, comparison->stores, error) ||
        !compare_sums_read(comparison, error))
        return false;
    comparison->paired = is_paired(comparison);
    for (size_t i = 0; i < comparison->sums->model_count; i++) {
        const struct model_sums *model = comparison->sums->models[i];
        if (model->part != COMPARE_ALL_PARTS)
            continue;
        if (comparison->paired)
            add_paired_rows(comparison, model);
        else
            add_side_rows(comparison, model);
        add_measures(comparison, model);
    }
    find_only(comparison);
    sort(comparison);
    comparison_recommend(comparison);
    comparison_note(comparison);
    return true;
}

void comparison_clear(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        for (size_t m = 0; m < comparison->rows[i].mover_count; m++) {
            free(comparison->rows[i].movers[m].reason_a);
            free(comparison->rows[i].movers[m].reason_b);
        }
        free(comparison->rows[i].movers);
        free(comparison->rows[i].segments);
    }
    free(comparison->rows);
    free(comparison->measures);
    free(comparison->only[0]);
    free(comparison->only[1]);
    breakdown_clear(&comparison->breakdown);
    problems_clear(&comparison->notes);
    compare_sums_free(comparison->sums);
    *comparison = (struct comparison){0};
}
