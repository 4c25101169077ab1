/* compare_html: a comparison as one page for a browser. */
#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/compare/compare_words.h"
#include "worker/report/pages/html.h"
#include "worker/report/pages/page_words.h"
#include "worker/report/pages/svg.h"

/* What a page has room for: a part is begun only below its limit, and no part is as long as what is
 * left to the next. What has no room is counted, and stands in the JSON. */
enum {
    TABLE_BYTES = 40000,
    DETAILS_BYTES = 82000,
    PROBLEMS_BYTES = 96000,
    CHANGES_SHOWN = 30,
    MOVERS_SHOWN = 10,
    SEGMENTS_SHOWN = 8,
};

static void add_name(struct buffer *out, const struct compare_row *row)
{
    struct buffer words = {0};
    if (row->model[0])
        buffer_printf(&words, "%s / ", row->model);
    buffer_append_str(&words, str_of(row->a->name));
    html_move(out, &words, true);
}

/* A cell of numbers; empties the words. */
static void add_cell(struct buffer *out, struct buffer *words)
{
    buffer_append_str(out, STR("<td class=\"number\">"));
    html_move(out, words, false);
    buffer_append_str(out, STR("</td>"));
}

/* ---- all rows ---- */

static void add_cells(struct buffer *out, const struct compare_row *row)
{
    struct buffer words = {0};
    buffer_append_str(out, STR("</th><td>"));
    html_verdict(out, row->verdict);
    buffer_append_str(out, STR("</td>"));
    compare_words_levels(row, &words);
    add_cell(out, &words);
    compare_words_change(row, &words);
    add_cell(out, &words);
    if (!isnan(row->p_adjusted))
        buffer_printf(&words, "%.2g", row->p_adjusted);
    add_cell(out, &words);
    buffer_printf(&words, "%llu", (unsigned long long)row->level_a.n);
    if (!row->paired)
        buffer_printf(&words, ", %llu", (unsigned long long)row->level_b.n);
    add_cell(out, &words);
}

/* Only criteria pass or fail; only pairs flip. */
static void add_flips(struct buffer *out, const struct compare_row *row)
{
    if (row->passes.n > 0)
        buffer_printf(out, "<td class=\"number\">%llu</td><td class=\"number\">%llu</td></tr>\n",
                      (unsigned long long)row->broke, (unsigned long long)row->fixed);
    else
        buffer_append_str(out, STR("<td></td><td></td></tr>\n"));
}

static void add_table(struct buffer *out, const struct comparison *comparison)
{
    static const char *const heads[] = {"metric", "verdict",          "A -> B", "B - A [95 %]",
                                        "p, over all rows", "scores", "broke",  "fixed"};
    size_t i = 0;
    html_table(out, "All rows");
    buffer_append_str(out, STR("All rows: composite, dimensions, criteria"));
    html_columns(out, heads, sizeof heads / sizeof *heads);
    for (; i < comparison->count && out->size < TABLE_BYTES; i++) {
        const struct compare_row *row = &comparison->rows[i];
        buffer_append_str(out, STR("<tr><th scope=\"row\">"));
        add_name(out, row);
        add_cells(out, row);
        add_flips(out, row);
    }
    html_table_end(out);
    html_left_out(out, comparison->count - i, "");
}

static void add_picture(struct buffer *out, const struct comparison *comparison)
{
    size_t count = comparison->count < CHANGES_SHOWN ? comparison->count : CHANGES_SHOWN;
    struct forest_row *rows = memory_new(count + 1, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        rows[i] = (struct forest_row){.verdict = row->verdict,
                                      .delta = row->difference.delta,
                                      .tolerance = comparison->tolerance,
                                      .ci = row->difference.ci};
        if (row->model[0])
            buffer_printf(&rows[i].name, "%s / ", row->model);
        buffer_append_str(&rows[i].name, str_of(row->a->name));
    }
    buffer_append_str(out, STR("<figure>"));
    svg_forest(rows, count, out);
    buffer_append_str(out,
                      STR("<figcaption>B minus A of each row: square, with its 95 % interval; "
                          "grey: the tolerance.</figcaption></figure>\n"));
    free(rows);
}

static void add_rows(struct buffer *out, const struct comparison *comparison)
{
    buffer_append_str(out, STR("<section aria-labelledby=\"all\"><h2 id=\"all\">Quality</h2>\n"));
    if (comparison->count == 0)
        buffer_append_str(out, STR("<p>No scores that both sides have.</p>"));
    else {
        add_picture(out, comparison);
        add_table(out, comparison);
    }
    buffer_append_str(out, STR("</section>\n"));
}

