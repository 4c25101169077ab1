/* label_import: what of a file of labels is new, what is known, and what is wrong. */
#include "worker/label/label_import.h"

#include <stdio.h>
#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/label/label_targets.h"
#include "worker/report/reading/sample_rows.h"

enum { PLACE_BYTES = 32 };

/* A row of the file and what the store knows of its sample. */
struct row {
    const struct label_row *from;
    struct label label;
    const char *model; /* the first that the sample is of; NULL: the store does not hold it */
    bool held;         /* of the model that the label names */
    bool ambiguous;    /* it is of several */
};

static int compare(struct str a, struct str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_sample(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    return compare(a->label.sample, b->label.sample);
}

/* By what makes a label one; rows of the file behind each other. */
static int by_key(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int order = by_sample(a, b);
    if (order == 0)
        order = compare(a->label.model, b->label.model);
    if (order == 0)
        order = compare(a->label.target, b->label.target);
    if (order == 0)
        order = compare(a->label.labeller, b->label.labeller);
    if (order == 0)
        order = (a->label.labelled_at_ms > b->label.labelled_at_ms) -
                (a->label.labelled_at_ms < b->label.labelled_at_ms);
    return order ? order : (a->from->line > b->from->line) - (a->from->line < b->from->line);
}

static bool same_key(const struct row *a, const struct row *b)
{
    return str_equal(a->label.sample, b->label.sample) &&
           str_equal(a->label.model, b->label.model) &&
           str_equal(a->label.target, b->label.target) &&
           str_equal(a->label.labeller, b->label.labeller) &&
           a->label.labelled_at_ms == b->label.labelled_at_ms;
}

static void complain(struct problems *problems, const struct row *row, const char *sentence)
{
    char place[PLACE_BYTES];
    snprintf(place, sizeof place, "line %zu", row->from->line);
    problems_add(problems, place, "%s", sentence);
}

/* ---- targets ---- */

static void check_targets(const struct label_import *import, const struct row *rows, size_t count,
                          struct problems *problems)
{
    struct buffer known = {0}, sentence = {0};
    struct str last = {0};
    bool fine = true;
    for (size_t i = 0; i < count; i++) {
        struct str target = rows[i].label.target;
        if (!last.data || !str_equal(last, target))
            fine = label_target_known(import->stores, target);
        last = target;
        if (fine)
            continue;
        buffer_reset(&known);
        buffer_reset(&sentence);
        label_targets_list(import->stores, &known);
        buffer_printf(&sentence, "target: \"%.*s\" is no criterion and no dimension; there are %s",
                      (int)(target.size < 60 ? target.size : 60), target.data,
                      known.size ? known.data : "none");
        complain(problems, &rows[i], sentence.data);
    }
    buffer_clear(&known);
    buffer_clear(&sentence);
}

/* ---- samples and their models ---- */

static const char *keep_model(struct label_import *import, struct str model)
{
    for (size_t i = 0; i < import->model_count; i++)
        if (str_is(model, import->models[i]))
            return import->models[i];
    import->models =
        memory_resize(import->models, import->model_count + 1, sizeof *import->models);
    return import->models[import->model_count++] = memory_copy_str(model);
}

/* `rows` are sorted by sample. */
static void meet(struct label_import *import, struct row *rows, size_t count,
                 const struct sample_row *sample)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(rows[middle].label.sample, sample->sample) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && str_equal(rows[low].label.sample, sample->sample); low++) {
        struct row *row = &rows[low];
        row->ambiguous |= row->model && !str_is(sample->model, row->model);
        if (!row->model)
            row->model = keep_model(import, sample->model);
        row->held |= str_equal(row->label.model, sample->model);
    }
}

static void find_samples(struct label_import *import, struct row *rows, size_t count)
{
    static const int64_t live[2] = {1, 1};
    static const struct time_range always = {INT64_MIN, INT64_MAX};
    for (size_t i = 0; count > 0 && i < import->stores->shard_count; i++) {
        struct sample_rows samples;
        struct sample_row sample;
        sample_rows_open(&samples, import->stores, i, SAMPLES_BY_DELIVERY, live, always);
        while (sample_rows_next(&samples, &sample))
            meet(import, rows, count, &sample);
        sample_rows_end(&samples);
    }
}

static void settle_models(struct label_import *import, struct row *rows, size_t count,
                          struct problems *problems)
{
    for (size_t i = 0; i < count; i++) {
        struct row *row = &rows[i];
        if (row->label.model.size == 0 && row->ambiguous)
            complain(problems, row, "model: the sample is of several models, name one");
        else if (row->label.model.size == 0 && row->model)
            row->label.model = str_of(row->model);
        else if (!row->held)
            import->strange++;
    }
}

/* ---- what was said before ---- */

/* A row that does not say when says nothing new when it repeats its labeller's latest label. */
static bool is_known(const struct label_import *import, struct row *row, struct problems *problems)
{
    if (!row->from->timed) {
        const struct stored_label *latest = label_set_latest(import->known, &row->label);
        row->label.labelled_at_ms = import->now_ms;
        return latest && latest->value == row->label.value;
    }
    const struct stored_label *same = label_set_at(import->known, &row->label);
    if (same && same->value != row->label.value)
        complain(problems, row,
                 "value: the store has another one of this labeller and time: a change of mind "
                 "has a later labelled_at");
    return same != NULL;
}

static void take_new(struct label_import *import, struct row *rows, size_t count,
                     struct problems *problems)
{
    import->labels = memory_new(count + 1, sizeof *import->labels);
    for (size_t i = 0; i < count; i++)
        if (!rows[i].from->timed)
            rows[i].label.labelled_at_ms = import->now_ms;
    qsort(rows, count, sizeof *rows, by_key);
    for (size_t i = 0; i < count; i++) {
        bool twice = i > 0 && same_key(&rows[i - 1], &rows[i]);
        if (twice && rows[i - 1].label.value != rows[i].label.value)
            complain(problems, &rows[i],
                     "value: an earlier line of this file says another one for the same sample, "
                     "target, labeller and time");
        if (twice || is_known(import, &rows[i], problems))
            import->repeated++;
        else
            import->labels[import->count++] = rows[i].label;
    }
}

void label_import_check(struct label_import *import, struct problems *problems)
{
    size_t count = import->file->count;
    struct row *rows = memory_new(count + 1, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        const struct label_row *from = &import->file->rows[i];
        rows[i] = (struct row){.from = from, .label = from->label};
    }
    check_targets(import, rows, count, problems);
    if (count > 0)
        qsort(rows, count, sizeof *rows, by_sample);
    find_samples(import, rows, count);
    settle_models(import, rows, count, problems);
    if (count > 0)
        take_new(import, rows, count, problems);
    free(rows);
}

void label_import_clear(struct label_import *import)
{
    for (size_t i = 0; i < import->model_count; i++)
        free(import->models[i]);
    free(import->models);
    free(import->labels);
}
