/* drift_html: the drift report as one page for a browser. */
#include <math.h>

#include "worker/report/drift/drift_measures.h"
#include "worker/report/drift/drift_plot.h"
#include "worker/report/drift/drift_words.h"
#include "worker/report/pages/html.h"
#include "worker/report/pages/page_words.h"

/* What a page has room for: a part is begun only below its limit, and no part is as long as what is
 * left to the next. What has no room is counted, and stands in the JSON. */
enum {
    TRAFFIC_SHOWN = 8,
    DETAILS_BYTES = 62000,
    TABLE_BYTES = 88000,
    PROBLEMS_BYTES = 96000,
    CHANGES_SHOWN = 30,
    SEGMENTS_SHOWN = 6,
};

static void add_name(struct buffer *out, const struct drift_report *report,
                     const struct report_series *series)
{
    struct buffer words = {0};
    drift_words_name(report, series, &words);
    html_move(out, &words, true);
}

static void add_head(struct buffer *out, const struct drift_report *report)
{
    struct buffer words = {0};
    drift_words_counts(report, &words);
    html_begin(out, "Drift", "Drift report", buffer_str(&words), &report->partial);
    buffer_clear(&words);
}

/* ---- rows in detail ---- */

static void add_since(struct buffer *out, const struct drift_answer *answer)
{
    char since[MINUTE_TEXT_BYTES], first[MINUTE_TEXT_BYTES], last[MINUTE_TEXT_BYTES];
    struct buffer words = {0};
    if (answer->onset.found)
        buffer_printf(&words, "%s UTC (%s to %s)",
                      drift_words_minute(answer->onset.since_ms, since),
                      drift_words_minute(answer->onset.first_ms, first),
                      drift_words_minute(answer->onset.last_ms, last));
    html_term(out, "since", &words);
}

static void add_facts(struct buffer *out, const struct drift_report *report,
                      const struct report_series *series)
{
    const struct drift_answer *answer = &series->answer;
    const struct drift_row *row = &answer->all;
    struct buffer words = {0};
    buffer_append_str(out, STR("<dl>"));
    if (series->measure && series->measure->quantile > 0)
        drift_words_means(series, row, &words);
    html_term(out, "share", &words);
    add_since(out, answer);
    drift_words_marks(report, series, &words);
    html_term(out, "cause?", &words);
    drift_words_evidence(row, &words);
    html_term(out, "how sure", &words);
    if (row->verdict == DRIFT_NOT_ENOUGH_DATA)
        drift_words_power(row, series->tolerance, &words);
    html_term(out, "it takes", &words);
    if (answer->segment_count > 1 && !isnan(row->within))
        buffer_printf(&words, "quality %+.3f, traffic mix %+.3f", row->within, row->mix);
    html_term(out, "where", &words);
    drift_words_level(&row->base, &words);
    html_term(out, "baseline", &words);
    drift_words_level(&row->current, &words);
    html_term(out, "window", &words);
    if (series->changed)
        buffer_printf(&words,
                      "the criterion changed between the windows: %.12s is not compared "
                      "with another",
                      series->hash);
    html_term(out, "note", &words);
    drift_words_advice(report, series, &words);
    html_term(out, "do", &words);
    buffer_append_str(out, STR("</dl>"));
}

static void add_segment(struct buffer *out, const struct drift_report *report,
                        const struct report_series *series, const struct drift_row *row)
{
    struct buffer words = {0};
    buffer_append_str(out, STR("<tr><th scope=\"row\">"));
    drift_words_segment(report, row, &words);
    html_move(out, &words, true);
    buffer_append_str(out, STR("</th><td>"));
    html_verdict(out, row->verdict);
    buffer_append_str(out, STR("</td><td class=\"number\">"));
    drift_words_means(series, row, out);
    buffer_append_str(out, STR("</td><td class=\"number\">"));
    drift_words_change(row, out);
    buffer_printf(out, "</td><td class=\"number\">%.0f</td></tr>", row->current.n_eff);
}

