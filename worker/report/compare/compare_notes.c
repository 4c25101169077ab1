/* compare_notes: what to know of a comparison before one relies on it. */
#include <math.h>

#include "schema/base/buffer.h"
#include "worker/report/compare/compare_sums.h"
#include "worker/store/runs.h"

#define COUNT(n) ((unsigned long long)(n))

/* Which samples were not compared. */
static void note_remainder(struct comparison *comparison)
{
    uint64_t a = comparison->samples_a - comparison->matched;
    uint64_t b = comparison->samples_b - comparison->matched;
    if (comparison->samples_a == 0 || comparison->samples_b == 0)
        problems_add(&comparison->notes, "", "%c has no scored samples",
                     comparison->samples_a == 0 ? 'A' : 'B');
    else if (!comparison->paired)
        problems_add(&comparison->notes, "",
                     "%llu samples are in both sides, too few for pairs: means of all scores are "
                     "compared, so that other traffic on one side looks like other quality",
                     COUNT(comparison->matched));
    else if (a + b > 0)
        problems_add(&comparison->notes, "",
                     "%llu samples are in A only and %llu in B only: they are not compared",
                     COUNT(a), COUNT(b));
    if (comparison->without_id > 0)
        problems_add(&comparison->notes, "",
                     "%llu scored records have no id, so that nothing tells which belong together: "
                     "they are not compared",
                     COUNT(comparison->without_id));
}

/* What a rerun was to score and did not, and why. */
static void note_rerun(struct comparison *comparison, unsigned side)
{
    const json_t *summary = comparison->reruns[side];
    const json_t *counts = json_object_get(summary, "counts");
    json_int_t left = json_integer_value(json_object_get(summary, "left"));
    struct buffer words = {0};
    for (size_t i = 0; i < RUN_OUTCOME_COUNT; i++) {
        json_int_t count = json_integer_value(json_object_get(counts, RUN_OUTCOMES[i].key));
        if (count)
            buffer_printf(&words, "%s%lld %s", words.size ? "; " : "", (long long)count,
                          RUN_OUTCOMES[i].words);
    }
    if (left > 0)
        buffer_printf(&words, "%s%lld are not done yet: assay rerun goes on with them",
                      words.size ? "; " : "", (long long)left);
    if (words.size)
        problems_add(&comparison->notes, "",
                     "%c scored %lld of the %lld records that it was to score: %s",
                     side ? 'B' : 'A',
                     (long long)json_integer_value(json_object_get(counts, "scored")),
                     (long long)json_integer_value(json_object_get(summary, "planned")),
                     words.data);
    buffer_clear(&words);
}

static void note_unlike(struct comparison *comparison, const struct compare_row *row, char side,
                        const struct level *pairs, const struct compare_all *all)
{
    if (fabs(pairs->mean - all->mean) <= comparison->tolerance)
        return;
    problems_add(&comparison->notes, "",
                 "the samples in both are not like the rest of %c: %.64s of %c is %.3f in pairs "
                 "and %.3f of all; where texts are kept of failures first, pairs tell of those",
                 side, row->a->name, side, pairs->mean, all->mean);
}

/* Pairs that were picked by their scores move back to the mean on the other side. */
static void note_selection(struct comparison *comparison)
{
    for (size_t i = 0; comparison->paired && i < comparison->count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (row->a->kind != COMPARE_COMPOSITE || row->level_a.n == 0)
            continue;
        note_unlike(comparison, row, 'A', &row->level_a, &row->all_a);
        note_unlike(comparison, row, 'B', &row->level_b, &row->all_b);
    }
}

static bool same_rules(const struct compare_row *row)
{
    return strcmp(row->a->hash, row->b->hash) == 0;
}

/* Was it told of the row of another model? */
static bool is_told(const struct comparison *comparison, size_t index)
{
    const struct compare_row *row = &comparison->rows[index];
    for (size_t i = 0; i < index; i++)
        if (comparison->rows[i].a == row->a && comparison->rows[i].b == row->b)
            return true;
    return false;
}

/* Criteria of two rubrics that were judged by other rules on the two sides. */
static void list_other_rules(const struct comparison *comparison, const struct compare_row *of,
                             struct buffer *out)
{
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (row->a->kind != COMPARE_CRITERION || same_rules(row) || is_told(comparison, i) ||
            strcmp(row->a->rubric, of->a->rubric) != 0 ||
            strcmp(row->b->rubric, of->b->rubric) != 0)
            continue;
        buffer_printf(out, "%s%.64s", out->size ? ", " : "", row->a->name);
    }
    if (out->size == 0)
        buffer_append_str(out, STR("none that both have: weights, gates or other criteria differ"));
}

static void note_rubrics(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        struct buffer names = {0};
        if (row->a->kind != COMPARE_COMPOSITE || same_rules(row) || is_told(comparison, i))
            continue;
        list_other_rules(comparison, row, &names);
        problems_add(&comparison->notes, "",
                     "A was scored by rubric %.64s %.12s, B by %.64s %.12s: composite and "
                     "dimensions tell of the rules, too. Criteria with other options: %.600s",
                     row->a->rubric, row->a->hash, row->b->rubric, row->b->hash, names.data);
        buffer_clear(&names);
    }
}

/* A side that judges only what is easy looks better than it is. */
static void note_gaps(struct comparison *comparison)
{
    struct compare_gaps a = {0}, b = {0};
    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (row->a->kind != COMPARE_CRITERION)
            continue;
        a.redacted += row->missing_a.redacted;
        b.redacted += row->missing_b.redacted;
        a.skipped += row->missing_a.skipped + row->missing_a.error;
        b.skipped += row->missing_b.skipped + row->missing_b.error;
    }
    if (a.redacted + b.redacted > 0)
        problems_add(&comparison->notes, "",
                     "redacted text could not be judged: %llu scores of B have none of A for that "
                     "beside them, %llu of A none of B",
                     COUNT(a.redacted), COUNT(b.redacted));
    if (a.skipped + b.skipped > 0)
        problems_add(&comparison->notes, "",
                     "skipped or failed: %llu scores of B have none of A for that beside them, "
                     "%llu of A none of B",
                     COUNT(a.skipped), COUNT(b.skipped));
}

static void note_only(struct comparison *comparison, unsigned side)
{
    struct buffer names = {0};
    for (size_t i = 0; i < comparison->only_counts[side]; i++)
        buffer_printf(&names, "%s%.64s", i ? ", " : "", comparison->only[side][i]->name);
    if (names.size > 0)
        problems_add(&comparison->notes, "", "only in %c: %.600s", side ? 'B' : 'A', names.data);
    buffer_clear(&names);
}

static void note_prices(struct comparison *comparison)
{
    bool costs = false;
    for (size_t i = 0; i < comparison->measure_count; i++) {
        const struct measure_row *row = &comparison->measures[i];
        costs |= row->measure == COMPARE_COST && row->a.n > 0 && row->b.n > 0;
    }
    if (comparison->price_count > 0 && !costs)
        problems_add(&comparison->notes, "",
                     "no cost of both sides: tokens of input and output are not known, or a "
                     "model has no price");
}

void comparison_note(struct comparison *comparison)
{
    note_remainder(comparison);
    note_rerun(comparison, 0);
    note_rerun(comparison, 1);
    note_selection(comparison);
    note_rubrics(comparison);
    note_gaps(comparison);
    note_only(comparison, 0);
    note_only(comparison, 1);
    note_prices(comparison);
}