/* ---- cost and latency ---- */

static void add_measures(struct buffer *out, const struct comparison *comparison)
{
    static const char *const heads[] = {"measure", "A -> B", "B - A [95 %]", "p95"};
    if (comparison->measure_count == 0)
        return;
    buffer_append_str(out, STR("<section aria-labelledby=\"took\"><h2 id=\"took\">What answers "
                               "took</h2>\n"));
    html_table(out, "What answers took");
    buffer_append_str(out, STR("Means; costs are in the currency of the prices"));
    html_columns(out, heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < comparison->measure_count && out->size < TABLE_BYTES + 4000; i++) {
        const struct measure_row *row = &comparison->measures[i];
        struct buffer words = {0};
        buffer_printf(&words, "%s%s%s", row->model, row->model[0] ? " / " : "",
                      compare_words_measure(row->measure));
        buffer_append_str(out, STR("<tr><th scope=\"row\">"));
        html_move(out, &words, true);
        buffer_append_str(out, STR("</th>"));
        compare_words_amounts(row, &words);
        add_cell(out, &words);
        compare_words_amount_change(row, &words);
        add_cell(out, &words);
        if (!isnan(row->a.p95) && !isnan(row->b.p95))
            buffer_printf(&words, "%.4g -> %.4g", row->a.p95, row->b.p95);
        add_cell(out, &words);
        buffer_append_str(out, STR("</tr>\n"));
    }
    html_table_end(out);
    buffer_append_str(out, STR("</section>\n"));
}

/* ---- rows in detail ---- */

static void add_segments(struct buffer *out, const struct comparison *comparison,
                         const struct compare_row *row)
{
    static const char *const heads[] = {"segment",      "verdict",          "A -> B",
                                        "B - A [95 %]", "p, over all rows", "scores"};
    if (row->segment_count == 0)
        return;
    html_table(out, "Segments");
    buffer_append_str(out, STR("Segments of "));
    add_name(out, row);
    if (row->segment_count > SEGMENTS_SHOWN)
        buffer_printf(out, ", %d of %zu", SEGMENTS_SHOWN, row->segment_count);
    html_columns(out, heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < row->segment_count && i < SEGMENTS_SHOWN; i++) {
        struct buffer words = {0};
        buffer_append_str(out, STR("<tr><th scope=\"row\">"));
        compare_words_segment(comparison, &row->segments[i], &words);
        html_move(out, &words, true);
        add_cells(out, &row->segments[i]);
        buffer_append_str(out, STR("</tr>\n"));
    }
    html_table_end(out);
}

static void add_reason(struct buffer *out, const char *reason)
{
    struct buffer words = {0};
    buffer_append_str(&words, reason && reason[0] ? str_of(reason) : STR("-"));
    buffer_append_str(out, STR("<td>"));
    html_move(out, &words, true);
    buffer_append_str(out, STR("</td>"));
}

static void add_movers(struct buffer *out, const struct compare_row *row)
{
    static const char *const flips[] = {
        [COMPARE_NO_FLIP] = "-", [COMPARE_BROKE] = "broke", [COMPARE_FIXED] = "fixed"};
    static const char *const heads[] = {"sample",         "flip",           "A -> B",
                                        "reason, with A", "reason, with B"};
    if (row->mover_count == 0 || row->a->kind != COMPARE_CRITERION)
        return;
    html_table(out, "Samples");
    buffer_append_str(out, STR("Samples that flipped or moved most by "));
    add_name(out, row);
    html_columns(out, heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < row->mover_count && i < MOVERS_SHOWN; i++) {
        const struct mover *one = &row->movers[i];
        struct buffer words = {0};
        buffer_append_str(&words, str_of(one->sample));
        buffer_append_str(out, STR("<tr><th scope=\"row\">"));
        html_move(out, &words, true);
        buffer_printf(out, "</th><td>%s</td><td class=\"number\">%.3f -> %.3f</td>",
                      flips[one->flip], one->a, one->b);
        add_reason(out, one->reason_a);
        add_reason(out, one->reason_b);
        buffer_append_str(out, STR("</tr>\n"));
    }
    html_table_end(out);
}

