/* drift_text: the drift report for people. */
#include <math.h>

#include "schema/base/clock.h"
#include "worker/report/drift_report.h"

enum { SEGMENTS_SHOWN = 3, SEGMENTS_LISTED = 8, TIME_BYTES = 24 };

/* "2026-03-01 14:00", UTC. */
static const char *minute_of(int64_t ms, char out[TIME_BYTES])
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(ms, text);
    snprintf(out, TIME_BYTES, "%.10s %.5s", text, text + 11);
    return out;
}

/* Names come from traffic: a terminal must not obey them. */
static void add_clean(struct buffer *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool c1 = at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0; /* U+0080 to U+009F */
        buffer_append(out, *at < 0x20 || *at == 0x7F || c1 ? "?" : (const char *)at, 1);
        at += c1;
    }
}

static const char *words_of(enum drift_verdict verdict)
{
    static const char *const words[] = {[DRIFT_NOT_ENOUGH_DATA] = "NOT ENOUGH DATA",
                                        [DRIFT_NO_MEANINGFUL_CHANGE] = "NO MEANINGFUL CHANGE",
                                        [DRIFT_BETTER] = "BETTER",
                                        [DRIFT_WORSE] = "WORSE"};
    return words[verdict];
}

static void add_levels(struct buffer *out, const struct drift_row *row)
{
    if (row->base.n > 0)
        buffer_printf(out, "%.3f", row->base.mean);
    else
        buffer_append_str(out, STR("none"));
    if (row->current.n > 0)
        buffer_printf(out, " -> %.3f", row->current.mean);
    else
        buffer_append_str(out, STR(" -> none"));
    if (!isnan(row->difference.ci.low))
        buffer_printf(out, "   %+.3f [%+.3f, %+.3f]", row->difference.delta, row->difference.ci.low,
                      row->difference.ci.high);
}

static void add_since(struct buffer *out, const struct drift_answer *answer)
{
    char since[TIME_BYTES], first[TIME_BYTES], last[TIME_BYTES];
    if (!answer->onset.found)
        return;
    buffer_printf(out, "  since  %s UTC (%s to %s)\n", minute_of(answer->onset.since_ms, since),
                  minute_of(answer->onset.first_ms, first), minute_of(answer->onset.last_ms, last));
}

static void add_evidence(struct buffer *out, const struct drift_row *row)
{
    if (isnan(row->difference.p))
        return;
    buffer_printf(out, "  sure   p %.2g, %.2g over all rows; ", row->difference.p, row->p_adjusted);
    if (row->log_e > log(2))
        buffer_printf(out, "about %.3g to 1 against chance; ", exp(fmin(row->log_e, 700)));
    buffer_printf(out, "a change of %.3f would be found (80 %%)\n", row->mde);
}

static void add_segment(struct buffer *out, const struct drift_report *report,
                        const struct drift_row *row)
{
    struct buffer words = {0};
    breakdown_text(&report->breakdown, (size_t)row->segment, &words);
    add_clean(out, buffer_str(&words).data);
    buffer_clear(&words);
}

/* One line each, the surest change first. */
static void add_changed(struct buffer *out, const struct drift_report *report,
                        const struct drift_answer *answer, enum drift_verdict verdict)
{
    size_t shown = 0, more = 0;
    for (size_t i = 0; i < answer->segment_count; i++) {
        const struct drift_row *row = &answer->segments[i];
        if (row->verdict != verdict)
            continue;
        if (shown++ >= SEGMENTS_SHOWN) {
            more++;
            continue;
        }
        buffer_printf(out, "         %-7s ", verdict == DRIFT_WORSE ? "worse" : "better");
        add_segment(out, report, row);
        buffer_append_str(out, STR("  "));
        add_levels(out, row);
        buffer_printf(out, " n_eff %.0f\n", row->current.n_eff);
    }
    if (more > 0)
        buffer_printf(out, "                 and %zu more\n", more);
}

/* Those that need no line of their own; unknown is not fine. */
static void add_listed(struct buffer *out, const struct drift_report *report,
                       const struct drift_answer *answer, enum drift_verdict verdict)
{
    bool unknown = verdict == DRIFT_NOT_ENOUGH_DATA;
    size_t shown = 0, more = 0;
    for (size_t i = 0; i < answer->segment_count; i++) {
        const struct drift_row *row = &answer->segments[i];
        if (row->verdict != verdict)
            continue;
        if (shown >= SEGMENTS_LISTED) {
            more++;
            continue;
        }
        buffer_printf(out, shown++ ? "; " : "         %-7s ", unknown ? "unknown" : "fine");
        add_segment(out, report, row);
        if (unknown)
            buffer_printf(out, " (n_eff %.0f)", row->current.n_eff);
    }
    if (more > 0)
        buffer_printf(out, "; and %zu more", more);
    if (shown > 0)
        buffer_append_str(out, STR("\n"));
}

