/* drift_plot: the pictures of a drift report, as SVG that a page holds. */
#include "worker/report/drift/drift_plot.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/report/drift/drift_words.h"
#include "worker/report/pages/html.h"
#include "worker/report/pages/svg.h"

enum { HOUR_MS = 60 * 60 * 1000 };

/* ---- the trend ---- */

/* The field inside the axes, in units of the picture. */
enum { HEIGHT = 132, LEFT = 36, RIGHT = 352, TOP = 14, BOTTOM = 108 };
enum { MARKS_SHOWN = 20 };

struct field {
    int64_t from_ms, to_ms;
    double low, high; /* scores */
};

static double x_of(const struct field *field, int64_t ms)
{
    double part = (double)(ms - field->from_ms) / (double)(field->to_ms - field->from_ms);
    return LEFT + fmin(fmax(part, 0), 1) * (RIGHT - LEFT);
}

static double y_of(const struct field *field, double score)
{
    double part = (score - field->low) / (field->high - field->low);
    return BOTTOM - fmin(fmax(part, 0), 1) * (BOTTOM - TOP);
}

static double middle_of(const struct field *field, const struct trend_point *point)
{
    return x_of(field, point->from_ms + (point->to_ms - point->from_ms) / 2);
}

static struct field field_of(const struct drift_question *question,
                             const struct report_series *series, const struct trend_point *points,
                             size_t count)
{
    double mean = series->answer.all.base.mean;
    struct field field = {question->base.from_ms, question->current.to_ms, INFINITY, -INFINITY};
    if (!isnan(mean)) {
        field.low = mean - series->tolerance;
        field.high = mean + series->tolerance;
    }
    for (size_t i = 0; i < count; i++) {
        field.low = fmin(fmin(field.low, points[i].mean), points[i].ci.low);
        field.high = fmax(fmax(field.high, points[i].mean), points[i].ci.high);
    }
    field.low = fmax(field.low, 0);
    field.high = fmin(field.high, 1);
    if (!(field.high - field.low >= 0.01)) {
        field.low = fmax(0, field.high - 0.01);
        field.high = field.low + 0.01;
    }
    return field;
}

/* What stands behind the curve. */
static void add_ground(struct buffer *out, const struct drift_question *question,
                       const struct report_series *series, const struct field *field)
{
    const struct drift_answer *answer = &series->answer;
    svg_rect(out, "window", x_of(field, question->current.from_ms), RIGHT, TOP, BOTTOM);
    if (answer->all.base.n > 0) {
        double mean = answer->all.base.mean;
        svg_rect(out, "tolerance", LEFT, RIGHT, y_of(field, mean + series->tolerance),
                 y_of(field, mean - series->tolerance));
        svg_line(out, "baseline", LEFT, y_of(field, mean), RIGHT, y_of(field, mean));
    }
    if (answer->onset.found)
        svg_rect(out, "since", x_of(field, answer->onset.first_ms),
                 x_of(field, answer->onset.last_ms + HOUR_MS), TOP, BOTTOM);
}

/* What happened to the model: a line each, with its words for a pointer that rests on it. */
static void add_marks(struct buffer *out, const struct drift_report *report,
                      const struct report_series *series, const struct field *field)
{
    struct buffer words = {0};
    for (size_t i = 0, shown = 0; report->marks && i < report->marks->count; i++) {
        const struct owned_mark *mark = &report->marks->items[i];
        if (!mark_is_of(mark, series->model, field->from_ms, field->to_ms) || ++shown > MARKS_SHOWN)
            continue;
        double x = x_of(field, mark->at_ms);
        buffer_printf(out, "<path class=\"mark\" d=\"M%.1f %dV%d\"><title>", x, TOP, BOTTOM);
        buffer_append_str(&words, str_of(mark->text));
        html_move(out, &words, true);
        buffer_append_str(out, STR("</title></path>"));
    }
}

/* Points first .. end - 1 all have scores. */
static void add_run(struct buffer *out, const struct field *field, const struct trend_point *points,
                    size_t first, size_t end)
{
    bool open = false;
    buffer_append_str(out, STR("<path class=\"band\" d=\""));
    for (size_t i = first; i < end; i++)
        if (!isnan(points[i].ci.high)) {
            buffer_printf(out, "%s%.1f %.1f", open ? "L" : "M", middle_of(field, &points[i]),
                          y_of(field, points[i].ci.high));
            open = true;
        }
    for (size_t i = end; i > first; i--)
        if (!isnan(points[i - 1].ci.low))
            buffer_printf(out, "L%.1f %.1f", middle_of(field, &points[i - 1]),
                          y_of(field, points[i - 1].ci.low));
    buffer_printf(out, "%s\"/><path class=\"mean\" d=\"", open ? "Z" : "");
    for (size_t i = first; i < end; i++)
        buffer_printf(out, "%s%.1f %.1f", i > first ? "L" : "M", middle_of(field, &points[i]),
                      y_of(field, points[i].mean));
    buffer_append_str(out, end - first == 1 ? STR("h1\"/>") : STR("\"/>"));
}

