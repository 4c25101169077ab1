/* compare_words: what every page of a comparison says, whatever its form. */
#include "worker/report/compare/compare_words.h"

#include <math.h>

#include "worker/report/pages/page_words.h"

/* So many more pairs or scores make the interval as narrow as the tolerance. */
static double times_the_data(const struct comparison *comparison, const struct compare_row *row)
{
    double half = (row->difference.ci.high - row->difference.ci.low) / 2;
    return half > 0 ? half * half / (comparison->tolerance * comparison->tolerance) : NAN;
}

/* What speaks for or against B beside quality. */
static void add_trade(const struct comparison *comparison, const char *model, struct buffer *out)
{
    for (size_t i = 0; i < comparison->measure_count; i++) {
        const struct measure_row *row = &comparison->measures[i];
        bool matters = row->measure == COMPARE_LATENCY_MS || row->measure == COMPARE_COST;
        if (!matters || strcmp(row->model, model) != 0 ||
            !(row->difference.ci.low > 0 || row->difference.ci.high < 0))
            continue;
        buffer_printf(out, "; %s ", compare_words_measure(row->measure));
        compare_words_amount_change(row, out);
    }
}

void compare_words_advice(const struct comparison *comparison, struct buffer *out)
{
    static const char *const words[][2] = {
        [DRIFT_NOT_ENOUGH_DATA] = {"not enough data to choose", "not enough data to tell"},
        [DRIFT_NO_MEANINGFUL_CHANGE] = {"take either: no meaningful difference",
                                        "the same answers score alike"},
        [DRIFT_BETTER] = {"take B: it is better", "the same answers score higher in B"},
        [DRIFT_WORSE] = {"keep A: B is worse", "the same answers score lower in B"}};
    const struct compare_row *row = comparison->because;
    bool again = sides_same_answers(comparison->a, comparison->b);
    buffer_append_str(out, str_of(words[comparison->verdict][again]));
    if (!row)
        return;
    if (comparison->verdict != DRIFT_NOT_ENOUGH_DATA)
        buffer_printf(out, " (%g %% sure)", 100 * (1 - comparison->alpha));
    buffer_printf(out, "; %s", row->a->name);
    if (row->model[0])
        buffer_printf(out, " of %s", row->model);
    if (row->part != COMPARE_ALL_PARTS) {
        buffer_append_str(out, STR(" in "));
        compare_words_segment(comparison, row, out);
    }
    buffer_append_str(out, STR(" "));
    compare_words_change(row, out);
    buffer_printf(out, ", tolerance %g", comparison->tolerance);
    double times = times_the_data(comparison, row);
    if (comparison->verdict == DRIFT_NOT_ENOUGH_DATA && times > 1)
        buffer_printf(out, "; %.3g times the data would tell", times);
    add_trade(comparison, row->model, out);
    if (strcmp(row->a->hash, row->b->hash) != 0)
        buffer_append_str(out, STR("; the two sides were judged by other rules"));
}

void compare_words_side(const struct comparison *comparison, unsigned side, struct buffer *out)
{
    const struct side *of = side ? comparison->b : comparison->a;
    uint64_t samples = side ? comparison->samples_b : comparison->samples_a;
    uint64_t duplicates = side ? comparison->duplicates_b : comparison->duplicates_a;
    const char *const keys[] = {"run", "model", "endpoint", "component"};
    const char *const values[] = {of->run, of->model, of->endpoint, of->component};
    bool any = false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (values[i])
            buffer_printf(out, "%s%s %s", any ? " " : "", keys[i], values[i]);
        any = any || values[i];
    }
    buffer_printf(out, ": %llu samples", (unsigned long long)samples);
    if (duplicates > 0)
        buffer_printf(out, " (%llu came again and count once)", (unsigned long long)duplicates);
}

void compare_words_segment(const struct comparison *comparison, const struct compare_row *row,
                           struct buffer *out)
{
    breakdown_text(&comparison->breakdown, row->part, out);
}

void compare_words_levels(const struct compare_row *row, struct buffer *out)
{
    if (row->level_a.n == 0 || row->level_b.n == 0)
        buffer_append_str(out, STR("no scores to compare"));
    else
        buffer_printf(out, "%.3f -> %.3f", row->level_a.mean, row->level_b.mean);
}

void compare_words_change(const struct compare_row *row, struct buffer *out)
{
    if (row->level_a.n == 0 || row->level_b.n == 0)
        return;
    buffer_printf(out, "%+.3f", row->difference.delta);
    if (!isnan(row->difference.ci.low))
        buffer_printf(out, " [%+.3f, %+.3f]", row->difference.ci.low, row->difference.ci.high);
}