static bool has_changed_segment(const struct drift_answer *answer)
{
    for (size_t i = 0; i < answer->segment_count; i++)
        if (answer->segments[i].verdict == DRIFT_WORSE ||
            answer->segments[i].verdict == DRIFT_BETTER)
            return true;
    return false;
}

static void add_where(struct buffer *out, const struct drift_report *report,
                      const struct drift_answer *answer)
{
    if (answer->segment_count < 2)
        return;
    if (!isnan(answer->all.within))
        buffer_printf(out, "  where  quality %+.3f | traffic mix %+.3f\n", answer->all.within,
                      answer->all.mix);
    add_changed(out, report, answer, DRIFT_WORSE);
    add_changed(out, report, answer, DRIFT_BETTER);
    add_listed(out, report, answer, DRIFT_NO_MEANINGFUL_CHANGE);
    add_listed(out, report, answer, DRIFT_NOT_ENOUGH_DATA);
}

static void add_data(struct buffer *out, const struct drift_row *row)
{
    const struct level *sides[] = {&row->base, &row->current};
    static const char *const names[] = {"  data   baseline", "; window"};
    for (size_t i = 0; i < 2; i++) {
        const struct level *level = sides[i];
        buffer_printf(out, "%s %llu scores", names[i], (unsigned long long)level->n);
        if (fabs(level->n_eff - (double)level->n) > 0.5)
            buffer_printf(out, " (n_eff %.0f)", level->n_eff);
        if (level->missing > 0)
            buffer_printf(out, ", %.1f %% missing: mean in [%.3f, %.3f] whatever they were",
                          100 * level->missing, level->missing_bounds.low,
                          level->missing_bounds.high);
    }
    buffer_append_str(out, STR("\n"));
}

static void add_series(struct buffer *out, const struct drift_report *report,
                       const struct report_series *series)
{
    const struct drift_answer *answer = &series->answer;
    buffer_printf(out, "%s  ", words_of(answer->all.verdict));
    add_clean(out, series->model[0] ? series->model : "(no model)");
    buffer_append_str(out, STR(" / "));
    add_clean(out, series->criterion);
    buffer_append_str(out, STR("   "));
    add_levels(out, &answer->all);
    buffer_printf(out, "   tolerance %g\n", report->question.tolerance);
    add_since(out, answer);
    if (answer->all.verdict != DRIFT_NO_MEANINGFUL_CHANGE)
        add_evidence(out, &answer->all);
    if (answer->all.verdict != DRIFT_NO_MEANINGFUL_CHANGE || has_changed_segment(answer))
        add_where(out, report, answer);
    if (series->changed)
        buffer_printf(out,
                      "  note   the criterion changed between the windows: %.12s is not compared "
                      "with another\n",
                      series->hash);
    add_data(out, &answer->all);
}

void drift_report_text(const struct drift_report *report, struct buffer *out)
{
    const struct drift_question *question = &report->question;
    char from[TIME_BYTES], to[TIME_BYTES];
    for (size_t i = 0; i < report->count; i++)
        add_series(out, report, &report->series[i]);
    if (report->count == 0)
        buffer_append_str(out, STR("No scores in these windows.\n"));
    buffer_printf(out, "\nbaseline %s to %s UTC\n", minute_of(question->base.from_ms, from),
                  minute_of(question->base.to_ms, to));
    buffer_printf(out, "window   %s to %s UTC\n", minute_of(question->current.from_ms, from),
                  minute_of(question->current.to_ms, to));
    if (report->aligned)
        buffer_append_str(out, STR("         widened to full hours: what is older than 48 hours is "
                                   "kept by the hour\n"));
    buffer_printf(out, "%zu rows tested (Benjamini-Hochberg), %zu shard%s read\n", report->tested,
                  report->shard_count, report->shard_count == 1 ? "" : "s");
    if (report->pending > 0)
        buffer_printf(out, "%lld offsets are scored and not counted yet\n",
                      (long long)report->pending);
    if (report->partial.total > 0)
        buffer_printf(out, "PARTIAL: this is not all\n");
    for (size_t i = 0; i < report->partial.count; i++) {
        buffer_append_str(out, STR("  "));
        add_clean(out, report->partial.lines[i]);
        buffer_append_str(out, STR("\n"));
    }
}
