/* drift_text: the drift report for people, at a terminal. */
#include <math.h>

#include "worker/report/drift/drift_measures.h"
#include "worker/report/drift/drift_words.h"
#include "worker/report/pages/page_words.h"

/* What is not shown is counted, and stands in the JSON. */
enum { TRAFFIC_SHOWN = 8 };
enum { DETAILED_SHOWN = 8, ROWS_SHOWN = 40, SEGMENTS_SHOWN = 3, NAMES_SHOWN = 8 };

/* Moves the words over; a line of nothing is left out. */
static void add_words(struct buffer *out, const char *before, struct buffer *words,
                      const char *after)
{
    if (words->size > 0) {
        buffer_append_str(out, str_of(before));
        page_clean(out, words->data);
        buffer_append_str(out, str_of(after));
    }
    buffer_clear(words);
}

static void add_verdict(struct buffer *out, const struct drift_report *report,
                        const struct report_series *series)
{
    const struct drift_row *row = &series->answer.all;
    struct buffer words = {0};
    drift_words_name(report, series, &words);
    buffer_append_str(out, str_of(page_verdict(row->verdict)));
    add_words(out, "  ", &words, "   ");
    drift_words_levels(series, row, out);
    if (series->measure && !drift_verdict_moved(row->verdict)) {
        buffer_append_str(out, STR("\n"));
        return;
    }
    if (series->measure && series->measure->quantile > 0) {
        buffer_append_str(out, STR("\nshare  "));
        drift_words_means(series, row, out);
    }
    drift_words_change(row, &words);
    add_words(out, "   ", &words, "");
    buffer_printf(out, "   tolerance %g\n", series->tolerance);
}

static void add_since(struct buffer *out, const struct drift_answer *answer)
{
    const struct drift_onset *onset = &answer->onset;
    char since[MINUTE_TEXT_BYTES], first[MINUTE_TEXT_BYTES], last[MINUTE_TEXT_BYTES];
    if (!onset->found)
        return;
    buffer_printf(out, "since  %s UTC", drift_words_minute(onset->since_ms, since));
    if (onset->first_ms < onset->last_ms)
        buffer_printf(out, " (between %s and %s)", drift_words_minute(onset->first_ms, first),
                      drift_words_minute(onset->last_ms, last));
    buffer_append_str(out, STR("\n"));
}

/* Names of segments with a verdict, those beyond NAMES_SHOWN counted. */
static void add_segments(struct buffer *out, const struct drift_report *report,
                         const struct drift_answer *answer, enum drift_verdict verdict,
                         const char *before)
{
    size_t found = 0;
    for (size_t i = 0; i < answer->segment_count; i++) {
        const struct drift_row *row = &answer->segments[i];
        struct buffer words = {0};
        if (row->verdict != verdict || ++found > NAMES_SHOWN)
            continue;
        drift_words_segment(report, row, &words);
        if (verdict == DRIFT_NOT_ENOUGH_DATA && !isnan(row->mde))
            buffer_printf(&words, " (%.2g)", row->mde);
        add_words(out, found == 1 ? before : ", ", &words, "");
    }
    if (found > NAMES_SHOWN)
        buffer_printf(out, " and %zu more", found - NAMES_SHOWN);
    if (found > 0 && verdict == DRIFT_NOT_ENOUGH_DATA)
        buffer_append_str(out, STR(": less would not show"));
    if (found > 0)
        buffer_append_str(out, STR("\n"));
}

/* Those that changed, a line each, the surest first; then those that need none. */
static void add_where(struct buffer *out, const struct drift_report *report,
                      const struct report_series *series)
{
    const struct drift_answer *answer = &series->answer;
    if (answer->segment_count < 2)
        return;
    if (!isnan(answer->all.within))
        buffer_printf(out, "where  quality %+.3f | traffic mix %+.3f\n", answer->all.within,
                      answer->all.mix);
    for (size_t i = 0, shown = 0; i < answer->segment_count && shown < SEGMENTS_SHOWN; i++) {
        const struct drift_row *row = &answer->segments[i];
        struct buffer words = {0};
        if (!drift_verdict_moved(row->verdict))
            continue;
        shown++;
        drift_words_segment(report, row, &words);
        buffer_printf(&words, ": %s ", page_verdict(row->verdict));
        drift_words_means(series, row, &words);
        buffer_append_str(&words, STR(" "));
        drift_words_change(row, &words);
        add_words(out, "       ", &words, "\n");
    }
    add_segments(out, report, answer, DRIFT_NO_MEANINGFUL_CHANGE, "       fine: ");
    add_segments(out, report, answer, DRIFT_NOT_ENOUGH_DATA, "       unknown: ");
}