static void add_segments(struct buffer *out, const struct drift_report *report,
                         const struct report_series *series)
{
    static const char *const heads[] = {"segment", "verdict", "mean", "change [95 %]", "n_eff"};
    const struct drift_answer *answer = &series->answer;
    if (answer->segment_count < 2)
        return;
    html_table(out, "Segments");
    buffer_append_str(out, STR("Segments of "));
    add_name(out, report, series);
    if (answer->segment_count > SEGMENTS_SHOWN)
        buffer_printf(out, ", %d of %zu", SEGMENTS_SHOWN, answer->segment_count);
    html_columns(out, heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < answer->segment_count && i < SEGMENTS_SHOWN; i++)
        add_segment(out, report, series, &answer->segments[i]);
    html_table_end(out);
}

static void add_detail(struct buffer *out, const struct drift_report *report, size_t index)
{
    const struct report_series *series = &report->series[index];
    const struct drift_row *row = &series->answer.all;
    buffer_append_str(out, STR("<article><h3>"));
    html_verdict(out, row->verdict);
    buffer_append_str(out, STR(" "));
    add_name(out, report, series);
    buffer_append_str(out, STR("</h3><p class=\"number\">"));
    drift_words_levels(series, row, out);
    buffer_append_str(out, STR(" &nbsp; "));
    drift_words_change(row, out);
    buffer_printf(out, " &nbsp; tolerance %g</p>", series->tolerance);
    add_facts(out, report, series);
    buffer_append_str(out, STR("<figure>"));
    drift_plot_trend(report, series, index, out);
    buffer_append_str(out, STR("<figcaption>Means with 95 % intervals; dashed: the baseline's mean "
                               "and the tolerance around it; shaded: the window"));
    if (series->answer.onset.found)
        buffer_append_str(out, STR("; dotted box: the hours in which it may have begun"));
    buffer_append_str(out, STR(".</figcaption></figure>"));
    add_segments(out, report, series);
    buffer_append_str(out, STR("</article>\n"));
}

/* What traffic looks like needs a look where it changed. */
static bool needs_detail(const struct report_series *series)
{
    return !series->measure || drift_verdict_moved(series->answer.all.verdict);
}

static void add_details(struct buffer *out, const struct drift_report *report)
{
    size_t shown = 0;
    buffer_append_str(out,
                      STR("<section aria-labelledby=\"rows\"><h2 id=\"rows\">What needs a look "
                          "first</h2>\n"));
    for (size_t i = 0; i < report->count && out->size < DETAILS_BYTES; i++)
        if (needs_detail(&report->series[i])) {
            add_detail(out, report, i);
            shown++;
        }
    if (shown < report->count)
        buffer_printf(out, "<p class=\"quiet\">%zu quieter rows stand in the table only.</p>",
                      report->count - shown);
    if (report->count == 0) {
        buffer_append_str(out, STR("<p>"));
        page_no_scores(out, "these windows", report->span);
        buffer_append_str(out, STR("</p>"));
    }
    buffer_append_str(out, STR("</section>\n"));
}

/* ---- all rows ---- */

static void add_row(struct buffer *out, const struct drift_report *report,
                    const struct report_series *series)
{
    const struct drift_row *row = &series->answer.all;
    buffer_append_str(out, STR("<tr><th scope=\"row\">"));
    add_name(out, report, series);
    buffer_append_str(out, STR("</th><td>"));
    html_verdict(out, row->verdict);
    buffer_append_str(out, STR("</td><td class=\"number\">"));
    drift_words_levels(series, row, out);
    buffer_append_str(out, STR("</td><td class=\"number\">"));
    drift_words_change(row, out);
    buffer_printf(out, "</td><td class=\"number\">%g</td><td class=\"number\">", series->tolerance);
    if (!isnan(row->p_adjusted))
        buffer_printf(out, "%.2g", row->p_adjusted);
    buffer_append_str(out, STR("</td><td class=\"number\">"));
    if (!isnan(row->mde))
        buffer_printf(out, "%.2g", row->mde);
    buffer_printf(out,
                  "</td><td class=\"number\">%llu</td><td class=\"number\">%.1f %%</td></tr>\n",
                  (unsigned long long)row->current.n, 100 * row->current.missing);
}

