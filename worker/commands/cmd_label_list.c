/* assay label list: which labels stores hold. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/memory.h"
#include "worker/commands/cmd_label.h"
#include "worker/commands/commands.h"
#include "worker/label/csv.h"
#include "worker/options/args.h"
#include "worker/report/pages/page_words.h"
#include "worker/report/reading/label_set.h"

struct list_options {
    struct arg_list stores;
    const char *target, *format;
};

static const struct arg LIST_ARGS[] = {
    {.name = "store",
     .value = "DIR",
     .kind = ARG_LIST,
     .offset = offsetof(struct list_options, stores),
     .help = "a store; give it again for others"},
    {.name = "target",
     .value = "NAME",
     .kind = ARG_TEXT,
     .offset = offsetof(struct list_options, target),
     .help = "only labels of this criterion or dimension"},
    {.name = "format",
     .value = "text|csv|jsonl",
     .kind = ARG_TEXT,
     .offset = offsetof(struct list_options, format),
     .help = "text: a line for each model and target; csv and jsonl: every label, as import reads "
             "them; default text"},
};

static const struct arg_table LIST_TABLE = {
    .description = "Lists the labels that people gave.\n"
                   "Exit status: 0 fine, 2 wrong usage, 3 labels could not be read.",
    .groups = (const struct arg_group[]){{"Options", LIST_ARGS,
                                          sizeof LIST_ARGS / sizeof *LIST_ARGS, 0}},
    .group_count = 1,
};

/* ---- every label ---- */

enum { COLUMN_COUNT = 8 };

static const char *const COLUMNS[COLUMN_COUNT] = {
    "sample", "model", "target", "value", "labeller", "labelled_at", "probability", "note"};

static void add_label(struct buffer *out, const struct stored_label *label, bool json)
{
    struct buffer value = {0}, probability = {0};
    char at[CLOCK_TEXT_BYTES];
    clock_format_rfc3339(label->labelled_at_ms, at);
    buffer_append_number(&value, label->value);
    if (!isnan(label->probability))
        buffer_append_number(&probability, label->probability);
    const struct str cells[COLUMN_COUNT] = {
        str_of(label->sample),   str_of(label->model),
        str_of(label->target),   buffer_str(&value),
        str_of(label->labeller), str_of(at),
        buffer_str(&probability), str_of(label->note)};
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        bool number = i == 3 || i == 6;
        if (!json)
            csv_write(out, cells[i].data ? cells[i] : STR(""), i == 0);
        else {
            buffer_printf(out, "%s\"%s\":", i ? "," : "{", COLUMNS[i]);
            if (!cells[i].data || (number && cells[i].size == 0))
                buffer_append_str(out, STR("null"));
            else if (number)
                buffer_append_str(out, cells[i]);
            else
                buffer_append_json(out, cells[i]);
        }
    }
    buffer_append_str(out, json ? STR("}\n") : STR("\r\n"));
    buffer_clear(&value);
    buffer_clear(&probability);
}

static void add_labels(struct buffer *out, const struct label_set *set, const char *target,
                       bool json)
{
    for (size_t i = 0; i < COLUMN_COUNT && !json; i++)
        csv_write(out, str_of(COLUMNS[i]), i == 0);
    buffer_append_str(out, json ? STR("") : STR("\r\n"));
    for (size_t i = 0; i < set->stored_count; i++)
        if (!target || strcmp(set->stored[i].target, target) == 0)
            add_label(out, &set->stored[i], json);
}

/* ---- a line for each model and target ---- */

static int by_target(const void *left, const void *right)
{
    const struct sample_label *a = left, *b = right;
    int order = strcmp(a->model, b->model);
    return order ? order : strcmp(a->target, b->target);
}

static void add_line(struct buffer *out, const struct sample_label *items, size_t count)
{
    size_t drawn = 0, twice = 0;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += items[i].value;
        drawn += !isnan(items[i].probability);
        twice += items[i].labellers > 1;
    }
    page_clean(out, items->model[0] ? items->model : "(no model)");
    buffer_append_str(out, STR(" / "));
    page_clean(out, items->target);
    buffer_printf(out, ": %zu samples labelled, mean %.3f; %zu with a known probability, %zu by "
                       "several people\n",
                  count, sum / (double)count, drawn, twice);
}

static void add_summary(struct buffer *out, const struct label_set *set, const char *target)
{
    struct sample_label *items = memory_new(set->count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        if (!target || strcmp(set->items[i].target, target) == 0)
            items[count++] = set->items[i];
    qsort(items, count, sizeof *items, by_target);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && by_target(&items[from], &items[to]) == 0;)
            to++;
        add_line(out, items + from, to - from);
    }
    if (count == 0)
        buffer_append_str(out, STR("No labels.\n"));
    free(items);
}

static int list_command(const struct list_options *options)
{
    struct label_set set = {0};
    struct problems partial = {0};
    struct buffer page = {0};
    bool text = strcmp(options->format, "text") == 0, json = strcmp(options->format, "jsonl") == 0;
    if (options->stores.count == 0 || (!text && !json && strcmp(options->format, "csv") != 0)) {
        fprintf(stderr, "assay label list: %s\n",
                options->stores.count == 0 ? "--store is missing: name the folder of a store"
                                           : "--format is text, csv or jsonl");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < options->stores.count; i++)
        label_set_add(&set, options->stores.values[i], &partial);
    label_set_finish(&set);
    if (text)
        add_summary(&page, &set, options->target);
    else
        add_labels(&page, &set, options->target, json);
    fwrite(page.data ? page.data : "", 1, page.size, stdout);
    problems_print(&partial, stderr, "not all was read");
    int code = partial.total > 0 ? EXIT_COULD_NOT : EXIT_FINE;
    problems_clear(&partial);
    label_set_clear(&set);
    buffer_clear(&page);
    return code;
}

int cmd_label_list(int argc, char **argv)
{
    struct list_options options = {.format = "text"};
    struct arg_list operands = {0};
    int code;
    if (args_start(&LIST_TABLE, argc, argv, &options, &operands, &code))
        code = list_command(&options);
    args_clear(&LIST_TABLE, &options);
    return code;
}
