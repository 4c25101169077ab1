/* quality_text: the quality report for people. */
#include <math.h>

#include "worker/report/pages/page_words.h"
#include "worker/report/quality/quality.h"

enum { TRAFFIC_SHOWN = 8, NAME_COLUMNS = 24, N_COLUMNS = 19, REASON_BYTES = 120 };

/* Names are padded by code points, so that accents do not move the columns. */
static void add_padded(struct buffer *out, const char *text, int columns)
{
    for (const char *at = text; *at; at++)
        columns -= ((unsigned char)*at & 0xC0) != 0x80;
    page_clean(out, text);
    buffer_printf(out, "%*s", columns > 0 ? columns : 0, "");
}

static void add_mean(struct buffer *out, const struct level *level)
{
    char n[64];
    if (level->n == 0) {
        buffer_printf(out, " no scores");
        return;
    }
    buffer_printf(out, " %.3f", level->mean);
    if (isnan(level->ci.low))
        buffer_printf(out, " %-15s", "");
    else
        buffer_printf(out, " [%.3f, %.3f]", level->ci.low, level->ci.high);
    if (fabs(level->n_eff - (double)level->n) > 0.5)
        snprintf(n, sizeof n, "n %llu, n_eff %.0f", (unsigned long long)level->n, level->n_eff);
    else
        snprintf(n, sizeof n, "n %llu", (unsigned long long)level->n);
    buffer_printf(out, "  %-*s ", N_COLUMNS, n);
}

