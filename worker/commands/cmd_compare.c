/* assay compare: which of two models, runs or versions is better, and how sure that is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/memory.h"
#include "worker/commands/commands.h"
#include "worker/options/report_options.h"
#include "worker/options/rubric_list.h"
#include "worker/options/segment_options.h"
#include "worker/report/compare/compare.h"
#include "worker/report/reading/remote.h"
#include "worker/store/runs.h"

struct compare_options {
    struct report_options report;
    struct arg_list segments, prices;
    double tolerance;
    int64_t movers;
};

static const struct arg COMPARE_ARGS[] = {
    {.name = "tolerance",
     .value = "X",
     .kind = ARG_NUMBER,
     .offset = offsetof(struct compare_options, tolerance),
     .min = 0.0001,
     .max = 1,
     .help = "the largest difference of a mean score that would not matter; default 0.02"},
    {.name = "movers",
     .value = "N",
     .kind = ARG_INT,
     .offset = offsetof(struct compare_options, movers),
     .max = COMPARE_MOVERS_MAX,
     .help = "how many of the samples that flipped or differ most are kept of each row, 0 to 1000 "
             "(the text page shows 5); default 20"},
    {.name = "segment",
     .value = "KEY[,...]",
     .kind = ARG_LIST,
     .offset = offsetof(struct compare_options, segments),
     .help = "where: break rows down by what workers tell samples apart by (their --segment-by): "
             SEGMENT_KEY_WORDS},
    {.name = "price",
     .value = "[MODEL=]IN/OUT",
     .kind = ARG_LIST,
     .offset = offsetof(struct compare_options, prices),
     .help = "what a million tokens of input and of output cost, of a model or of all: gives costs "
             "beside quality; --price small=0.15/0.6"},
    {.name = "format",
     .value = "text|json|html",
     .kind = ARG_TEXT,
     .offset = offsetof(struct compare_options, report.format),
     .help =
         "for people, schema/compare-report.schema.json, or one page for a browser; default text"},
};

static const struct arg_table COMPARE_TABLE = {
    .operands = "A B",
    .operands_min = 2,
    .description =
        "Compares the scores of two sides. A and B are a run (live, or the name of a rerun), a "
        "model, or some of run:, model:,\nendpoint: and component: with names and commas between; "
        "a side without a run is live. Where at least half of the\nsmaller side's samples (by id) "
        "are in both, pairs are compared: McNemar's test for verdicts, a paired t for scores\n"
        "with sign flips beside it; else all scores of one side with all of the other (Fisher and "
        "Newcombe, Welch). WORSE or\nBETTER: B differs from A by more than the tolerance, with "
        "95 % confidence. The recommendation keeps A when a row\nor a segment is WORSE also after "
        "Benjamini-Hochberg over all of them; else composites decide. A sample that came\nagain "
        "counts once.\n"
        "Exit status: 0 fine, 1 B is worse for sure, 2 wrong usage, 3 a store could not be read.",
    .groups =
        (const struct arg_group[]){
            {"Options", COMPARE_ARGS, sizeof COMPARE_ARGS / sizeof *COMPARE_ARGS, 0},
            {"What is read", REPORT_ARGS, REPORT_WHAT_ARG_COUNT,
             offsetof(struct compare_options, report)},
        },
    .group_count = 2,
};

static bool open_stores(const struct compare_options *options, const struct arg_list *sides,
                        struct stores *out, struct error *error)
{
    if (!report_options_open(&options->report, out, error))
        return false;
    for (size_t i = 0; i < options->report.stores.count; i++)
        for (size_t side = 0; side < sides->count; side++)
            if (!side_open_run(sides->values[side], options->report.stores.values[i], out, error))
                return false;
    return stores_need_rows(out, error);
}

static bool parse_sides(const struct arg_list *operands, const struct stores *stores,
                        struct side *a, struct side *b, struct error *error)
{
    if (!side_parse(a, operands->values[0], stores, error) ||
        !side_parse(b, operands->values[1], stores, error))
        return false;
    return sides_apart(a, b) ||
           error_set(error, ERROR_INPUT,
                     "\"%.80s\" and \"%.80s\" may hold the same rows: name two runs, two models, "
                     "two endpoints or two components",
                     operands->values[0], operands->values[1]);
}

static bool parse_price(const char *text, struct compare_price *out, struct error *error)
{
    const char *equals = strrchr(text, '='), *numbers = equals ? equals + 1 : text;
    char *slash, *end = NULL;
    *out = (struct compare_price){.model = equals ? text : NULL,
                                  .model_size = equals ? (size_t)(equals - text) : 0,
                                  .input = strtod(numbers, &slash)};
    if (slash > numbers && *slash == '/')
        out->output = strtod(slash + 1, &end);
    return (end && end > slash + 1 && *end == 0 && equals != text && out->input >= 0 &&
            out->input <= 1e9 && out->output >= 0 && out->output <= 1e9) ||
           error_set(error, ERROR_INPUT,
                     "--price \"%.80s\" must be two prices of a million tokens, input and output, "
                     "or such prices of a model: 3/15, small=0.15/0.6",
                     text);
}

static bool parse_prices(const struct arg_list *list, struct compare_price *out,
                         struct error *error)
{
    if (list->count > COMPARE_PRICES_MAX)
        return error_set(error, ERROR_INPUT, "more than %d --price", COMPARE_PRICES_MAX);
    for (size_t i = 0; i < list->count; i++)
        if (!parse_price(list->values[i], &out[i], error))
            return false;
    return true;
}

static bool check_options(const struct compare_options *options, const struct arg_list *operands,
                          size_t *out_format, struct time_range *out_range, struct error *error)
{
    static const char *const formats[] = {"text", "json", "html", NULL};
    *out_range = (struct time_range){0, INT64_MAX};
    if (operands->count != 2)
        return error_set(error, ERROR_INPUT, "two sides are compared, not %zu: A B",
                         operands->count);
    if (!report_options_check(&options->report, formats, out_format, error) ||
        !segment_options_fit(&options->segments, error))
        return false;
    return !options->report.window || report_options_window(&options->report, out_range, error);
}

static int print(struct comparison *comparison, size_t format)
{
    static void (*const pages[])(const struct comparison *comparison, struct buffer *out) = {
        comparison_text, comparison_json, comparison_html};
    struct buffer page = {0};
    pages[format](comparison, &page);
    fwrite(page.data, 1, page.size, stdout);
    buffer_clear(&page);
    return comparison->verdict == DRIFT_WORSE ? EXIT_BELOW : EXIT_FINE;
}

/* NULL: the side is no rerun, or its run is told by workers, who do not know what it was to do. */
static json_t *rerun_of(const struct side *side, const struct arg_list *stores, struct error *error)
{
    const char **folders = memory_new(stores->count + 1, sizeof *folders);
    size_t count = 0;
    for (size_t i = 0; i < stores->count; i++)
        if (!remote_is_url(stores->values[i]))
            folders[count++] = stores->values[i];
    json_t *summary =
        side->rerun && count ? run_summary(folders, count, side->run, error) : NULL;
    free(folders);
    return summary;
}

