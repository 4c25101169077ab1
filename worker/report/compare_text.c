/* compare_text: a comparison for people. */
#include <math.h>

#include "worker/report/compare.h"
#include "worker/report/page_words.h"

enum { NAME_COLUMNS = 24, MOVERS_SHOWN = 5, REASON_BYTES = 60 };

static void add_side(struct buffer *out, const char *letter, const struct side *side,
                     uint64_t samples, uint64_t duplicates)
{
    const char *const keys[] = {"run", "model", "endpoint", "component"};
    const char *const values[] = {side->run, side->model, side->endpoint, side->component};
    buffer_printf(out, "%s ", letter);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!values[i])
            continue;
        buffer_printf(out, " %s ", keys[i]);
        page_clean(out, values[i]);
    }
    buffer_printf(out, ": %llu samples", (unsigned long long)samples);
    if (duplicates > 0)
        buffer_printf(out, " (%llu came again and count once)", (unsigned long long)duplicates);
    buffer_append_str(out, STR("\n"));
}

static void add_difference(struct buffer *out, const struct level_difference *difference)
{
    buffer_printf(out, "%+.3f", difference->delta);
    if (!isnan(difference->ci.low))
        buffer_printf(out, " [%+.3f, %+.3f]", difference->ci.low, difference->ci.high);
}

/* So many more pairs or scores make the interval as narrow as the tolerance. */
static double times_the_data(const struct comparison *comparison, const struct compare_row *row)
{
    double half = (row->difference.ci.high - row->difference.ci.low) / 2;
    return half > 0 ? half * half / (comparison->tolerance * comparison->tolerance) : NAN;
}

void comparison_advice(const struct comparison *comparison, struct buffer *out)
{
    static const char *const words[] = {
        [DRIFT_NOT_ENOUGH_DATA] = "not enough data to choose",
        [DRIFT_NO_MEANINGFUL_CHANGE] = "take either: no meaningful difference",
        [DRIFT_BETTER] = "take B: it is better for sure",
        [DRIFT_WORSE] = "keep A: B is worse for sure"};
    const struct compare_row *row = comparison->because;
    buffer_append_str(out, str_of(words[comparison->verdict]));
    if (!row)
        return;
    buffer_append_str(out, STR("; "));
    page_clean(out, row->a->name);
    if (row->model[0]) {
        buffer_append_str(out, STR(" of "));
        page_clean(out, row->model);
    }
    buffer_append_str(out, STR(" "));
    add_difference(out, &row->difference);
    buffer_printf(out, ", tolerance %g", comparison->tolerance);
    double times = times_the_data(comparison, row);
    if (comparison->verdict == DRIFT_NOT_ENOUGH_DATA && times > 1)
        buffer_printf(out, "; %.3g times the data would tell", times);
    if (strcmp(row->a->hash, row->b->hash) != 0)
        buffer_append_str(out, STR("; the two sides were judged by other rules"));
}

static void add_row(struct buffer *out, const struct compare_row *row)
{
    int indent = row->a->kind == COMPARE_CRITERION ? 2 : 0;
    struct buffer name = {0};
    page_clean(&name, row->a->name);
    buffer_printf(out, "%*s%-*.*s %-20s ", indent, "", NAME_COLUMNS - indent, NAME_COLUMNS - indent,
                  name.data, page_verdict(row->verdict));
    buffer_clear(&name);
    if (row->level_a.n == 0 || row->level_b.n == 0) {
        buffer_append_str(out, STR("no scores to compare\n"));
        return;
    }
    buffer_printf(out, "%.3f -> %.3f  ", row->level_a.mean, row->level_b.mean);
    add_difference(out, &row->difference);
    if (!isnan(row->p_adjusted))
        buffer_printf(out, "  p %.2g", row->p_adjusted);
    buffer_append_str(out, STR("\n"));
}

static void add_details(struct buffer *out, const struct compare_row *row)
{
    if (strcmp(row->a->hash, row->b->hash) != 0)
        buffer_printf(out, "    judged by other rules: %.12s and %.12s\n", row->a->hash,
                      row->b->hash);
    if (row->broke + row->fixed > 0)
        buffer_printf(out, "    flips: %llu passed and do not, %llu did not and pass\n",
                      (unsigned long long)row->broke, (unsigned long long)row->fixed);
    if (row->only_a + row->only_b > 0)
        buffer_printf(out, "    missing with B only: %llu, with A only: %llu\n",
                      (unsigned long long)row->only_a, (unsigned long long)row->only_b);
    if (row->label_count > 0)
        buffer_printf(out, "    labelled on both sides: %llu, %.1f %% alike",
                      (unsigned long long)row->label_count, 100 * row->labels.agreement);
    if (row->label_count > 0 && !isnan(row->labels.kappa))
        buffer_printf(out, ", kappa %.2f", row->labels.kappa);
    buffer_append_str(out, row->label_count > 0 ? STR("\n") : STR(""));
}