static void add_coverage(struct buffer *out, const struct quality_series *series)
{
    const struct level *level = &series->level;
    const struct status_counts *statuses = &series->sums.statuses;
    uint64_t asked = statuses->scored + statuses->skipped + statuses->error;
    uint64_t all = asked + statuses->not_applicable;
    if (level->missing > 0)
        buffer_printf(out, "      %.1f %% missing: mean in [%.3f, %.3f] whatever they were\n",
                      100 * level->missing, level->missing_bounds.low, level->missing_bounds.high);
    if (statuses->not_applicable > 0)
        buffer_printf(out, "      applies to %.1f %% of %llu samples\n",
                      100 * (double)asked / (double)all, (unsigned long long)all);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* What people's labels of the window say. */
static void add_people(struct buffer *out, const struct label_rate *rate)
{
    if (rate->labels == 0)
        return;
    if (rate->method == LABELS_TOO_FEW) {
        buffer_printf(out, "      people: %zu label%s, too few to say anything: %d are wanted\n",
                      rate->labels, plural(rate->labels), LABELS_MIN);
        return;
    }
    buffer_printf(out, "      people: %.3f [%.3f, %.3f] by %zu labels%s", rate->mean, rate->ci.low,
                  rate->ci.high, rate->labels,
                  rate->method == LABELS_PPI ? " and all scores (PPI++)" : " alone");
    if (rate->wanted > 0)
        buffer_printf(out, "; about %zu more would let the scores help", rate->wanted);
    buffer_printf(out, "\n      scores are %+.3f [%+.3f, %+.3f] off", rate->bias,
                  rate->bias_ci.low, rate->bias_ci.high);
    if (!isnan(rate->kappa))
        buffer_printf(out, ", agreement with people beyond chance (kappa) %.2f", rate->kappa);
    else if (!isnan(rate->correlation))
        buffer_printf(out, ", correlation with people %.2f", rate->correlation);
    buffer_append_str(out, STR("\n"));
}

/* What labels of other times say of the scores of the window. */
static void add_calibration(struct buffer *out, const struct label_rate *rate)
{
    const struct rogan_gladen *known = &rate->calibrated_rate;
    if (!rate->calibrated)
        return;
    buffer_printf(out,
                  "      by %zu earlier labels: %.3f [%.3f, %.3f] (Rogan-Gladen: sensitivity %.2f, "
                  "specificity %.2f)\n",
                  rate->calibration, known->rate, known->ci.low, known->ci.high,
                  known->sensitivity, known->specificity);
    if (rate->judge_drifted)
        buffer_printf(out,
                      "      THE WAY OF JUDGING CHANGED: labels of this window and earlier ones "
                      "differ by %+.3f [%+.3f, %+.3f];\n      trust the labels of this window, and "
                      "look at the judge before the model\n",
                      rate->judge_drift, rate->judge_drift_ci.low, rate->judge_drift_ci.high);
}

static void add_worst(struct buffer *out, const struct quality_series *series)
{
    char at[PAGE_MINUTE_BYTES];
    for (size_t i = 0; i < series->worst_count; i++) {
        const struct quality_example *one = &series->worst[i];
        buffer_printf(out, "      %s %.3f  ", i ? "     " : "worst", one->value);
        page_clean(out, one->sample);
        buffer_printf(out, "  %s  ", page_minute(one->at_ms, at));
        page_clipped(out, one->reason ? one->reason : "", REASON_BYTES);
        buffer_append_str(out, STR("\n"));
    }
}

static void add_series(struct buffer *out, const struct quality_report *report, size_t at,
                       bool ascii)
{
    const struct quality_series *series = &report->series[at];
    bool first = at == 0 || strcmp(report->series[at - 1].model, series->model) != 0;
    if (first) {
        buffer_append_str(out, at ? STR("\n") : STR(""));
        page_clean(out, series->model[0] ? series->model : "(no model)");
        buffer_append_str(out, STR("\n"));
    }
    int indent = series->kind == QUALITY_CRITERION ? 4 : 2;
    buffer_printf(out, "%*s", indent, "");
    add_padded(out, series->name, NAME_COLUMNS - indent);
    add_mean(out, &series->level);
    trend_sparkline(&series->trend, trend_part_count(report->window), ascii, out);
    buffer_append_str(out, STR("\n"));
    if (series->kind == QUALITY_CRITERION)
        add_coverage(out, series);
    if (series->pairs) {
        add_people(out, &series->labelled);
        add_calibration(out, &series->labelled);
    }
    add_worst(out, series);
    bool again = !first && report->series[at - 1].kind == series->kind &&
                 strcmp(report->series[at - 1].name, series->name) == 0;
    if (again) {
        buffer_append_str(out, STR("      not the one above: of rubric "));
        page_clean(out, series->rubric);
        buffer_printf(out, ", %.12s\n", series->hash);
    }
}

void quality_report_text(const struct quality_report *report, bool ascii, struct buffer *out)
{
    char from[PAGE_MINUTE_BYTES], to[PAGE_MINUTE_BYTES];
    for (size_t i = 0; i < report->count; i++)
        add_series(out, report, i, ascii);
    if (report->count == 0) {
        page_no_scores(out, "this window", report->span);
        buffer_append_str(out, STR("\n"));
    }
    buffer_printf(out, "\nwindow %s to %s UTC%s, trend in %zu parts of it; %zu shard%s read\n",
                  page_minute(report->window.from_ms, from), page_minute(report->window.to_ms, to),
                  report->aligned ? " (widened to full hours: what is older than 48 hours is kept "
                                    "by the hour)"
                                  : "",
                  trend_part_count(report->window), report->stores->shard_count,
                  report->stores->shard_count == 1 ? "" : "s");
    for (size_t i = 0; i < report->traffic.count && i < TRAFFIC_SHOWN; i++) {
        const struct traffic_model *one = &report->traffic.models[i];
        page_clean(out, one->model[0] ? one->model : "(no model)");
        buffer_printf(out, " weighted to %.0f requests of traffic (%llu of %llu kept)\n",
                      one->windows[0].requests, (unsigned long long)one->windows[0].kept,
                      (unsigned long long)one->windows[0].arrived);
    }
    page_pending(out, report->pending);
    buffer_append_str(out, report->pending > 0 ? STR("\n") : STR(""));
    page_partial(out, &report->stores->partial);
}
