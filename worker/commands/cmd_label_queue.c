/* assay label queue: samples drawn at random for people to label. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/hash.h"
#include "worker/commands/cmd_label.h"
#include "worker/commands/commands.h"
#include "worker/label/csv.h"
#include "worker/label/label_targets.h"
#include "worker/label/review_queue.h"
#include "worker/options/report_options.h"

struct queue_options {
    struct report_options report;
    struct arg_list targets;
    const char *stratify_by, *format, *out;
    int64_t n, seed;
    bool show_scores;
};

static const struct arg QUEUE_ARGS[] = {
    {.name = "target",
     .value = "NAME",
     .kind = ARG_LIST,
     .offset = offsetof(struct queue_options, targets),
     .help = "what people are asked about: a criterion, a dimension or composite; a row for each"},
    {.name = "n",
     .value = "N",
     .kind = ARG_INT,
     .offset = offsetof(struct queue_options, n),
     .min = 1,
     .max = REVIEW_MAX,
     .help = "how many samples; default 50"},
    {.name = "stratify-by",
     .value = "NAME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct queue_options, stratify_by),
     .help = "draw from each quarter of this criterion's (or the composite's) scores, and from "
             "samples without one, by the square roots of their numbers: rare scores are seen"},
    {.name = "seed",
     .value = "N",
     .kind = ARG_INT,
     .offset = offsetof(struct queue_options, seed),
     .help = "the same seed draws the same samples, and more of them when more are wanted; "
             "default: by chance, and told"},
    {.name = "show-scores",
     .kind = ARG_FLAG,
     .offset = offsetof(struct queue_options, show_scores),
     .help = "with what the machine said; hidden by default, so that people are not led"},
    {.name = "format",
     .value = "csv|jsonl",
     .kind = ARG_TEXT,
     .offset = offsetof(struct queue_options, format),
     .help = "default csv"},
    {.name = "out",
     .value = "FILE",
     .kind = ARG_TEXT,
     .offset = offsetof(struct queue_options, out),
     .help = "write to FILE instead of standard output"},
};

static const struct arg_table QUEUE_TABLE = {
    .description =
        "Draws samples of the live run at random, each with a known probability, and writes them "
        "with an empty column\n`value` for people to fill; `assay label import` reads the file "
        "back. Columns: sample, model, time, prompt, response,\ntext (full, redacted or empty: "
        "not kept), target, value, labeller, labelled_at, probability, note. In CSV a cell that\na "
        "spreadsheet would take for a formula has a ' in front.\n"
        "Exit status: 0 fine, 2 wrong usage, 3 a store could not be read or the file not written.",
    .groups =
        (const struct arg_group[]){
            {"Options", QUEUE_ARGS, sizeof QUEUE_ARGS / sizeof *QUEUE_ARGS, 0},
            {"What is drawn from", REPORT_ARGS, REPORT_WHAT_ARG_COUNT,
             offsetof(struct queue_options, report)},
        },
    .group_count = 2,
};

/* ---- rows ---- */

static const char *const COLUMNS[] = {"sample", "model", "time", "prompt", "response", "text",
                                      "target", "value", "labeller", "labelled_at", "probability",
                                      "note", "scores"};

enum { COLUMN_COUNT = sizeof COLUMNS / sizeof *COLUMNS, SCORES_COLUMN = COLUMN_COUNT - 1 };

/* Cells in the order of COLUMNS; empty where people write. */
static void cells_of(const struct review_item *item, const char *target,
                     char time[CLOCK_TEXT_BYTES], struct buffer *probability,
                     struct str out[COLUMN_COUNT])
{
    clock_format_rfc3339(item->at_ms, time);
    buffer_reset(probability);
    buffer_append_number(probability, item->probability);
    const struct str cells[COLUMN_COUNT] = {
        str_of(item->sample), str_of(item->model),   str_of(time),
        str_of(item->prompt), str_of(item->response), str_of(item->text),
        str_of(target),       {0},                    {0},
        {0},                  buffer_str(probability), {0},
        str_of(item->scores)};
    memcpy(out, cells, sizeof cells);
}

static void add_csv(struct buffer *out, const struct str cells[COLUMN_COUNT], size_t count)
{
    for (size_t i = 0; i < count; i++)
        csv_write(out, cells[i].data ? cells[i] : STR(""), i == 0);
    buffer_append_str(out, STR("\r\n"));
}

static void add_json(struct buffer *out, const struct str cells[COLUMN_COUNT], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool plain = strcmp(COLUMNS[i], "probability") == 0 || i == SCORES_COLUMN;
        buffer_printf(out, "%s\"%s\":", i ? "," : "{", COLUMNS[i]);
        if (!cells[i].data)
            buffer_append_str(out, STR("null"));
        else if (plain)
            buffer_append_str(out, cells[i]);
        else
            buffer_append_json(out, cells[i]);
    }
    buffer_append_str(out, STR("}\n"));
}

