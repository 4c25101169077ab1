/* drift_json: the drift report for programs. */
#include <math.h>

#include "schema/base/clock.h"
#include "worker/report/drift_report.h"

static void add_name(struct buffer *out, const char *name)
{
    char last = out->size > 0 ? out->data[out->size - 1] : '{';
    buffer_printf(out, "%s\"%s\":", last == '{' || last == '[' ? "" : ",", name);
}

static void add_number(struct buffer *out, const char *name, double value)
{
    add_name(out, name);
    buffer_append_number(out, value);
}

static void add_count(struct buffer *out, const char *name, uint64_t value)
{
    add_name(out, name);
    buffer_printf(out, "%llu", (unsigned long long)value);
}

static void add_text(struct buffer *out, const char *name, const char *value)
{
    add_name(out, name);
    buffer_append_json(out, str_of(value));
}

static void add_time(struct buffer *out, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    add_text(out, name, text);
}

static void add_interval(struct buffer *out, const char *name, struct interval interval)
{
    add_name(out, name);
    buffer_append_str(out, STR("["));
    buffer_append_number(out, interval.low);
    buffer_append_str(out, STR(","));
    buffer_append_number(out, interval.high);
    buffer_append_str(out, STR("]"));
}

static void add_range(struct buffer *out, const char *name, struct time_range range)
{
    add_name(out, name);
    buffer_append_str(out, STR("{"));
    add_time(out, "from", range.from_ms);
    add_time(out, "to", range.to_ms);
    buffer_append_str(out, STR("}"));
}

static void add_level(struct buffer *out, const char *name, const struct level *level)
{
    add_name(out, name);
    buffer_append_str(out, STR("{"));
    add_count(out, "n", level->n);
    add_number(out, "n_eff", level->n_eff);
    add_number(out, "mean", level->mean);
    add_interval(out, "ci", level->ci);
    add_number(out, "missing", level->missing);
    add_interval(out, "missing_bounds", level->missing_bounds);
    buffer_append_str(out, STR("}"));
}

static void add_row(struct buffer *out, const struct drift_report *report,
                    const struct report_series *series, const struct drift_row *row)
{
    add_text(out, "verdict", drift_verdict_name(row->verdict));
    add_text(out, "model", series->model);
    add_text(out, "rubric", series->rubric);
    add_text(out, "metric", series->criterion);
    add_text(out, "dimension", series->dimension);
    add_text(out, "criterion_hash", series->hash);
    add_name(out, "segment");
    if (row->segment == DRIFT_ALL_SEGMENTS)
        buffer_append_str(out, STR("null"));
    else
        buffer_append_str(out, str_of(report->breakdown.parts[row->segment]));
    add_level(out, "base", &row->base);
    add_level(out, "cur", &row->current);
    add_number(out, "delta", row->difference.delta);
    add_interval(out, "ci", row->difference.ci);
    add_number(out, "tol", series->tolerance);
    add_number(out, "p", row->difference.p);
    add_number(out, "p_bh", row->p_adjusted);
    add_number(out, "log_e", row->log_e);
    add_number(out, "mde", row->mde);
    add_number(out, "more", drift_row_more(row, series->tolerance));
    add_number(out, "within", row->within);
    add_number(out, "mix", row->mix);
}

static void add_trend(struct buffer *out, const struct report_series *series)
{
    struct trend_point points[TREND_POINTS_MAX];
    size_t count = drift_series_trend(series->cells, points);
    add_name(out, "trend");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < count; i++) {
        buffer_append_str(out, i ? STR(",{") : STR("{"));
        add_time(out, "from", points[i].from_ms);
        add_time(out, "to", points[i].to_ms);
        add_count(out, "n", points[i].n);
        add_number(out, "mean", points[i].mean);
        add_interval(out, "ci", points[i].ci);
        buffer_append_str(out, STR("}"));
    }
    buffer_append_str(out, STR("]"));
}

static void add_series(struct buffer *out, const struct drift_report *report,
                       const struct report_series *series)
{
    const struct drift_answer *answer = &series->answer;
    buffer_append_str(out, out->data[out->size - 1] == '[' ? STR("{") : STR(",{"));
    add_row(out, report, series, &answer->all);
    add_name(out, "criterion_changed");
    buffer_append_str(out, series->changed ? STR("true") : STR("false"));
    if (answer->onset.found) {
        add_time(out, "since", answer->onset.since_ms);
        add_name(out, "since_set");
        buffer_append_str(out, STR("{"));
        add_time(out, "first", answer->onset.first_ms);
        add_time(out, "last", answer->onset.last_ms);
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

static void add_texts(struct buffer *out, const char *name, char **texts, size_t count)
{
    add_name(out, name);
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < count; i++) {
        buffer_append_str(out, i ? STR(",") : STR(""));
        buffer_append_json(out, str_of(texts[i]));
    }
    buffer_append_str(out, STR("]"));
}

void drift_report_json(const struct drift_report *report, struct buffer *out)
{
    buffer_append_str(out, STR("{"));
    add_range(out, "baseline", report->question.base);
    add_range(out, "window", report->question.current);
    add_name(out, "aligned");
    buffer_append_str(out, report->aligned ? STR("true") : STR("false"));
    add_number(out, "alpha", report->question.alpha);
    add_count(out, "tested", report->tested);
    add_count(out, "found", report->found);
    add_count(out, "pending", (uint64_t)report->pending);
    add_name(out, "partial");
    buffer_append_str(out, report->partial.total > 0 ? STR("true") : STR("false"));
    add_texts(out, "problems", report->partial.lines, report->partial.count);
    add_texts(out, "shards", report->shards, report->shard_count);
    int64_t watermark_ms = drift_report_watermark(report);
    if (watermark_ms != INT64_MIN)
        add_time(out, "watermark", watermark_ms);
    add_name(out, "rows");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < report->count; i++)
        add_series(out, report, &report->series[i]);
    buffer_append_str(out, STR("]}\n"));
}
