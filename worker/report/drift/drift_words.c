/* drift_words: what every page of a drift report says, whatever its form. */
#include "worker/report/drift/drift_measures.h"
#include "worker/report/drift/drift_words.h"
#include "worker/report/pages/page_words.h"

#include <math.h>

#include "schema/base/clock.h"

enum { HOUR_MS = 60 * 60 * 1000, DAY_MS = 24 * HOUR_MS };

void drift_words_counts(const struct drift_report *report, struct buffer *out)
{
    static const enum drift_verdict order[] = {DRIFT_WORSE, DRIFT_BETTER, DRIFT_CHANGED,
                                               DRIFT_NOT_ENOUGH_DATA, DRIFT_NO_MEANINGFUL_CHANGE};
    bool any = false;
    for (size_t v = 0; v < sizeof order / sizeof *order; v++) {
        size_t count = 0;
        for (size_t i = 0; i < report->count; i++)
            count += report->series[i].answer.all.verdict == order[v];
        if (count > 0)
            buffer_printf(out, "%s%zu %s", any ? ", " : "", count, page_verdict(order[v]));
        any = any || count > 0;
    }
    if (!any)
        buffer_append_str(out, STR("no scores"));
}

const char *drift_words_minute(int64_t ms, char out[MINUTE_TEXT_BYTES])
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    snprintf(out, MINUTE_TEXT_BYTES, "%s %.10s %.5s", days[ms / DAY_MS % 7], text, text + 11);
    return out;
}

void drift_words_name(const struct drift_report *report, const struct report_series *series,
                      struct buffer *out)
{
    bool name_rubric = false, name_hash = false;
    for (size_t i = 0; i < report->count; i++) {
        const struct report_series *other = &report->series[i];
        if (other == series || other->measure != series->measure ||
            strcmp(other->model, series->model) != 0 ||
            strcmp(other->criterion, series->criterion) != 0)
            continue;
        name_rubric = true;
        name_hash = name_hash || strcmp(other->rubric, series->rubric) == 0;
    }
    buffer_printf(out, "%s / %s", series->model[0] ? series->model : "(no model)",
                  series->criterion);
    if (name_rubric)
        buffer_printf(out, " of %s", series->rubric);
    if (name_hash)
        buffer_printf(out, " %.8s", series->hash);
}

void drift_words_segment(const struct drift_report *report, const struct drift_row *row,
                         struct buffer *out)
{
    breakdown_text(&report->breakdown, (size_t)row->segment, out);
}

/* Without the unit where another number says it. */
static void add_quantity(double value, const char *unit, struct buffer *out)
{
    if (isnan(value))
        buffer_append_str(out, STR("none"));
    else
        buffer_printf(out, "%.*f%s%s", value < 10 && value != floor(value), value,
                      unit ? " " : "", unit ? unit : "");
}

void drift_words_levels(const struct report_series *series, const struct drift_row *row,
                        struct buffer *out)
{
    const struct measure_kind *kind = series->measure;
    if (!kind || kind->quantile == 0) {
        drift_words_means(series, row, out);
        return;
    }
    buffer_printf(out, "p%.0f ", 100 * kind->quantile);
    add_quantity(series->base_quantile, isnan(series->current_quantile) ? kind->unit : NULL, out);
    buffer_append_str(out, STR(" -> "));
    add_quantity(series->current_quantile, kind->unit, out);
}

void drift_words_means(const struct report_series *series, const struct drift_row *row,
                       struct buffer *out)
{
    if (series->measure && series->measure->quantile > 0) {
        buffer_append_str(out, STR("up to "));
        add_quantity(series->limit, series->measure->unit, out);
        buffer_append_str(out, STR(": "));
    }
    if (row->base.n > 0)
        buffer_printf(out, "%.3f", row->base.mean);
    else
        buffer_append_str(out, STR("none"));
    if (row->current.n > 0)
        buffer_printf(out, " -> %.3f", row->current.mean);
    else
        buffer_append_str(out, STR(" -> none"));
}

void drift_words_change(const struct drift_row *row, struct buffer *out)
{
    if (!isnan(row->difference.ci.low))
        buffer_printf(out, "%+.3f [%+.3f, %+.3f]", row->difference.delta, row->difference.ci.low,
                      row->difference.ci.high);
}

/* In the hours of the onset, or (then *out_last only) the last one before them. */
static bool mark_counts(const struct drift_report *report, const struct report_series *series,
                        const struct owned_mark *mark, const struct owned_mark **out_last)
{
    const struct drift_onset *onset = &series->answer.onset;
    int64_t end_ms = onset->last_ms + HOUR_MS;
    if (!mark_is_of(mark, series->model, report->question.base.from_ms, end_ms))
        return false;
    if (mark->at_ms < onset->first_ms)
        *out_last = mark;
    return mark->at_ms >= onset->first_ms;
}

static void add_mark(const struct owned_mark *mark, const char *where, struct buffer *out)
{
    char at[MINUTE_TEXT_BYTES];
    buffer_printf(out, "%s%s at %s UTC%s", out->size > 0 ? "; " : "", mark->text,
                  drift_words_minute(mark->at_ms, at), where);
}