static void add_detail(struct buffer *out, const struct comparison *comparison,
                       const struct compare_row *row)
{
    struct buffer words = {0};
    buffer_append_str(out, STR("<article><h3>"));
    html_verdict(out, row->verdict);
    buffer_append_str(out, STR(" "));
    add_name(out, row);
    buffer_append_str(out, STR("</h3><p class=\"number\">"));
    compare_words_levels(row, &words);
    buffer_append_str(&words, STR("  "));
    compare_words_change(row, &words);
    html_move(out, &words, false);
    buffer_append_str(out, STR("</p><dl>"));
    compare_words_flips(row, &words);
    html_term(out, "flips", &words);
    compare_words_missing(row, &words);
    html_term(out, "no score", &words);
    compare_words_agreement(row, &words);
    html_term(out, "agreement", &words);
    compare_words_rules(row, &words);
    html_term(out, "note", &words);
    buffer_append_str(out, STR("</dl>"));
    add_segments(out, comparison, row);
    add_movers(out, row);
    buffer_append_str(out, STR("</article>\n"));
}

/* Has a row more to say than the table does? */
static bool needs_detail(const struct compare_row *row)
{
    return row->segment_count > 0 || row->mover_count > 0 || row->passes.n > 0;
}

static void add_details(struct buffer *out, const struct comparison *comparison)
{
    size_t left_out = 0;
    buffer_append_str(out, STR("<section aria-labelledby=\"rows\"><h2 id=\"rows\">What moved, "
                               "where, and why</h2>\n"));
    for (size_t i = 0; i < comparison->count; i++) {
        if (!needs_detail(&comparison->rows[i]))
            continue;
        if (out->size < DETAILS_BYTES)
            add_detail(out, comparison, &comparison->rows[i]);
        else
            left_out++;
    }
    if (left_out > 0)
        buffer_printf(out,
                      "<p class=\"quiet\">%zu more rows have no room here: --format json lists "
                      "their segments and samples.</p>",
                      left_out);
    buffer_append_str(out, STR("</section>\n"));
}

/* ---- what it is made of ---- */

static void add_notes(struct buffer *out, const struct comparison *comparison)
{
    if (comparison->notes.count > 0)
        buffer_append_str(out, STR("<h3>Before you rely on it</h3><ul>"));
    for (size_t i = 0; i < comparison->notes.count; i++) {
        buffer_append_str(out, STR("<li>"));
        html_append(out, str_of(comparison->notes.lines[i]));
        buffer_append_str(out, STR("</li>"));
    }
    buffer_append_str(out, comparison->notes.count > 0 ? STR("</ul>") : STR(""));
}

static void add_sides(struct buffer *out, const struct comparison *comparison)
{
    struct buffer words = {0};
    buffer_append_str(out, STR("<section aria-labelledby=\"sides\"><h2 id=\"sides\">What is "
                               "compared</h2><dl>"));
    compare_words_side(comparison, 0, &words);
    html_term(out, "A", &words);
    compare_words_side(comparison, 1, &words);
    html_term(out, "B", &words);
    if (comparison->paired)
        buffer_printf(&words, "%llu samples are in both, and are compared one by one",
                      (unsigned long long)comparison->matched);
    html_term(out, "pairs", &words);
    buffer_append_str(out, STR("</dl>"));
    add_notes(out, comparison);
    buffer_append_str(out, STR("</section>\n"));
}

static void add_data(struct buffer *out, const struct comparison *comparison)
{
    struct buffer words = {0};
    const struct stores *stores = comparison->stores;
    buffer_append_str(out,
                      STR("<section aria-labelledby=\"data\"><h2 id=\"data\">What this is made "
                          "of</h2><dl>"));
    buffer_printf(&words, "%zu row%s and segments", comparison->tested,
                  comparison->tested == 1 ? "" : "s");
    html_term(out, "tested", &words);
    buffer_printf(&words, "%zu shard%s%s", stores->shard_count, stores->shard_count == 1 ? "" : "s",
                  stores->partial.total > 0 ? "" : "; nothing known to be missing");
    html_term(out, "read", &words);
    page_pending(&words, comparison->pending);
    html_term(out, "pending", &words);
    buffer_append_str(out, STR("</dl>"));
    html_partial(out, &stores->partial, PROBLEMS_BYTES);
    compare_words_verdicts(comparison, &words);
    buffer_append_str(&words, STR(". "));
    compare_words_p(comparison, &words);
    buffer_append_str(out, STR("<p class=\"quiet\">"));
    html_move(out, &words, false);
    buffer_append_str(out, STR(".</p></section>\n"));
}

void comparison_html(const struct comparison *comparison, struct buffer *out)
{
    struct buffer lead = {0};
    compare_words_advice(comparison, &lead);
    html_begin(out, "Comparison", "Comparison", buffer_str(&lead), &comparison->stores->partial);
    buffer_clear(&lead);
    add_sides(out, comparison);
    add_rows(out, comparison);
    add_measures(out, comparison);
    add_details(out, comparison);
    add_data(out, comparison);
    html_end(out);
}