/* One block a step, the lowest and highest mean of the plot at its ends; "|" before the window. */
static void add_trend(struct buffer *out, const struct drift_report *report,
                      const struct report_series *series)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    struct trend_point points[TREND_POINTS_MAX];
    size_t count = drift_series_trend(series->cells, points);
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, points[i].mean);
        high = fmax(high, points[i].mean);
    }
    if (!(low <= high))
        return;
    buffer_append_str(out, STR("trend  "));
    for (size_t i = 0; i < count; i++) {
        double height = (points[i].mean - low) / fmax(high - low, series->tolerance);
        int64_t start_ms = report->question.current.from_ms;
        if (i > 0 && points[i].from_ms <= start_ms && start_ms < points[i].to_ms)
            buffer_append_str(out, STR("|"));
        buffer_append_str(out, points[i].n == 0 ? STR(" ") : str_of(blocks[lround(height * 7)]));
    }
    buffer_printf(out, "  %.3f to %.3f, %lld h each, | window\n", low, high,
                  (long long)(points[count - 1].to_ms - points[count - 1].from_ms) / 3600000);
}

static void add_data(struct buffer *out, const struct drift_row *row)
{
    buffer_append_str(out, STR("data   baseline "));
    drift_words_level(&row->base, out);
    buffer_append_str(out, STR("; window "));
    drift_words_level(&row->current, out);
    buffer_append_str(out, STR("\n"));
}

/* All that is known of a change. */
static void add_detail(struct buffer *out, const struct drift_report *report,
                       const struct report_series *series)
{
    const struct drift_answer *answer = &series->answer;
    struct buffer words = {0};
    add_since(out, answer);
    drift_words_marks(report, series, &words);
    add_words(out, "cause? ", &words, "\n");
    drift_words_evidence(&answer->all, &words);
    add_words(out, "sure   ", &words, "\n");
    add_where(out, report, series);
    add_data(out, &answer->all);
    add_trend(out, report, series);
    drift_words_advice(report, series, &words);
    add_words(out, "do     ", &words, "\n");
    buffer_append_str(out, STR("\n"));
}

static bool has_changed_segment(const struct drift_answer *answer)
{
    for (size_t i = 0; i < answer->segment_count; i++)
        if (drift_verdict_moved(answer->segments[i].verdict))
            return true;
    return false;
}

/* What would tell, or what is missing, of a row that did not change. */
static void add_remark(struct buffer *out, const struct drift_report *report,
                       const struct report_series *series)
{
    const struct drift_row *row = &series->answer.all;
    struct buffer words = {0};
    if (row->verdict == DRIFT_NOT_ENOUGH_DATA)
        drift_words_power(row, series->tolerance, &words);
    add_words(out, "       ", &words, "\n");
    if (row->verdict == DRIFT_NOT_ENOUGH_DATA || has_changed_segment(&series->answer))
        add_where(out, report, series);
    if (row->base.missing > 0 || row->current.missing > 0)
        add_data(out, row);
    drift_words_advice(report, series, &words);
    add_words(out, "do     ", &words, "\n");
}

static void add_series(struct buffer *out, const struct drift_report *report, size_t index)
{
    const struct report_series *series = &report->series[index];
    bool moved = drift_verdict_moved(series->answer.all.verdict);
    add_verdict(out, report, series);
    if (series->changed)
        buffer_printf(out,
                      "note   the criterion changed between the windows: %.12s is not "
                      "compared with another\n",
                      series->hash);
    if (moved && index < DETAILED_SHOWN)
        add_detail(out, report, series);
    else if (!moved && !series->measure) /* what traffic looks like matters where it changed */
        add_remark(out, report, series);
}