void drift_words_marks(const struct drift_report *report, const struct report_series *series,
                       struct buffer *out)
{
    const struct owned_mark *last = NULL;
    if (!report->marks || !series->answer.onset.found)
        return;
    for (size_t i = 0; i < report->marks->count; i++)
        if (mark_counts(report, series, &report->marks->items[i], &last))
            add_mark(&report->marks->items[i], ", in these hours", out);
    if (out->size == 0 && last)
        add_mark(last, ", the last before", out);
}

static double two_digits(double value)
{
    double unit = fmax(pow(10, floor(log10(value)) - 1), 1);
    return round(value / unit) * unit;
}

void drift_words_evidence(const struct drift_row *row, struct buffer *out)
{
    if (isnan(row->difference.p))
        return;
    /* two questions, whose answers would seem to contradict each other without these words */
    if (row->log_e > log(1e6))
        buffer_append_str(out, STR("over a million to 1 beyond tolerance; "));
    else if (row->log_e > log(2))
        buffer_printf(out, "about %.0f to 1 beyond tolerance; ",
                      two_digits(exp(row->log_e)));
    buffer_printf(out, "p %.2g if nothing changed", row->difference.p);
    if (!isnan(row->p_adjusted))
        buffer_printf(out, ", %.2g over all rows", row->p_adjusted);
}

void drift_words_power(const struct drift_row *row, double tolerance, struct buffer *out)
{
    double more = drift_row_more(row, tolerance);
    if (row->base.n == 0 || row->current.n == 0) {
        buffer_printf(out, "no scores in the %s", row->current.n > 0 ? "baseline" : "window");
        return;
    }
    if (isnan(more)) {
        buffer_append_str(out, STR("too few scores to tell how sure it is"));
        return;
    }
    buffer_printf(out, "a change of %.2g would show (80 %%)", row->mde);
    if (more > 1.05)
        buffer_printf(out, "; for %g both windows need %.*f times the scores", tolerance, more < 10,
                      more);
}

void drift_words_level(const struct level *level, struct buffer *out)
{
    buffer_printf(out, "%llu score%s", (unsigned long long)level->n, level->n == 1 ? "" : "s");
    if (fabs(level->n_eff - (double)level->n) > 0.5)
        buffer_printf(out, " (n_eff %.0f)", level->n_eff);
    if (level->missing > 0)
        buffer_printf(out, ", %.1f %% missing: mean in [%.3f, %.3f] whatever they were",
                      100 * level->missing, level->missing_bounds.low, level->missing_bounds.high);
}

static bool is_traffic(const struct drift_row *row)
{
    return fabs(row->mix) > fabs(row->within) && row->mix * row->difference.delta > 0;
}

void drift_words_advice(const struct drift_report *report, const struct report_series *series,
                        struct buffer *out)
{
    const struct drift_answer *answer = &series->answer;
    const struct drift_row *row = &answer->all;
    char since[MINUTE_TEXT_BYTES];
    if (series->changed && row->verdict == DRIFT_NOT_ENOUGH_DATA)
        buffer_append_str(out,
                          STR("score the baseline again by the rules of the window (assay rerun), "
                              "or compare windows after the change"));
    else if (row->verdict == DRIFT_CHANGED)
        buffer_append_str(out, STR("see whether traffic was meant to change; what is judged may "
                                   "be another kind of request"));
    else if (row->verdict != DRIFT_WORSE)
        return;
    else if (series->measure)
        buffer_append_str(out, STR("look at what serves the model: its load, its hardware, the "
                                   "length of its responses"));
    else if (is_traffic(row))
        buffer_append_str(out,
                          STR("look at the traffic: more of it comes from segments that always "
                              "scored lower; answers changed less"));
    else if (answer->onset.found)
        buffer_printf(out, "find what changed by %s UTC: deploy, prompt, routing",
                      drift_words_minute(answer->onset.since_ms, since));
    else
        buffer_append_str(out, STR("find what changed between the two windows"));
    if (row->verdict == DRIFT_WORSE && !is_traffic(row) && answer->segment_count > 1 &&
        answer->segments[0].verdict == DRIFT_WORSE) {
        buffer_append_str(out, STR("; first in "));
        drift_words_segment(report, &answer->segments[0], out);
    }
}

void drift_words_tested(const struct drift_report *report, struct buffer *out)
{
    buffer_printf(out, "%zu row%s, %zu of them changed at a false discovery rate of %g %%",
                  report->tested, report->tested == 1 ? "" : "s", report->found,
                  100 * report->question.alpha);
}

void drift_words_traffic(const struct traffic_model *model, struct buffer *out)
{
    static const char *const names[] = {"baseline", "window"};
    buffer_printf(out, "%s:", model->model[0] ? model->model : "(no model)");
    for (size_t i = 0, said = 0; i < TRAFFIC_WINDOWS; i++) {
        const struct traffic_window *window = &model->windows[i];
        if (!window->strata)
            continue;
        buffer_printf(out, "%s %s to %.0f requests of traffic (%llu of %llu kept)",
                      said++ ? "," : "", names[i], window->requests,
                      (unsigned long long)window->kept, (unsigned long long)window->arrived);
    }
}