static void add_table(struct buffer *out, const struct drift_report *report)
{
    size_t i = 0;
    static const char *const heads[] = {"model / metric", "verdict",   "mean",
                                        "change [95 %]",  "tolerance", "p, over all rows",
                                        "would show",     "scores",    "missing"};
    html_table(out, "All rows");
    buffer_append_str(out, STR("All rows, those that need a look first"));
    html_columns(out, heads, sizeof heads / sizeof *heads);
    for (; i < report->count && out->size < TABLE_BYTES; i++)
        add_row(out, report, &report->series[i]);
    html_table_end(out);
    html_left_out(out, report->count - i, ", the quietest,");
}

static void add_all(struct buffer *out, const struct drift_report *report)
{
    if (report->count == 0)
        return;
    size_t shown = report->count < CHANGES_SHOWN ? report->count : CHANGES_SHOWN;
    buffer_append_str(out, STR("<section aria-labelledby=\"all\"><h2 id=\"all\">All rows</h2>\n"
                               "<figure>"));
    drift_plot_changes(report, shown, out);
    buffer_append_str(out,
                      STR("<figcaption>The change of each row: square, with its 95 % interval; "
                          "grey: the tolerance.</figcaption></figure>\n"));
    add_table(out, report);
    buffer_append_str(out, STR("</section>\n"));
}

/* ---- what it is made of ---- */

static void add_range(struct buffer *out, const char *term, struct time_range range)
{
    char from[MINUTE_TEXT_BYTES], to[MINUTE_TEXT_BYTES];
    buffer_printf(out, "<dt>%s</dt><dd>%s to %s UTC</dd>", term,
                  drift_words_minute(range.from_ms, from), drift_words_minute(range.to_ms, to));
}

static void add_data(struct buffer *out, const struct drift_report *report)
{
    struct buffer words = {0};
    char until[MINUTE_TEXT_BYTES];
    int64_t watermark_ms = drift_report_watermark(report);
    buffer_append_str(out,
                      STR("<section aria-labelledby=\"data\"><h2 id=\"data\">What this is made "
                          "of</h2><dl>"));
    add_range(out, "window", report->question.current);
    add_range(out, "baseline", report->question.base);
    if (report->question.hour_of_week)
        buffer_append_str(out,
                          STR("<dt>hours</dt><dd>of the baseline only the hours of the week that "
                              "the window has</dd>"));
    if (watermark_ms != INT64_MIN)
        buffer_printf(out, "<dt>scores until</dt><dd>%s UTC</dd>",
                      drift_words_minute(watermark_ms, until));
    for (size_t i = 0; i < report->traffic.count && i < TRAFFIC_SHOWN; i++) {
        drift_words_traffic(&report->traffic.models[i], &words);
        html_term(out, "weighted", &words);
    }
    drift_words_tested(report, &words);
    html_term(out, "tested", &words);
    buffer_printf(out, "<dt>read</dt><dd>%zu shard%s%s</dd>", report->shard_count,
                  report->shard_count == 1 ? "" : "s",
                  report->partial.total > 0 ? "" : "; nothing known to be missing");
    page_pending(&words, report->pending);
    html_term(out, "pending", &words);
    buffer_append_str(out, STR("</dl>"));
    html_partial(out, &report->partial, PROBLEMS_BYTES);
    buffer_printf(
        out,
        "<p class=\"quiet\">WORSE, BETTER: beyond the tolerance, %g %% sure. NO MEANINGFUL "
        "CHANGE: within it. NOT ENOUGH DATA: neither is sure. A report is one look; asked "
        "again and again, it finds changes that are none.</p></section>\n",
        100 * (1 - report->question.alpha));
}

void drift_report_html(const struct drift_report *report, struct buffer *out)
{
    add_head(out, report);
    add_details(out, report);
    add_all(out, report);
    add_data(out, report);
    html_end(out);
}
