/* quality_json: the quality report for programs. */
#include "worker/report/json_members.h"
#include "worker/report/quality.h"

static void open_item(struct buffer *out)
{
    buffer_append_str(out, out->data[out->size - 1] == '[' ? STR("{") : STR(",{"));
}

static void add_statuses(struct buffer *out, const struct status_counts *statuses)
{
    member_name(out, "statuses");
    buffer_append_str(out, STR("{"));
    member_count(out, "scored", statuses->scored);
    member_count(out, "not_applicable", statuses->not_applicable);
    member_count(out, "skipped", statuses->skipped);
    member_count(out, "error", statuses->error);
    buffer_append_str(out, STR("}"));
}

static void add_trend(struct buffer *out, const struct quality_report *report,
                      const struct trend *trend)
{
    member_name(out, "trend");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < trend_part_count(report->window); i++) {
        open_item(out);
        member_time(out, "from", trend_part_ms(report->window, i));
        member_count(out, "n", trend_n(trend, i));
        member_number(out, "mean", trend_mean(trend, i));
        buffer_append_str(out, STR("}"));
    }
    buffer_append_str(out, STR("]"));
}

static void add_worst(struct buffer *out, const struct quality_series *series)
{
    member_name(out, "worst");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < series->worst_count; i++) {
        const struct quality_example *one = &series->worst[i];
        open_item(out);
        member_text(out, "sample", one->sample);
        member_number(out, "value", one->value);
        member_time(out, "time", one->at_ms);
        if (one->reason)
            member_text(out, "reason", one->reason);
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
    member_text(out, "kind", kinds[series->kind]);
    member_text(out, "model", series->model);
    member_text(out, "rubric", series->rubric);
    member_text(out, "metric", series->name);
    member_text(out, "dimension", series->dimension);
    member_text(out, "hash", series->hash);
    member_level_members(out, &series->level);
    add_statuses(out, &series->sums.statuses);
    add_trend(out, report, &series->trend);
    if (series->kind == QUALITY_CRITERION)
        add_worst(out, series);
    buffer_append_str(out, STR("}"));
}

void quality_report_json(const struct quality_report *report, struct buffer *out)
{
    buffer_append_str(out, STR("{"));
    member_range(out, "window", report->window);
    member_number(out, "alpha", report->alpha);
    member_count(out, "pending", (uint64_t)report->pending);
    member_flag(out, "partial", report->stores->partial.total > 0);
    member_texts(out, "problems", report->stores->partial.lines, report->stores->partial.count);
    member_shards(out, report->stores);
    if (report->watermark_ms > 0)
        member_time(out, "watermark", report->watermark_ms);
    member_name(out, "rows");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < report->count; i++)
        add_series(out, report, &report->series[i]);
    buffer_append_str(out, STR("]}\n"));
}
