/* assay report drift: whether scores got worse, since when, and how sure that is. */
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/memory.h"
#include "worker/commands/cmd_report.h"
#include "worker/commands/commands.h"
#include "worker/options/args.h"
#include "worker/options/report_options.h"
#include "worker/options/rubric_list.h"
#include "worker/options/segment_options.h"
#include "worker/report/drift/drift_report.h"
#include "worker/report/reading/report_models.h"
#include "worker/report/reading/time_words.h"

struct drift_options {
    struct report_options report;
    struct arg_list segments, tolerances;
    const char *baseline, *gap;
    bool hour_of_week;
};

static const double TOLERANCE = 0.02;

static const struct arg DRIFT_ARGS[] = {
    {.name = "baseline",
     .value = "RANGE",
     .kind = ARG_TEXT,
     .offset = offsetof(struct drift_options, baseline),
     .help = "what is compared with: a length that ends where the window begins, or FROM..TO; each "
             "end may be what assay mark was told, TO a length from there: \"deployed v6..7d\"; "
             "default 7d"},
    {.name = "gap",
     .value = "LENGTH",
     .kind = ARG_TEXT,
     .offset = offsetof(struct drift_options, gap),
     .help = "a baseline that is a length ends so long before the window begins, so that an "
             "incident of yesterday is not what is compared with; default none"},
    {.name = "hour-of-week",
     .kind = ARG_FLAG,
     .offset = offsetof(struct drift_options, hour_of_week),
     .help = "of the baseline only those hours of the week (UTC) count that the window has, such "
             "as the Tuesdays of --baseline 28d; windows are widened to full hours"},
    {.name = "segment",
     .value = "KEY[,...]",
     .kind = ARG_LIST,
     .offset = offsetof(struct drift_options, segments),
     .help = "where: break rows down by what workers tell samples apart by (their --segment-by): "
             SEGMENT_KEY_WORDS},
    {.name = "tolerance",
     .value = "[NAME=]X",
     .kind = ARG_LIST,
     .offset = offsetof(struct drift_options, tolerances),
     .help =
         "the largest change of a mean score that would not matter, of a dimension or a metric: "
         "--tolerance safety=0.005; default for all 0.02. Rows of traffic have their own: latency "
         "0.02 of the share, lengths and tokens 0.1"},
    {.name = "format",
     .value = "text|json|html",
     .kind = ARG_TEXT,
     .offset = offsetof(struct drift_options, report.format),
     .help =
         "for people, schema/drift-report.schema.json, or one page for a browser; default text"},
};

static const struct arg_table DRIFT_TABLE = {
    .description =
        "Compares the scores of two windows of time, for each model and criterion. WORSE or "
        "BETTER: the change is\nlarger than the tolerance, with 95 % confidence. NO MEANINGFUL "
        "CHANGE: it is smaller. NOT ENOUGH DATA: neither\nis sure. A report is one look; asked "
        "again and again, it finds changes that are none. Windows are half-open and\nin steps of "
        "5 minutes, UTC. Counted are scores of files, and of workers what is committed, "
        "acknowledged or not, each\noffset once; what is missing is listed. --store takes "
        "http://HOST:PORT, too: "
        "where a worker listens.\n"
        "Exit status: 0 fine, 1 a row is WORSE, 2 wrong usage, 3 a store could not be read.",
    .groups =
        (const struct arg_group[]){
            {"Options", DRIFT_ARGS, sizeof DRIFT_ARGS / sizeof *DRIFT_ARGS, 0},
            {"What is read", REPORT_ARGS, REPORT_WHAT_ARG_COUNT,
             offsetof(struct drift_options, report)},
        },
    .group_count = 2,
};

static bool parse_tolerance(const char *text, struct tolerance *out, struct error *error)
{
    const char *equals = strrchr(text, '='), *number = equals ? equals + 1 : text;
    char *end;
    *out = (struct tolerance){.value = strtod(number, &end)};
    if (equals)
        out->name = (struct str){text, (size_t)(equals - text)};
    if (equals == text || end == number || *end || !(out->value >= 0.0001 && out->value <= 1))
        return error_set(
            error, ERROR_INPUT,
            "--tolerance \"%.80s\" must be a number from 0.0001 to 1, or such a number "
            "of a dimension or metric: safety=0.005",
            text);
    return true;
}

static bool parse_tolerances(const struct drift_options *options, struct tolerance *out,
                             struct error *error)
{
    for (size_t i = 0; i < options->tolerances.count; i++)
        if (!parse_tolerance(options->tolerances.values[i], &out[i], error))
            return false;
    return true;
}

