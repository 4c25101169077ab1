/* compare: two models, runs or versions: which is better, and how sure that is. */
#include "worker/report/compare.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/compare_sums.h"
#include "worker/stats/multiplicity.h"
#include "worker/store/db.h"

/* ---- rows ---- */

static struct compare_row *new_row(struct comparison *comparison, const struct model_sums *model,
                                   size_t facet_a, size_t facet_b)
{
    const struct compare_sums *sums = comparison->sums;
    comparison->rows =
        memory_resize(comparison->rows, comparison->count + 1, sizeof *comparison->rows);
    struct compare_row *row = &comparison->rows[comparison->count++];
    *row = (struct compare_row){
        .model = model->name, .a = sums->facets[facet_a], .b = sums->facets[facet_b]};
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
                           .reason_a = reason_at(comparison->stores, &one->place_a),
                           .reason_b = reason_at(comparison->stores, &one->place_b)};
    }
}

static void add_paired_rows(struct comparison *comparison, const struct model_sums *model)
{
    for (size_t i = 0; i < model->pair_count; i++) {
        const struct pair_series *series = model->pairs[i];
        struct compare_row *row = new_row(comparison, model, series->facet_a, series->facet_b);
        compare_answer_pairs(comparison, series, row);
        take_movers(comparison, series, row);
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
        struct compare_row *row = new_row(comparison, model, a->facet, b->facet);
        compare_answer_sides(comparison, &a->sums, &b->sums, row);
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

static void sort(struct comparison *comparison)
{
    if (comparison->count > 0)
        qsort(comparison->rows, comparison->count, sizeof *comparison->rows, by_place);
    if (comparison->measure_count > 0)
        qsort(comparison->measures, comparison->measure_count, sizeof *comparison->measures,
              by_model);
    for (unsigned side = 0; side < 2; side++)
        qsort(comparison->only[side], comparison->only_counts[side], sizeof(void *), by_name);
}

/* ---- the recommendation ---- */

static void adjust(struct comparison *comparison)
{
    double *p = memory_new(comparison->count + 1, sizeof *p);
    size_t *order = memory_new(comparison->count + 1, sizeof *order);
    for (size_t i = 0; i < comparison->count; i++)
        p[i] = comparison->rows[i].difference.p;
    benjamini_hochberg(p, comparison->count, order, p);
    for (size_t i = 0; i < comparison->count; i++) {
        comparison->rows[i].p_adjusted = p[i];
        comparison->tested += !isnan(p[i]);
    }
    free(order);
    free(p);
}

static const struct compare_row *surest(const struct comparison *comparison,
                                        enum drift_verdict verdict, bool composites)
{
    const struct compare_row *best = NULL;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        bool holds = verdict == DRIFT_NOT_ENOUGH_DATA || verdict == DRIFT_NO_MEANINGFUL_CHANGE ||
                     row->p_adjusted <= comparison->alpha;
        if (row->verdict == verdict && holds &&
            (!composites || row->a->kind == COMPARE_COMPOSITE) &&
            (!best || row->guaranteed > best->guaranteed))
            best = row;
    }
    return best;
}

/* One row that is worse for sure is reason enough to keep A. Else the composites decide: one that
 * is open leaves all open, then one that is better is reason to take B. */
static void recommend(struct comparison *comparison)
{
    static const struct {
        enum drift_verdict verdict;
        bool composites;
    } order[] = {{DRIFT_WORSE, false},
                 {DRIFT_NOT_ENOUGH_DATA, true},
                 {DRIFT_BETTER, true},
                 {DRIFT_NO_MEANINGFUL_CHANGE, true}};
    comparison->verdict = DRIFT_NOT_ENOUGH_DATA;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const struct compare_row *row = surest(comparison, order[i].verdict, order[i].composites);
        if (!row)
            continue;
        comparison->verdict = order[i].verdict;
        comparison->because = row;
        return;
    }
}

static bool is_paired(const struct comparison *comparison)
{
    uint64_t smaller = comparison->samples_a < comparison->samples_b ? comparison->samples_a
                                                                     : comparison->samples_b;
    return comparison->matched >= 2 && 2 * comparison->matched >= smaller;
}

bool comparison_read(struct comparison *comparison, struct error *error)
{
    comparison->sums = memory_new(1, sizeof *comparison->sums);
    if (!compare_sums_read(comparison, error))
        return false;
    comparison->paired = is_paired(comparison);
    for (size_t i = 0; i < comparison->sums->model_count; i++) {
        const struct model_sums *model = comparison->sums->models[i];
        if (comparison->paired)
            add_paired_rows(comparison, model);
        else
            add_side_rows(comparison, model);
        add_measures(comparison, model);
    }
    find_only(comparison);
    sort(comparison);
    adjust(comparison);
    recommend(comparison);
    /* after reading: rows are compared once the broker accepted their commit */
    stores_resolve(comparison->stores);
    comparison->pending = comparison->stores->pending;
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
    }
    free(comparison->rows);
    free(comparison->measures);
    free(comparison->only[0]);
    free(comparison->only[1]);
    compare_sums_free(comparison->sums);
    *comparison = (struct comparison){0};
}