static void add_windows(struct buffer *out, const struct drift_report *report)
{
    const struct drift_question *question = &report->question;
    int64_t watermark_ms = drift_report_watermark(report);
    char from[MINUTE_TEXT_BYTES], to[MINUTE_TEXT_BYTES];
    buffer_printf(out, "window    %s to %s UTC",
                  drift_words_minute(question->current.from_ms, from),
                  drift_words_minute(question->current.to_ms, to));
    if (watermark_ms != INT64_MIN)
        buffer_printf(out, ", scores until %s", drift_words_minute(watermark_ms, to));
    buffer_printf(out, "\nbaseline  %s to %s UTC\n",
                  drift_words_minute(question->base.from_ms, from),
                  drift_words_minute(question->base.to_ms, to));
    if (question->hour_of_week)
        buffer_append_str(out, STR("          only the hours of the week that the window has; both "
                                   "are full hours\n"));
    else if (report->aligned)
        buffer_append_str(out,
                          STR("          widened to full hours: what is older than 48 hours is "
                              "kept by the hour\n"));
}

/* Of models of which a part was evaluated. */
static void add_traffic(struct buffer *out, const struct drift_report *report)
{
    struct buffer words = {0};
    for (size_t i = 0; i < report->traffic.count && i < TRAFFIC_SHOWN; i++) {
        drift_words_traffic(&report->traffic.models[i], &words);
        add_words(out, i ? "          " : "weighted  ", &words, "\n");
    }
    if (report->traffic.count > TRAFFIC_SHOWN)
        buffer_printf(out, "          and %zu more models\n",
                      report->traffic.count - TRAFFIC_SHOWN);
}

static bool is_worse_somewhere(const struct drift_answer *answer)
{
    bool worse = answer->all.verdict == DRIFT_WORSE;
    for (size_t i = 0; i < answer->segment_count && !worse; i++)
        worse = answer->segments[i].verdict == DRIFT_WORSE;
    return worse;
}

/* Where to go from here, when something is worse. */
static void add_next(struct buffer *out, const struct drift_report *report)
{
    bool worse = false;
    for (size_t i = 0; i < report->count; i++)
        worse = worse || is_worse_somewhere(&report->series[i].answer);
    if (!worse)
        return;
    buffer_append_str(out, STR("next      assay report quality --store ... names the worst "
                               "answers, with reasons"));
    if (report->breakdown.key_count == 0 && report->breakdown.segment_count > 1)
        buffer_append_str(out, STR("\n          this report with --segment language (or route, "
                                   "tags.NAME) tells where it is"));
    buffer_append_str(out, STR("\n"));
}

static void add_partial(struct buffer *out, const struct drift_report *report)
{
    buffer_printf(out, "read      %zu shard%s", report->shard_count,
                  report->shard_count == 1 ? "" : "s");
    buffer_append_str(out, report->pending > 0 ? STR("; ") : STR(""));
    page_pending(out, report->pending);
    buffer_append_str(out, report->partial.total > 0 ? STR("\nPARTIAL   this is not all:\n")
                                                     : STR("; nothing known to be missing\n"));
    for (size_t i = 0; i < report->partial.count; i++) {
        buffer_append_str(out, STR("  "));
        page_clean(out, report->partial.lines[i]);
        buffer_append_str(out, STR("\n"));
    }
}

void drift_report_text(const struct drift_report *report, struct buffer *out)
{
    for (size_t i = 0; i < report->count && i < ROWS_SHOWN; i++)
        add_series(out, report, i);
    if (report->count > ROWS_SHOWN)
        buffer_printf(out, "and %zu more rows, the quietest: --format json lists them\n",
                      report->count - ROWS_SHOWN);
    if (report->count == 0)
        page_no_scores(out, "these windows", report->span);
    buffer_append_str(out, report->count == 0 ? STR("\n\n") : STR("\n"));
    add_windows(out, report);
    add_traffic(out, report);
    buffer_append_str(out, STR("tested    "));
    drift_words_tested(report, out);
    buffer_append_str(out, STR("\n"));
    add_partial(out, report);
    add_next(out, report);
    double sure = 100 * (1 - report->question.alpha);
    buffer_printf(out,
                  "First lines: mean score of the baseline -> of the window, 1 is best; the change "
                  "[%g %% interval].\nWORSE, BETTER: beyond the tolerance, %g %% sure. NO "
                  "MEANINGFUL CHANGE: within it.\nNOT ENOUGH DATA: neither is sure.\n",
                  sure, sure);
}
