/* assay report drift: whether scores got worse, since when, and how sure that is. */
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/args.h"
#include "worker/cmd_report.h"
#include "worker/commands.h"
#include "worker/report/drift_report.h"
#include "worker/report/report_models.h"
#include "worker/report/time_range.h"
#include "worker/rubric_list.h"
#include "worker/segment_options.h"

struct drift_options {
    struct arg_list stores, segments, tolerances;
    const char *model, *baseline, *window, *at, *format;
};

static const double TOLERANCE = 0.02;

static const struct arg DRIFT_ARGS[] = {
    {.name = "store",
     .value = "DIR|URL",
     .kind = ARG_LIST,
     .offset = offsetof(struct drift_options, stores),
     .help = "a folder of shards, or where a worker listens; give it again for other workers"},
    {.name = "model",
     .value = "NAME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct drift_options, model),
     .help = "only this model; default: all"},
    {.name = "baseline",
     .value = "RANGE",
     .kind = ARG_TEXT,
     .offset = offsetof(struct drift_options, baseline),
     .help = "what is compared with: FROM..TO, or a length that ends where the window begins; "
             "default 7d"},
    {.name = "window",
     .value = "RANGE",
     .kind = ARG_TEXT,
     .offset = offsetof(struct drift_options, window),
     .help = "what is asked about: FROM..TO, or a length that ends at --at; default 24h"},
    {.name = "at",
     .value = "TIME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct drift_options, at),
     .help = "the time that lengths count back from, RFC 3339; default: now"},
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
         "--tolerance safety=0.005; default for all 0.02"},
    {.name = "format",
     .value = "text|json|html",
     .kind = ARG_TEXT,
     .offset = offsetof(struct drift_options, format),
     .help =
         "for people, schema/drift-report.schema.json, or one page for a browser; default text"},
};

static const struct arg_group DRIFT_GROUPS[] = {
    {"Options", DRIFT_ARGS, sizeof DRIFT_ARGS / sizeof *DRIFT_ARGS, 0}};

