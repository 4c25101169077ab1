/* compare_recommend: which row of a comparison decides, over all rows together. */
#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/compare/compare_sums.h"
#include "worker/stats/multiplicity.h"

/* All rows, each with its segments behind it; the caller's to free. */
static struct compare_row **all_rows(const struct comparison *comparison, size_t *out_count)
{
    size_t count = 0;
    for (size_t i = 0; i < comparison->count; i++)
        count += 1 + comparison->rows[i].segment_count;
    struct compare_row **all = memory_new(count + 1, sizeof *all);
    *out_count = 0;
    for (size_t i = 0; i < comparison->count; i++) {
        all[(*out_count)++] = &comparison->rows[i];
        for (size_t s = 0; s < comparison->rows[i].segment_count; s++)
            all[(*out_count)++] = &comparison->rows[i].segments[s];
    }
    return all;
}

static void adjust(struct comparison *comparison)
{
    size_t count;
    struct compare_row **rows = all_rows(comparison, &count);
    double *p = memory_new(count + 1, sizeof *p);
    size_t *order = memory_new(count + 1, sizeof *order);
    for (size_t i = 0; i < count; i++)
        p[i] = rows[i]->difference.p;
    benjamini_hochberg(p, count, order, p);
    for (size_t i = 0; i < count; i++) {
        rows[i]->p_adjusted = p[i];
        comparison->tested += !isnan(p[i]);
    }
    free(order);
    free(p);
    free(rows);
}

/* Which rows may decide. */
enum deciders { ALL_SAMPLES, SEGMENTS, COMPOSITES };

static bool may_decide(const struct compare_row *row, enum deciders deciders)
{
    bool all = row->part == COMPARE_ALL_PARTS;
    return deciders == SEGMENTS ? !all
                                : all && (deciders == ALL_SAMPLES ||
                                          row->a->kind == COMPARE_COMPOSITE);
}

/* Takes the surest row of a verdict as the reason; false: there is none. */
static bool decide(struct comparison *comparison, struct compare_row *const *rows, size_t count,
                   enum drift_verdict verdict, enum deciders deciders)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct compare_row *row = rows[i], *best = comparison->because;
        bool holds = verdict == DRIFT_NOT_ENOUGH_DATA || verdict == DRIFT_NO_MEANINGFUL_CHANGE ||
                     row->p_adjusted <= comparison->alpha;
        at += i > 0 && row->part == COMPARE_ALL_PARTS;
        if (row->verdict != verdict || !holds || !may_decide(row, deciders) ||
            (best && row->guaranteed <= best->guaranteed))
            continue;
        comparison->verdict = verdict;
        comparison->because = row;
        comparison->because_row = at;
    }
    return comparison->because;
}

/* One row that is worse for sure, of all samples or of a segment, is reason enough to keep A. Else
 * the composites decide: one that is open leaves all open, then one that is better is reason to
 * take B. */
static void take_reason(struct comparison *comparison)
{
    static const struct {
        enum drift_verdict verdict;
        enum deciders deciders;
    } order[] = {{DRIFT_WORSE, ALL_SAMPLES},
                 {DRIFT_WORSE, SEGMENTS},
                 {DRIFT_NOT_ENOUGH_DATA, COMPOSITES},
                 {DRIFT_BETTER, COMPOSITES},
                 {DRIFT_NO_MEANINGFUL_CHANGE, COMPOSITES}};
    size_t count;
    struct compare_row **rows = all_rows(comparison, &count);
    comparison->verdict = DRIFT_NOT_ENOUGH_DATA;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (decide(comparison, rows, count, order[i].verdict, order[i].deciders))
            break;
    free(rows);
}

void comparison_recommend(struct comparison *comparison)
{
    adjust(comparison);
    take_reason(comparison);
}