static void add_curve(struct buffer *out, const struct field *field,
                      const struct trend_point *points, size_t count)
{
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first; end < count && points[end].n > 0;)
            end++;
        if (end > first)
            add_run(out, field, points, first, end);
        else
            end++;
    }
}

/* "03-01", or "14:00" on the same day as before. */
static void add_time(struct buffer *out, const struct field *field, int64_t ms, const char *anchor)
{
    char minute[MINUTE_TEXT_BYTES];
    drift_words_minute(ms, minute);
    buffer_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%.5s %.5s</text>",
                  x_of(field, ms), BOTTOM + 13, anchor, minute + strlen("Sun 2026-"), minute + 15);
}

static void add_axes(struct buffer *out, const struct drift_question *question,
                     const struct field *field)
{
    int64_t start_ms = question->current.from_ms;
    double x = x_of(field, start_ms);
    svg_line(out, "axis", LEFT, BOTTOM, RIGHT, BOTTOM);
    buffer_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.2f</text>", LEFT - 4, TOP + 8,
                  field->high);
    buffer_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.2f</text>", LEFT - 4, BOTTOM,
                  field->low);
    add_time(out, field, question->base.from_ms, "start");
    /* "baseline" and "window" above the field: the left of the window's begin and the right of it
     */
    buffer_printf(out, "<text x=\"%d\" y=\"%d\">baseline</text>", LEFT, TOP - 4);
    buffer_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"end\">window</text>", (double)RIGHT,
                  TOP - 4);
    if (x - LEFT > 110 && RIGHT - x > 70)
        add_time(out, field, start_ms, "middle");
    add_time(out, field, question->current.to_ms, "end");
}

/* For those who cannot see it. */
static void describe_trend(const struct drift_question *question,
                           const struct report_series *series, const struct trend_point *points,
                           size_t count, struct buffer *out)
{
    const struct drift_answer *answer = &series->answer;
    const struct trend_point *lowest = NULL;
    char from[MINUTE_TEXT_BYTES], to[MINUTE_TEXT_BYTES];
    for (size_t i = 0; i < count; i++)
        if (points[i].n > 0 && (!lowest || points[i].mean < lowest->mean))
            lowest = &points[i];
    buffer_printf(out, "Mean from %s to %s UTC. Baseline and window: ",
                  drift_words_minute(question->base.from_ms, from),
                  drift_words_minute(question->current.to_ms, to));
    drift_words_means(series, &answer->all, out);
    if (lowest)
        buffer_printf(out, ". Lowest %.3f at %s UTC", lowest->mean,
                      drift_words_minute(lowest->from_ms, from));
    if (answer->onset.found)
        buffer_printf(out, ". The change may have begun from %s to %s UTC",
                      drift_words_minute(answer->onset.first_ms, from),
                      drift_words_minute(answer->onset.last_ms, to));
}

void drift_plot_trend(const struct drift_report *report, const struct report_series *series,
                      size_t id, struct buffer *out)
{
    struct trend_point points[TREND_POINTS_MAX];
    struct buffer words = {0};
    size_t count = drift_series_trend(series->cells, points);
    struct field field = field_of(&report->question, series, points, count);
    buffer_printf(out,
                  "<svg role=\"img\" viewBox=\"0 0 %d %d\" aria-labelledby=\"t%zu d%zu\">"
                  "<title id=\"t%zu\">Trend of ",
                  SVG_WIDTH, HEIGHT, id, id, id);
    drift_words_name(report, series, &words);
    html_move(out, &words, true);
    buffer_printf(out, "</title><desc id=\"d%zu\">", id);
    describe_trend(&report->question, series, points, count, &words);
    html_move(out, &words, false);
    buffer_append_str(out, STR(".</desc>"));
    add_ground(out, &report->question, series, &field);
    add_curve(out, &field, points, count);
    add_marks(out, report, series, &field);
    add_axes(out, &report->question, &field);
    buffer_append_str(out, STR("</svg>"));
}

/* ---- the changes ---- */

void drift_plot_changes(const struct drift_report *report, size_t count, struct buffer *out)
{
    struct forest_row *rows = memory_new(count + 1, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        const struct report_series *series = &report->series[i];
        const struct drift_row *row = &series->answer.all;
        rows[i] = (struct forest_row){.verdict = row->verdict,
                                      .delta = row->difference.delta,
                                      .tolerance = series->tolerance,
                                      .ci = row->difference.ci};
        drift_words_name(report, series, &rows[i].name);
    }
    svg_forest(rows, count, out);
    free(rows);
}