static const struct arg_table DRIFT_TABLE = {
    .description =
        "Compares the scores of two windows of time, for each model and criterion. WORSE or "
        "BETTER: the change is\nlarger than the tolerance, with 95 % confidence. NO MEANINGFUL "
        "CHANGE: it is smaller. NOT ENOUGH DATA: neither\nis sure. A report is one look; asked "
        "again and again, it finds changes that are none. Windows are half-open and\nin steps of "
        "5 minutes, UTC. Counted are scores of files, and those whose commit the broker accepted; "
        "what "
        "is missing is\nlisted. Exit status: 0 fine, 1 a row is WORSE, 2 wrong usage, 3 a store "
        "could not be read.",
    .groups = DRIFT_GROUPS,
    .group_count = sizeof DRIFT_GROUPS / sizeof *DRIFT_GROUPS,
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

static bool make_question(const struct drift_options *options, struct drift_question *out,
                          struct error *error)
{
    int64_t at_ms = clock_wall_ms();
    *out = (struct drift_question){.tolerance = TOLERANCE, .alpha = 0.05, .power = 0.8};
    if (options->at && !clock_parse_rfc3339(str_of(options->at), &at_ms))
        return error_set(error, ERROR_INPUT,
                         "--at \"%.80s\" is no time: give RFC 3339, such as "
                         "2026-03-01T12:00:00Z",
                         options->at);
    if (!time_range_parse(options->window, "--window", at_ms, &out->current, error) ||
        !time_range_parse(options->baseline, "--baseline", out->current.from_ms, &out->base, error))
        return false;
    if (out->base.to_ms > out->current.from_ms)
        return error_set(error, ERROR_INPUT, "--baseline must end before --window begins");
    if (out->current.to_ms - out->base.from_ms > DRIFT_HOURS_MAX * INT64_C(3600000))
        return error_set(error, ERROR_INPUT,
                         "from the beginning of --baseline to the end of --window are more than "
                         "%d days",
                         DRIFT_HOURS_MAX / 24);
    return true;
}

typedef void page_writer(const struct drift_report *report, struct buffer *out);

/* NULL and an error: there is no such format. */
static page_writer *writer_of(const char *format, struct error *error)
{
    static const struct {
        const char *name;
        page_writer *write;
    } formats[] = {
        {"text", drift_report_text}, {"json", drift_report_json}, {"html", drift_report_html}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(format, formats[i].name) == 0)
            return formats[i].write;
    error_set(error, ERROR_INPUT, "--format \"%.40s\" is neither text nor json nor html", format);
    return NULL;
}

static bool check_stores(const struct drift_options *options, struct error *error)
{
    return options->stores.count > 0 ||
           error_set(error, ERROR_INPUT,
                     "--store is missing: name a folder of shards, or http://WORKER:PORT");
}

/* An exit code. */
static int read_stores(const struct drift_options *options, struct drift_report *report,
                       struct mark_set *marks, struct error *error)
{
    struct stores stores = {.from_ms = report->question.base.from_ms,
                            .to_ms = report->question.current.to_ms};
    struct arg_words keys = {0};
    bool fine = true;
    arg_words_split(&keys, &options->segments);
    for (size_t i = 0; fine && i < options->stores.count; i++)
        fine = stores_add(&stores, options->stores.values[i], error);
    if (fine && stores.shard_count == 0)
        fine = error_set(error, ERROR_INPUT, "no shard could be read: %.300s",
                         stores.partial.count ? stores.partial.lines[0] : "");
    for (size_t i = 0; fine && i < options->stores.count; i++)
        mark_set_add(marks, options->stores.values[i], &stores.partial);
    mark_set_finish(marks);
    fine = fine && drift_report_read(report, &stores, (const char *const *)keys.words, keys.count,
                                     error);
    int code = fine ? EXIT_FINE : EXIT_COULD_NOT;
    /* a page without a row says nothing of a name that was mistyped */
    if (fine && options->model && report->count == 0 &&
        !report_model_known(&stores, options->model, error))
        code = EXIT_USAGE;
    else if (fine)
        drift_report_finish(report);
    arg_words_clear(&keys);
    stores_close(&stores);
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

static int report_drift(const struct drift_options *options)
{
    struct error error = {0};
    struct buffer page = {0};
    struct tolerance *tolerances = memory_new(options->tolerances.count + 1, sizeof *tolerances);
    struct mark_set marks = {0};
    struct drift_report report = {.model = options->model,
                                  .marks = &marks,
                                  .tolerances = tolerances,
                                  .tolerance_count = options->tolerances.count};
    int code = EXIT_USAGE;
    page_writer *write = writer_of(options->format, &error);
    if (write && check_stores(options, &error) && segment_options_fit(&options->segments, &error) &&
        make_question(options, &report.question, &error) &&
        parse_tolerances(options, tolerances, &error)) {
        code = read_stores(options, &report, &marks, &error);
        if (code == EXIT_FINE) {
            warn_of_unused(&report);
            write(&report, &page);
            fwrite(page.data, 1, page.size, stdout);
            code = drift_report_is_worse(&report) ? EXIT_BELOW : EXIT_FINE;
        }
    }
    if (error.kind != ERROR_NONE)
        fprintf(stderr, "assay report drift: %s\n", error.text);
    drift_report_clear(&report);
    mark_set_clear(&marks);
    buffer_clear(&page);
    free(tolerances);
    return code;
}

int cmd_report_drift(int argc, char **argv)
{
    struct drift_options options = {.baseline = "7d", .window = "24h", .format = "text"};
    struct arg_list operands = {0};
    int code;
    if (args_start(&DRIFT_TABLE, argc, argv, &options, &operands, &code))
        code = report_drift(&options);
    args_clear(&DRIFT_TABLE, &options);
    return code;
}
