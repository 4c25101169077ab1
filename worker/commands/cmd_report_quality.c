/* assay report quality: how good each model is now. */
#include <stdio.h>

#include "worker/commands/cmd_report.h"
#include "worker/commands/commands.h"
#include "worker/options/report_options.h"
#include "worker/report/quality/quality.h"

struct quality_options {
    struct report_options report;
    int64_t examples;
    bool ascii;
};

static const struct arg QUALITY_ARGS[] = {
    {.name = "examples",
     .value = "N",
     .kind = ARG_INT,
     .offset = offsetof(struct quality_options, examples),
     .max = QUALITY_EXAMPLES_MAX,
     .help = "how many of the worst samples of each criterion are named, 0 to 100; default 3"},
    {.name = "ascii",
     .kind = ARG_FLAG,
     .offset = offsetof(struct quality_options, ascii),
     .help = "trends as digits, 0 the lowest and 9 the highest, instead of blocks"},
};

static const struct arg_table QUALITY_TABLE = {
    .description =
        "Tells of each model the mean of the composite, of each dimension and of each criterion "
        "with its 95 % interval,\nhow it went through the window, what is missing, and the worst "
        "samples. A dimension is of each sample the weighted\nmean of its criteria; it is read "
        "from the rows, criteria from the rollups, which are kept longer. Counted are scores\nof "
        "files, and of workers what is committed, acknowledged or not, each offset once; what is "
        "missing is listed.\n"
        "Where people labelled samples (assay label), the rate as they see it stands below: by "
        "their labels alone, or with the\nscores of all samples corrected by them (PPI++); and "
        "what earlier labels make of the scores (Rogan-Gladen): where\nboth disagree, the way of "
        "judging changed.\n"
        "Exit status: 0 fine, 2 wrong usage, 3 a store could not be read.",
    .groups =
        (const struct arg_group[]){
            {"Options", QUALITY_ARGS, sizeof QUALITY_ARGS / sizeof *QUALITY_ARGS, 0},
            {"What is read", REPORT_ARGS, REPORT_ARG_COUNT,
             offsetof(struct quality_options, report)},
        },
    .group_count = 2,
};

/* Labels lie in folders; workers do not serve them. */
static void read_labels(const struct quality_options *options, struct label_set *labels,
                        struct stores *stores)
{
    for (size_t i = 0; i < options->report.stores.count; i++)
        label_set_add(labels, options->report.stores.values[i], &stores->partial);
    label_set_finish(labels);
}

static int report_quality(const struct quality_options *options)
{
    struct error error = {0};
    struct buffer page = {0};
    size_t json = false;
    struct stores stores = {0};
    struct label_set labels = {0};
    struct quality_report report = {.model = options->report.model,
                                    .alpha = 0.05,
                                    .labels = &labels,
                                    .examples = (size_t)options->examples,
                                    .stores = &stores};
    int code = EXIT_USAGE;
    if (report_options_check(&options->report, REPORT_TEXT_OR_JSON, &json, &error) &&
        report_options_window(&options->report, &report.window, &error)) {
        code = EXIT_COULD_NOT;
        stores.from_ms = report.window.from_ms;
        stores.to_ms = report.window.to_ms;
        bool opened = report_options_open(&options->report, &stores, &error);
        if (opened)
            read_labels(options, &labels, &stores);
        if (opened && quality_report_read(&report, &error)) {
            if (json)
                quality_report_json(&report, &page);
            else
                quality_report_text(&report, options->ascii, &page);
            fwrite(page.data, 1, page.size, stdout);
            code = EXIT_FINE;
        }
    }
    if (error.kind != ERROR_NONE)
        fprintf(stderr, "assay report quality: %s\n", error.text);
    quality_report_clear(&report);
    label_set_clear(&labels);
    stores_close(&stores);
    buffer_clear(&page);
    return code;
}

int cmd_report_quality(int argc, char **argv)
{
    struct quality_options options = {.report = {.window = "24h", .format = "text"}, .examples = 3};
    struct arg_list operands = {0};
    int code;
    if (args_start(&QUALITY_TABLE, argc, argv, &options, &operands, &code))
        code = report_quality(&options);
    args_clear(&QUALITY_TABLE, &options);
    return code;
}
