/* drift_json: the drift report for programs. */
#include <math.h>

#include "worker/report/drift/drift_measures.h"
#include "worker/report/drift/drift_report.h"
#include "worker/report/pages/json_members.h"

static void add_row(struct buffer *out, const struct drift_report *report,
                    const struct report_series *series, const struct drift_row *row)
{
    member_text(out, "verdict", drift_verdict_name(row->verdict));
    member_text(out, "model", series->model);
    member_text(out, "rubric", series->rubric);
    member_text(out, "metric", series->criterion);
    member_text(out, "dimension", series->dimension);
    member_text(out, "criterion_hash", series->hash);
    member_name(out, "segment");
    if (row->segment == DRIFT_ALL_SEGMENTS)
        buffer_append_str(out, STR("null"));
    else
        buffer_append_str(out, str_of(report->breakdown.parts[row->segment]));
    member_level(out, "base", &row->base);
    member_level(out, "cur", &row->current);
    member_number(out, "delta", row->difference.delta);
    member_interval(out, "ci", row->difference.ci);
    member_number(out, "tol", series->tolerance);
    member_number(out, "p", row->difference.p);
    member_number(out, "p_bh", row->p_adjusted);
    member_number(out, "log_e", row->log_e);
    member_number(out, "mde", row->mde);
    member_number(out, "more", drift_row_more(row, series->tolerance));
    member_number(out, "within", row->within);
    member_number(out, "mix", row->mix);
}

static void add_trend(struct buffer *out, const struct report_series *series)
{
    struct trend_point points[TREND_POINTS_MAX];
    size_t count = drift_series_trend(series->cells, points);
    member_name(out, "trend");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < count; i++) {
        buffer_append_str(out, i ? STR(",{") : STR("{"));
        member_time(out, "from", points[i].from_ms);
        member_time(out, "to", points[i].to_ms);
        member_count(out, "n", points[i].n);
        member_number(out, "mean", points[i].mean);
        member_interval(out, "ci", points[i].ci);
        buffer_append_str(out, STR("}"));
    }
    buffer_append_str(out, STR("]"));
}

static void add_marks(struct buffer *out, const struct drift_report *report)
{
    const struct drift_question *question = &report->question;
    member_name(out, "marks");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; report->marks && i < report->marks->count; i++) {
        const struct owned_mark *mark = &report->marks->items[i];
        if (!mark_is_of(mark, report->model, question->base.from_ms, question->current.to_ms))
            continue;
        buffer_append_str(out, out->data[out->size - 1] == '[' ? STR("{") : STR(",{"));
        member_time(out, "time", mark->at_ms);
        member_text(out, "model", mark->model);
        member_text(out, "text", mark->text);
        buffer_append_str(out, STR("}"));
    }
    buffer_append_str(out, STR("]"));
}

static void add_measure(struct buffer *out, const struct report_series *series)
{
    const struct drift_row *all = &series->answer.all;
    double quantile = series->measure->quantile;
    bool share = quantile == 0;
    member_name(out, "measure");
    buffer_append_str(out, STR("{"));
    member_text(out, "unit", series->measure->unit);
    member_number(out, "quantile", share ? NAN : quantile);
    member_number(out, "base", share ? all->base.mean : series->base_quantile);
    member_number(out, "cur", share ? all->current.mean : series->current_quantile);
    member_number(out, "limit", share ? NAN : series->limit);
    buffer_append_str(out, STR("}"));
}

static void add_series(struct buffer *out, const struct drift_report *report,
                       const struct report_series *series)
{
    const struct drift_answer *answer = &series->answer;
    buffer_append_str(out, out->data[out->size - 1] == '[' ? STR("{") : STR(",{"));
    add_row(out, report, series, &answer->all);
    member_flag(out, "criterion_changed", series->changed);
    if (series->measure)
        add_measure(out, series);
    if (answer->onset.found) {
        member_time(out, "since", answer->onset.since_ms);
        member_name(out, "since_set");
        buffer_append_str(out, STR("{"));
        member_time(out, "first", answer->onset.first_ms);
        member_time(out, "last", answer->onset.last_ms);
        buffer_append_str(out, STR("}"));
    }
    add_trend(out, series);
    buffer_append_str(out, STR("}"));
    for (size_t i = 0; answer->segment_count > 1 && i < answer->segment_count; i++) {
        buffer_append_str(out, STR(",{"));
        add_row(out, report, series, &answer->segments[i]);
        buffer_append_str(out, STR("}"));
    }
}

void drift_report_json(const struct drift_report *report, struct buffer *out)
{
    static const char *const windows[] = {"base", "cur"};
    buffer_append_str(out, STR("{"));
    member_range(out, "baseline", report->question.base);
    member_range(out, "window", report->question.current);
    member_flag(out, "aligned", report->aligned);
    member_flag(out, "hour_of_week", report->question.hour_of_week);
    member_number(out, "alpha", report->question.alpha);
    member_count(out, "tested", report->tested);
    member_count(out, "found", report->found);
    member_count(out, "pending", (uint64_t)report->pending);
    member_flag(out, "partial", report->partial.total > 0);
    member_texts(out, "problems", report->partial.lines, report->partial.count);
    member_texts(out, "shards", report->shards, report->shard_count);
    int64_t watermark_ms = drift_report_watermark(report);
    if (watermark_ms != INT64_MIN)
        member_time(out, "watermark", watermark_ms);
    add_marks(out, report);
    member_traffic(out, &report->traffic, windows, 2);
    member_name(out, "rows");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < report->count; i++)
        add_series(out, report, &report->series[i]);
    buffer_append_str(out, STR("]}\n"));
}