static void add_rows(const struct queue_options *options, const struct review_queue *queue,
                     bool json, struct buffer *out)
{
    size_t count = options->show_scores ? COLUMN_COUNT : SCORES_COLUMN;
    struct buffer probability = {0};
    struct str cells[COLUMN_COUNT];
    char time[CLOCK_TEXT_BYTES];
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        cells[i] = str_of(COLUMNS[i]);
    if (!json)
        add_csv(out, cells, count);
    for (size_t i = 0; i < queue->count; i++)
        for (size_t t = 0; t < options->targets.count; t++) {
            cells_of(&queue->items[i], options->targets.values[t], time, &probability, cells);
            (json ? add_json : add_csv)(out, cells, count);
        }
    buffer_clear(&probability);
}

/* ---- the command ---- */

static bool check_options(const struct queue_options *options, bool *out_json,
                          struct error *error)
{
    *out_json = strcmp(options->format, "jsonl") == 0;
    if (!*out_json && strcmp(options->format, "csv") != 0)
        return error_set(error, ERROR_INPUT, "--format \"%.40s\" is neither csv nor jsonl",
                         options->format);
    if (options->targets.count == 0)
        return error_set(error, ERROR_INPUT,
                         "--target is missing: name the criterion or dimension people are asked "
                         "about");
    if (options->report.stores.count == 0)
        return error_set(error, ERROR_INPUT, "--store is missing: name a folder of shards");
    return true;
}

static bool check_target(const struct stores *stores, const char *name, const char *option,
                         struct error *error)
{
    struct buffer known = {0};
    if (!name || label_target_known(stores, str_of(name)))
        return true;
    label_targets_list(stores, &known);
    error_set(error, ERROR_INPUT, "%s \"%.80s\" is no criterion and no dimension; there are %.300s",
              option, name, known.size ? known.data : "none");
    buffer_clear(&known);
    return false;
}

static bool check_targets(const struct queue_options *options, const struct stores *stores,
                          struct error *error)
{
    for (size_t i = 0; i < options->targets.count; i++)
        if (!check_target(stores, options->targets.values[i], "--target", error))
            return false;
    return check_target(stores, options->stratify_by, "--stratify-by", error);
}

static bool write_out(const struct queue_options *options, const struct buffer *page,
                      struct error *error)
{
    FILE *file = options->out ? fopen(options->out, "we") : stdout;
    if (!file)
        return error_set(error, ERROR_FATAL, "%s: cannot open: %s", options->out, strerror(errno));
    bool fine = fwrite(page->data ? page->data : "", 1, page->size, file) == page->size;
    fine = (options->out ? fclose(file) : fflush(file)) == 0 && fine;
    return fine || error_set(error, ERROR_FATAL, "%s: cannot write: %s",
                             options->out ? options->out : "standard output", strerror(errno));
}

/* What a person should know of the file; standard output may be the file. */
static void tell(const struct review_queue *queue)
{
    fprintf(stderr, "assay label queue: %zu of %llu samples, seed %llu", queue->count,
            (unsigned long long)queue->population, (unsigned long long)queue->seed);
    if (queue->with_text < queue->count)
        fprintf(stderr,
                "; the text of %zu was not kept: look them up by their ids, do not leave them out",
                queue->count - queue->with_text);
    fprintf(stderr, "%s\n", queue->population ? "" : ": none of live fits --model and --window");
    problems_print(&queue->stores->partial, stderr, "not all was read");
}

static bool draw(const struct queue_options *options, struct review_queue *queue, bool json,
                 struct error *error)
{
    struct buffer page = {0};
    review_queue_draw(queue);
    add_rows(options, queue, json, &page);
    bool fine = write_out(options, &page, error);
    if (fine)
        tell(queue);
    buffer_clear(&page);
    return fine;
}

static int queue_command(const struct queue_options *options)
{
    struct error error = {0};
    struct stores stores = {0};
    struct review_queue queue = {.stores = &stores,
                                 .model = options->report.model,
                                 .stratify_by = options->stratify_by,
                                 .wanted = (size_t)options->n,
                                 .seed = (uint64_t)options->seed};
    bool json = false;
    int code = EXIT_USAGE;
    if (options->seed < 0) {
        hash_random((uint8_t *)&queue.seed, sizeof queue.seed);
        queue.seed >>= 11; /* short to type */
    }
    if (check_options(options, &json, &error) &&
        report_options_window(&options->report, &queue.window, &error)) {
        code = EXIT_COULD_NOT;
        if (report_options_open(&options->report, &stores, &error) &&
            stores_need_rows(&stores, &error)) {
            code = EXIT_USAGE;
            if (check_targets(options, &stores, &error))
                code = draw(options, &queue, json, &error) ? EXIT_FINE : EXIT_COULD_NOT;
        }
    }
    if (error.kind != ERROR_NONE)
        fprintf(stderr, "assay label queue: %s\n", error.text);
    review_queue_clear(&queue);
    stores_close(&stores);
    return code;
}

int cmd_label_queue(int argc, char **argv)
{
    struct queue_options options = {
        .report = {.window = "7d"}, .format = "csv", .n = 50, .seed = -1};
    struct arg_list operands = {0};
    int code;
    if (args_start(&QUEUE_TABLE, argc, argv, &options, &operands, &code))
        code = queue_command(&options);
    args_clear(&QUEUE_TABLE, &options);
    return code;
}
