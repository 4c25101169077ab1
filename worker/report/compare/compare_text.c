/* compare_text: a comparison for people. */
#include <math.h>

#include "worker/report/compare/compare_words.h"
#include "worker/report/pages/page_words.h"

enum { NAME_COLUMNS = 24, MOVERS_SHOWN = 5, SEGMENTS_SHOWN = 8, REASON_BYTES = 60 };

/* Empties the words. */
static void move_words(struct buffer *out, struct buffer *words)
{
    if (words->size > 0)
        page_clean(out, words->data);
    buffer_clear(words);
}

/* A line of its own, when there is anything to say. */
static void add_line(struct buffer *out, const char *lead, struct buffer *words)
{
    bool any = words->size > 0;
    buffer_append_str(out, any ? str_of(lead) : STR(""));
    move_words(out, words);
    buffer_append_str(out, any ? STR("\n") : STR(""));
}

/* The name, the verdict and the numbers of a row or a segment. */
static void add_numbers(struct buffer *out, int indent, struct buffer *name,
                        const struct compare_row *row)
{
    struct buffer clean = {0};
    int columns = NAME_COLUMNS - indent;
    move_words(&clean, name);
    buffer_printf(out, "%*s%-*.*s %-20s ", indent, "", columns, columns,
                  clean.size ? clean.data : "", page_verdict(row->verdict));
    buffer_clear(&clean);
    compare_words_levels(row, out);
    buffer_append_str(out, STR("  "));
    compare_words_change(row, out);
    if (!isnan(row->p_adjusted) && row->level_a.n > 0)
        buffer_printf(out, "  p %.2g", row->p_adjusted);
    buffer_append_str(out, STR("\n"));
}

static void add_segments(struct buffer *out, const struct comparison *comparison,
                         const struct compare_row *row)
{
    struct buffer name = {0};
    for (size_t i = 0; i < row->segment_count && i < SEGMENTS_SHOWN; i++) {
        compare_words_segment(comparison, &row->segments[i], &name);
        add_numbers(out, 4, &name, &row->segments[i]);
    }
    if (row->segment_count > SEGMENTS_SHOWN)
        buffer_printf(out, "    and %zu more segments: --format json\n",
                      row->segment_count - SEGMENTS_SHOWN);
}

static void add_reason(struct buffer *out, const char *reason)
{
    page_clipped(out, reason && reason[0] ? reason : "-", REASON_BYTES);
}

/* Of criteria only: a dimension or a composite moves because they do. */
static void add_movers(struct buffer *out, const struct compare_row *row)
{
    static const char *const flips[] = {
        [COMPARE_NO_FLIP] = "     ", [COMPARE_BROKE] = "broke", [COMPARE_FIXED] = "fixed"};
    if (row->a->kind != COMPARE_CRITERION)
        return;
    for (size_t i = 0; i < row->mover_count && i < MOVERS_SHOWN; i++) {
        const struct mover *one = &row->movers[i];
        buffer_printf(out, "    %s %.3f -> %.3f  ", flips[one->flip], one->a, one->b);
        page_clean(out, one->sample);
        buffer_append_str(out, STR("  "));
        add_reason(out, one->reason_a);
        buffer_append_str(out, STR(" -> "));
        add_reason(out, one->reason_b);
        buffer_append_str(out, STR("\n"));
    }
}

static void add_row(struct buffer *out, const struct comparison *comparison,
                    const struct compare_row *row)
{
    struct buffer words = {0};
    buffer_append_str(&words, str_of(row->a->name));
    add_numbers(out, row->a->kind == COMPARE_CRITERION ? 2 : 0, &words, row);
    compare_words_rules(row, &words);
    add_line(out, "    ", &words);
    compare_words_missing(row, &words);
    add_line(out, "    ", &words);
    add_segments(out, comparison, row);
    compare_words_agreement(row, &words);
    add_line(out, "    ", &words);
    compare_words_flips(row, &words);
    add_line(out, "    flips: ", &words);
    add_movers(out, row);
}

static void add_measure(struct buffer *out, const struct measure_row *row)
{
    buffer_printf(out, "%-*s ", NAME_COLUMNS, compare_words_measure(row->measure));
    compare_words_amounts(row, out);
    buffer_append_str(out, STR("  "));
    compare_words_amount_change(row, out);
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
    for (size_t i = 0; i < comparison->count; i++)
        if (strcmp(comparison->rows[i].model, model) == 0)
            add_row(out, comparison, &comparison->rows[i]);
    for (size_t i = 0; i < comparison->measure_count; i++)
        if (strcmp(comparison->measures[i].model, model) == 0)
            add_measure(out, &comparison->measures[i]);
}

static void add_head(struct buffer *out, const struct comparison *comparison)
{
    struct buffer words = {0};
    compare_words_advice(comparison, &words);
    add_line(out, "", &words);
    buffer_append_str(out, STR("\n"));
    compare_words_side(comparison, 0, &words);
    add_line(out, "A  ", &words);
    compare_words_side(comparison, 1, &words);
    add_line(out, "B  ", &words);
    if (comparison->paired)
        buffer_printf(out, "paired: %llu samples are in both\n",
                      (unsigned long long)comparison->matched);
    for (size_t i = 0; i < comparison->notes.count; i++) {
        buffer_append_str(out, STR("note: "));
        page_clean(out, comparison->notes.lines[i]);
        buffer_append_str(out, STR("\n"));
    }
    buffer_append_str(out, STR("\n"));
}

void comparison_text(const struct comparison *comparison, struct buffer *out)
{
    struct buffer words = {0};
    const char *model = NULL;
    add_head(out, comparison);
    for (size_t i = 0; i < comparison->count; i++) {
        if (model && strcmp(model, comparison->rows[i].model) == 0)
            continue;
        model = comparison->rows[i].model;
        add_model(out, comparison, model);
    }
    if (comparison->count == 0)
        buffer_append_str(out, STR("No scores that both sides have.\n"));
    buffer_append_str(out, STR("\n"));
    compare_words_verdicts(comparison, &words);
    add_line(out, "", &words);
    compare_words_p(comparison, &words);
    add_line(out, "", &words);
    buffer_printf(out, "%zu shard%s read\n", comparison->stores->shard_count,
                  comparison->stores->shard_count == 1 ? "" : "s");
    page_pending(&words, comparison->pending);
    add_line(out, "", &words);
    page_partial(out, &comparison->stores->partial);
}
