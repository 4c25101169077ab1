/* quality_json: the quality report for programs. */
#include "worker/report/pages/json_members.h"
#include "worker/report/quality/quality.h"

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

static void add_calibration(struct buffer *out, const struct label_rate *rate)
{
    member_name(out, "calibrated");
    buffer_append_str(out, STR("{"));
    member_number(out, "mean", rate->calibrated_rate.rate);
    member_interval(out, "ci", rate->calibrated_rate.ci);
    member_number(out, "sensitivity", rate->calibrated_rate.sensitivity);
    member_number(out, "specificity", rate->calibrated_rate.specificity);
    member_number(out, "judge_drift", rate->judge_drift);
    member_interval(out, "judge_drift_ci", rate->judge_drift_ci);
    member_flag(out, "judge_drifted", rate->judge_drifted);
    buffer_append_str(out, STR("}"));
}

static void add_people(struct buffer *out, const struct label_rate *rate)
{
    static const char *const methods[] = {[LABELS_TOO_FEW] = "too_few",
                                          [LABELS_ALONE] = "labels_alone",
                                          [LABELS_PPI] = "ppi"};
    member_name(out, "people");
    buffer_append_str(out, STR("{"));
    member_text(out, "method", methods[rate->method]);
    member_count(out, "labels", rate->labels);
    member_count(out, "calibration_labels", rate->calibration);
    member_count(out, "labels_wanted", rate->wanted);
    member_number(out, "mean", rate->mean);
    member_interval(out, "ci", rate->ci);
    member_number(out, "bias", rate->bias);
    member_interval(out, "bias_ci", rate->bias_ci);
    member_number(out, "correlation", rate->correlation);
    member_number(out, "kappa", rate->kappa);
    if (rate->calibrated)
        add_calibration(out, rate);
    buffer_append_str(out, STR("}"));
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
    if (series->pairs)
        add_people(out, &series->labelled);
    if (series->kind == QUALITY_CRITERION)
        add_worst(out, series);
    buffer_append_str(out, STR("}"));
}

void quality_report_json(const struct quality_report *report, struct buffer *out)
{
    static const char *const windows[] = {"window"};
    buffer_append_str(out, STR("{"));
    member_range(out, "window", report->window);
    member_flag(out, "aligned", report->aligned);
    member_number(out, "alpha", report->alpha);
    member_count(out, "pending", (uint64_t)report->pending);
    member_flag(out, "partial", report->stores->partial.total > 0);
    member_texts(out, "problems", report->stores->partial.lines, report->stores->partial.count);
    member_shards(out, report->stores);
    if (report->watermark_ms > 0)
        member_time(out, "watermark", report->watermark_ms);
    member_traffic(out, &report->traffic, windows, 1);
    member_name(out, "rows");
    buffer_append_str(out, STR("["));
    for (size_t i = 0; i < report->count; i++)
        add_series(out, report, &report->series[i]);
    buffer_append_str(out, STR("]}\n"));
}