void compare_words_rules(const struct compare_row *row, struct buffer *out)
{
    if (strcmp(row->a->hash, row->b->hash) == 0)
        return;
    buffer_append_str(out, STR("judged by other rules: "));
    page_clean(out, row->a->rubric);
    buffer_printf(out, " %.12s and ", row->a->hash);
    page_clean(out, row->b->rubric);
    buffer_printf(out, " %.12s", row->b->hash);
}

void compare_words_flips(const struct compare_row *row, struct buffer *out)
{
    if (row->broke + row->fixed > 0)
        buffer_printf(out, "%llu passed and do not, %llu did not and pass",
                      (unsigned long long)row->broke, (unsigned long long)row->fixed);
}

static bool add_gaps(const char *lead, const struct compare_gaps *gaps, struct buffer *out)
{
    const char *const names[] = {"redacted", "not applicable", "skipped", "error"};
    const uint64_t counts[] = {gaps->redacted, gaps->not_applicable, gaps->skipped, gaps->error};
    bool any = false;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i] == 0)
            continue;
        buffer_printf(out, "%s%llu %s", any ? ", " : lead, (unsigned long long)counts[i],
                      names[i]);
        any = true;
    }
    return any;
}

void compare_words_missing(const struct compare_row *row, struct buffer *out)
{
    bool any = add_gaps("not with B: ", &row->missing_b, out);
    add_gaps(any ? "; not with A: " : "not with A: ", &row->missing_a, out);
}

static void add_agreement(const char *of, const struct compare_agreement *agreement, bool first,
                          struct buffer *out)
{
    buffer_printf(out, "%s%s of %llu, %.1f %% alike", first ? "" : "; ", of,
                  (unsigned long long)agreement->n, 100 * agreement->cohen.agreement);
    if (!isnan(agreement->cohen.kappa))
        buffer_printf(out, ", kappa %.2f", agreement->cohen.kappa);
}

void compare_words_agreement(const struct compare_row *row, struct buffer *out)
{
    if (row->passes.n > 0)
        add_agreement("pass or fail", &row->passes, true, out);
    if (row->labels.n > 0)
        add_agreement("labels", &row->labels, row->passes.n == 0, out);
}

const char *compare_words_measure(enum compare_measure measure)
{
    static const char *const names[] = {[COMPARE_LATENCY_MS] = "latency, ms",
                                        [COMPARE_INPUT_TOKENS] = "input tokens",
                                        [COMPARE_OUTPUT_TOKENS] = "output tokens",
                                        [COMPARE_COST] = "cost of 1000"};
    return names[measure];
}

/* Costs may be small. */
static int decimals_of(const struct measure_row *row)
{
    return row->measure == COMPARE_COST ? 3 : 1;
}

static void add_amount(double mean, int decimals, struct buffer *out)
{
    if (isnan(mean))
        buffer_append_str(out, STR("none"));
    else
        buffer_printf(out, "%.*f", decimals, mean);
}

void compare_words_amounts(const struct measure_row *row, struct buffer *out)
{
    add_amount(row->a.mean, decimals_of(row), out);
    buffer_append_str(out, STR(" -> "));
    add_amount(row->b.mean, decimals_of(row), out);
}

void compare_words_amount_change(const struct measure_row *row, struct buffer *out)
{
    const struct mean_difference *difference = &row->difference;
    int decimals = decimals_of(row);
    if (!isnan(difference->delta))
        buffer_printf(out, "%+.*f", decimals, difference->delta);
    if (!isnan(difference->ci.low))
        buffer_printf(out, " [%+.*f, %+.*f]", decimals, difference->ci.low, decimals,
                      difference->ci.high);
}

void compare_words_verdicts(const struct comparison *comparison, struct buffer *out)
{
    buffer_printf(out,
                  "WORSE, BETTER: B differs from A by more than %g, %g %% sure, looking at that "
                  "row alone",
                  comparison->tolerance, 100 * (1 - comparison->alpha));
}

void compare_words_p(const struct comparison *comparison, struct buffer *out)
{
    buffer_printf(out,
                  "p: how likely chance alone makes such a difference, with all %zu row%s counted "
                  "in (Benjamini-Hochberg); trust a row up to %g",
                  comparison->tested, comparison->tested == 1 ? "" : "s", comparison->alpha);
}