static bool parse_base(const struct drift_options *options, const struct mark_set *marks,
                       struct drift_question *question, struct error *error)
{
    int64_t gap_ms = options->gap ? time_length_parse(options->gap) : 0;
    struct time_words words = {.end_ms = question->current.from_ms - gap_ms,
                               .marks = marks,
                               .model = options->report.model};
    if (options->gap && gap_ms == 0)
        return error_set(error, ERROR_INPUT,
                         "--gap \"%.80s\" is no length: give one such as 24h or 2d", options->gap);
    if (options->gap && strstr(options->baseline, ".."))
        return error_set(error, ERROR_INPUT,
                         "--gap goes with a --baseline that is a length, such as 7d");
    if (!time_range_parse(options->baseline, "--baseline", &words, &question->base, error))
        return false;
    return question->base.to_ms <= question->current.from_ms ||
           error_set(error, ERROR_INPUT, "--baseline must end before --window begins");
}

static bool make_question(const struct drift_options *options, const struct mark_set *marks,
                          struct drift_question *out, struct error *error)
{
    struct time_words words = {.marks = marks, .model = options->report.model};
    *out = (struct drift_question){.tolerance = TOLERANCE,
                                   .alpha = 0.05,
                                   .power = 0.8,
                                   .hour_of_week = options->hour_of_week};
    if (!report_options_at(&options->report, &words.end_ms, error) ||
        !time_range_parse(options->report.window, "--window", &words, &out->current, error) ||
        !parse_base(options, marks, out, error))
        return false;
    return out->current.to_ms - out->base.from_ms <= DRIFT_HOURS_MAX * INT64_C(3600000) ||
           error_set(error, ERROR_INPUT,
                     "from the beginning of --baseline to the end of --window are more than %d "
                     "days",
                     DRIFT_HOURS_MAX / 24);
}

/* An exit code. */
static int read_stores(const struct drift_options *options, struct drift_report *report,
                       struct stores *stores, struct error *error)
{
    struct arg_words keys = {0};
    stores->from_ms = report->question.base.from_ms;
    stores->to_ms = report->question.current.to_ms;
    arg_words_split(&keys, &options->segments);
    bool fine = report_options_open(&options->report, stores, error) &&
                drift_report_read(report, stores, (const char *const *)keys.words, keys.count,
                                  error);
    int code = fine ? EXIT_FINE : EXIT_COULD_NOT;
    /* a page without a row says nothing of a name that was mistyped */
    if (fine && report->model && report->count == 0 &&
        !report_model_known(stores, report->model, error))
        code = EXIT_USAGE;
    else if (fine)
        drift_report_finish(report);
    arg_words_clear(&keys);
    return code;
}

/* A name that nothing has is a slip of the pen, or of another window. */
static void warn_of_unused(const struct drift_report *report)
{
    for (size_t i = 0; i < report->tolerance_count; i++)
        if (!drift_report_uses(report, &report->tolerances[i]))
            fprintf(stderr,
                    "assay report drift: --tolerance %.*s: nothing in these windows has this "
                    "dimension or metric\n",
                    STR_ARGS(report->tolerances[i].name));
}

static void read_marks(const struct drift_options *options, struct mark_set *marks,
                       struct problems *partial)
{
    for (size_t i = 0; i < options->report.stores.count; i++)
        mark_set_add(marks, options->report.stores.values[i], partial);
    mark_set_finish(marks);
}

static int report_drift(const struct drift_options *options)
{
    static const char *const formats[] = {"text", "json", "html", NULL};
    static void (*const pages[])(const struct drift_report *, struct buffer *) = {
        drift_report_text, drift_report_json, drift_report_html};
    struct error error = {0};
    struct buffer page = {0};
    struct stores stores = {0};
    struct mark_set marks = {0};
    struct tolerance *tolerances = memory_new(options->tolerances.count + 1, sizeof *tolerances);
    struct drift_report report = {.model = options->report.model,
                                  .marks = &marks,
                                  .tolerances = tolerances,
                                  .tolerance_count = options->tolerances.count};
    size_t format = 0;
    int code = EXIT_USAGE;
    if (report_options_check(&options->report, formats, &format, &error) &&
        segment_options_fit(&options->segments, &error) &&
        parse_tolerances(options, tolerances, &error)) {
        read_marks(options, &marks, &stores.partial);
        if (make_question(options, &marks, &report.question, &error))
            code = read_stores(options, &report, &stores, &error);
        if (code == EXIT_FINE) {
            warn_of_unused(&report);
            pages[format](&report, &page);
            fwrite(page.data, 1, page.size, stdout);
            code = drift_report_is_worse(&report) ? EXIT_BELOW : EXIT_FINE;
        }
    }
    if (error.kind != ERROR_NONE)
        fprintf(stderr, "assay report drift: %s\n", error.text);
    drift_report_clear(&report);
    mark_set_clear(&marks);
    stores_close(&stores);
    buffer_clear(&page);
    free(tolerances);
    return code;
}

int cmd_report_drift(int argc, char **argv)
{
    struct drift_options options = {.report = {.window = "24h", .format = "text"},
                                    .baseline = "7d"};
    struct arg_list operands = {0};
    int code;
    if (args_start(&DRIFT_TABLE, argc, argv, &options, &operands, &code))
        code = report_drift(&options);
    args_clear(&DRIFT_TABLE, &options);
    return code;
}
