/* quality_json: the quality report for programs. */
#include "worker/report/json_members.h"
#include "worker/report/quality.h"

static void open_item(struct buffer *out)
{
    buffer_append_str(out, out->data[out->size - 1] == '[' ? STR("{") : STR(",{"));
}

static void add_statuses(struct buffer *out, const struct status_counts *statuses)
{
    add_name(out, "statuses");
    buffer_append_str(out, STR("{"));
    add_count(out, "scored", statuses->scored);
    add_count(out, "not_applicable", statuses->not_applicable);
    add_count(out, "skipped", statuses->skipped);
    add_count(out, "error", statuses->error);
    buffer_append_str(out, STR("}"));
}

static void add_trend(struct buffer *out, const struct quality_report *report,
                      const struct trend *trend)
{
    add_name(out, "trend");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < trend_part_count(report->window); i++) {
        open_item(out);
        add_time(out, "from", trend_part_ms(report->window, i));
        add_count(out, "n", trend_n(trend, i));
        add_number(out, "mean", trend_mean(trend, i));
        buffer_append_str(out, STR("}"));
    }
    buffer_append_str(out, STR("]"));
}

static void add_worst(struct buffer *out, const struct quality_series *series)
{
    add_name(out, "worst");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < series->worst_count; i++) {
        const struct quality_example *one = &series->worst[i];
        open_item(out);
        add_text(out, "sample", one->sample);
        add_number(out, "value", one->value);
        add_time(out, "time", one->at_ms);
        if (one->reason)
            add_text(out, "reason", one->reason);
        buffer_append_str(out, STR("}"));
    }
    buffer_append_str(out, STR("]"));
}

static void add_series(struct buffer *out, const struct quality_report *report,
                       const struct quality_series *series)
{
    static const char *const kinds[] = {[QUALITY_COMPOSITE] = "composite",
                                        [QUALITY_DIMENSION] = "dimension",
                                        [QUALITY_CRITERION] = "criterion"};
    open_item(out);
    add_text(out, "kind", kinds[series->kind]);
    add_text(out, "model", series->model);
    add_text(out, "metric", series->name);
    add_text(out, "dimension", series->dimension);
    add_text(out, "hash", series->hash);
    add_level_members(out, &series->level);
    add_statuses(out, &series->sums.statuses);
    add_trend(out, report, &series->trend);
    if (series->kind == QUALITY_CRITERION)
        add_worst(out, series);
    buffer_append_str(out, STR("}"));
}

void quality_report_json(const struct quality_report *report, struct buffer *out)
{
    buffer_append_str(out, STR("{"));
    add_range(out, "window", report->window);
    add_number(out, "alpha", report->alpha);
    add_count(out, "pending", (uint64_t)report->pending);
    add_flag(out, "partial", report->stores->partial.total > 0);
    add_texts(out, "problems", report->stores->partial.lines, report->stores->partial.count);
    add_shards(out, report->stores);
    if (report->watermark_ms > 0)
        add_time(out, "watermark", report->watermark_ms);
    add_name(out, "rows");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < report->count; i++)
        add_series(out, report, &report->series[i]);
    buffer_append_str(out, STR("]}\n"));
}
