/* quality: what the rollups of shards say about each model and criterion, in total. */
#include "worker/store/quality.h"

#include <stdio.h>
#include <stdlib.h>
#include "schema/base/memory.h"
#include "worker/store/db.h"
#include "worker/store/histogram.h"

static struct quality_line *find_line(struct quality *quality, const struct quality_line *key)
{
    for (size_t i = 0; i < quality->count; i++) {
        struct quality_line *line = &quality->lines[i];
        if (strcmp(line->model, key->model) == 0 && strcmp(line->criterion, key->criterion) == 0 &&
            strcmp(line->dimension, key->dimension) == 0)
            return line;
    }
    if (quality->count == QUALITY_LINES_MAX)
        return NULL;
    quality->lines = memory_resize(quality->lines, quality->count + 1, sizeof *quality->lines);
    quality->lines[quality->count] = *key;
    return &quality->lines[quality->count++];
}

static double sum_of(struct str histogram)
{
    uint32_t bins[BINS] = {0};
    double sum = 0;
    if (bins_read(bins, BINS, histogram))
        for (int bin = 0; bin < BINS; bin++)
            sum += (double)bins[bin] * bin / (BINS - 1);
    return sum;
}

static const char *named_or_other(struct str model, const char *const *models, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(model, models[i]))
            return models[i];
    return "other";
}

static void add_cell(struct quality *quality, struct statement *rows, const char *const *models,
                     size_t model_count)
{
    struct quality_line key = {0};
    snprintf(key.model, sizeof key.model, "%s",
             named_or_other(db_text(rows, 0), models, model_count));
    snprintf(key.criterion, sizeof key.criterion, "%.*s", STR_ARGS(db_text(rows, 1)));
    snprintf(key.dimension, sizeof key.dimension, "%.*s", STR_ARGS(db_text(rows, 2)));
    struct quality_line *line = find_line(quality, &key);
    if (!line)
        return;
    line->scored += db_int(rows, 3);
    line->not_applicable += db_int(rows, 4);
    line->skipped += db_int(rows, 5);
    line->error += db_int(rows, 6);
    line->passed += db_int(rows, 7);
    line->sum += sum_of(db_text(rows, 8));
}

bool quality_add(struct quality *quality, const char *path, const char *const *models,
                 size_t model_count, struct error *error)
{
    struct db *db = db_open(path, DB_READER, error);
    if (!db)
        return false;
    struct statement *rows = db_sql(
        db, "SELECT word.text, criterion.name, dimension, scored, not_applicable, skipped, error,"
            "passed, histogram FROM rollup JOIN criterion ON criterion.id = rollup.criterion "
            "LEFT JOIN word ON word.id = rollup.model WHERE run = 1");
    while (db_row(rows))
        add_cell(quality, rows, models, model_count);
    db_end(rows);
    bool fine = db_ok(db, error);
    db_close(db);
    return fine;
}

void quality_clear(struct quality *quality)
{
    free(quality->lines);
    *quality = (struct quality){0};
}