static void add_reason(struct buffer *out, const char *reason)
{
    page_clipped(out, reason && reason[0] ? reason : "-", REASON_BYTES);
}

/* Of criteria only: a dimension or a composite moves because they do. */
static void add_movers(struct buffer *out, const struct compare_row *row)
{
    if (row->a->kind != COMPARE_CRITERION)
        return;
    for (size_t i = 0; i < row->mover_count && i < MOVERS_SHOWN; i++) {
        const struct mover *one = &row->movers[i];
        buffer_printf(out, "    %.3f -> %.3f  ", one->a, one->b);
        page_clean(out, one->sample);
        buffer_append_str(out, STR("  "));
        add_reason(out, one->reason_a);
        buffer_append_str(out, STR(" -> "));
        add_reason(out, one->reason_b);
        buffer_append_str(out, STR("\n"));
    }
}

static void add_measure(struct buffer *out, const struct measure_row *row)
{
    static const char *const names[] = {[COMPARE_LATENCY_MS] = "latency, ms",
                                        [COMPARE_INPUT_TOKENS] = "input tokens",
                                        [COMPARE_OUTPUT_TOKENS] = "output tokens"};
    const struct mean_difference *difference = &row->difference;
    buffer_printf(out, "%-*s %.1f -> %.1f", NAME_COLUMNS, names[row->measure], row->a.mean,
                  row->b.mean);
    if (!isnan(difference->delta))
        buffer_printf(out, "  %+.1f", difference->delta);
    if (!isnan(difference->ci.low))
        buffer_printf(out, " [%+.1f, %+.1f]", difference->ci.low, difference->ci.high);
    if (!isnan(row->a.p95) && !isnan(row->b.p95))
        buffer_printf(out, "  p95 %.4g -> %.4g", row->a.p95, row->b.p95);
    buffer_append_str(out, STR("\n"));
}

static void add_model(struct buffer *out, const struct comparison *comparison, const char *model)
{
    if (model[0]) {
        buffer_append_str(out, STR("\n"));
        page_clean(out, model);
        buffer_append_str(out, STR("\n"));
    }
    for (size_t i = 0; i < comparison->count; i++) {
        if (strcmp(comparison->rows[i].model, model) != 0)
            continue;
        add_row(out, &comparison->rows[i]);
        add_details(out, &comparison->rows[i]);
        add_movers(out, &comparison->rows[i]);
    }
    for (size_t i = 0; i < comparison->measure_count; i++)
        if (strcmp(comparison->measures[i].model, model) == 0)
            add_measure(out, &comparison->measures[i]);
}

static void add_only(struct buffer *out, const struct comparison *comparison, unsigned side)
{
    for (size_t i = 0; i < comparison->only_counts[side]; i++) {
        buffer_append_str(out, i ? STR(", ") : side ? STR("only in B: ") : STR("only in A: "));
        page_clean(out, comparison->only[side][i]->name);
    }
    buffer_append_str(out, comparison->only_counts[side] ? STR("\n") : STR(""));
}

void comparison_text(const struct comparison *comparison, struct buffer *out)
{
    comparison_advice(comparison, out);
    buffer_append_str(out, STR("\n\n"));
    add_side(out, "A", comparison->a, comparison->samples_a, comparison->duplicates_a);
    add_side(out, "B", comparison->b, comparison->samples_b, comparison->duplicates_b);
    if (comparison->paired)
        buffer_printf(out, "paired: %llu samples are in both\n",
                      (unsigned long long)comparison->matched);
    else
        buffer_printf(out, "not paired: %llu samples are in both, too few; means of all scores "
                           "are compared\n",
                      (unsigned long long)comparison->matched);
    buffer_append_str(out, STR("\n"));
    const char *model = NULL;
    for (size_t i = 0; i < comparison->count; i++) {
        if (model && strcmp(model, comparison->rows[i].model) == 0)
            continue;
        model = comparison->rows[i].model;
        add_model(out, comparison, model);
    }
    if (comparison->count == 0)
        buffer_append_str(out, STR("No scores that both sides have.\n"));
    buffer_append_str(out, STR("\n"));
    add_only(out, comparison, 0);
    add_only(out, comparison, 1);
    buffer_printf(out, "%zu rows tested (p by Benjamini-Hochberg), %zu shard%s read\n",
                  comparison->tested, comparison->stores->shard_count,
                  comparison->stores->shard_count == 1 ? "" : "s");
    if (comparison->pending > 0)
        buffer_printf(out, "%lld offsets are scored and not counted yet\n",
                      (long long)comparison->pending);
    page_partial(out, &comparison->stores->partial);
}