static int answer(struct comparison *comparison, const struct arg_list *stores, size_t format,
                  struct error *error)
{
    json_t *reruns[] = {rerun_of(comparison->a, stores, error),
                        rerun_of(comparison->b, stores, error)};
    comparison->reruns[0] = reruns[0];
    comparison->reruns[1] = reruns[1];
    int code = error->kind == ERROR_NONE && comparison_read(comparison, error)
                   ? print(comparison, format)
                   : EXIT_COULD_NOT;
    json_decref(reruns[0]);
    json_decref(reruns[1]);
    return code;
}

static int compare(const struct compare_options *options, const struct arg_list *operands)
{
    struct error error = {0};
    struct stores stores = {.to_ms = 1}; /* cells are not read */
    struct side a = {0}, b = {0};
    struct arg_words keys = {0};
    struct compare_price prices[COMPARE_PRICES_MAX];
    arg_words_split(&keys, &options->segments);
    struct comparison comparison = {.a = &a,
                                    .b = &b,
                                    .model = options->report.model,
                                    .tolerance = options->tolerance,
                                    .alpha = 0.05,
                                    .power = 0.8,
                                    .prices = prices,
                                    .price_count = options->prices.count,
                                    .segment_keys = (const char *const *)keys.words,
                                    .segment_key_count = keys.count,
                                    .mover_max = (size_t)options->movers,
                                    .stores = &stores};
    size_t format = 0;
    int code = EXIT_USAGE;
    if (parse_prices(&options->prices, prices, &error) &&
        check_options(options, operands, &format, &comparison.range, &error)) {
        code = EXIT_COULD_NOT;
        if (open_stores(options, operands, &stores, &error)) {
            code = EXIT_USAGE;
            if (parse_sides(operands, &stores, &a, &b, &error))
                code = answer(&comparison, &options->report.stores, format, &error);
        }
    }
    if (error.kind != ERROR_NONE)
        fprintf(stderr, "assay compare: %s\n", error.text);
    comparison_clear(&comparison);
    side_clear(&a);
    side_clear(&b);
    arg_words_clear(&keys);
    stores_close(&stores);
    return code;
}

int cmd_compare(int argc, char **argv)
{
    struct compare_options options = {
        .report = {.format = "text"}, .tolerance = 0.02, .movers = 20};
    struct arg_list operands = {0};
    int code;
    if (args_start(&COMPARE_TABLE, argc, argv, &options, &operands, &code))
        code = compare(&options, &operands);
    args_clear(&COMPARE_TABLE, &options);
    arg_list_clear(&operands);
    return code;
}
