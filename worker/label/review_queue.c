/* review_queue: samples for people to look at, drawn at random with known probabilities. */
#include "worker/label/review_queue.h"

#include <math.h>
#include <stdlib.h>

#include "schema/base/gzip.h"
#include "schema/base/hash.h"
#include "schema/base/json_read.h"
#include "schema/base/memory.h"
#include "worker/report/reading/sample_groups.h"
#include "worker/stats/sampling.h"
#include "worker/store/db.h"

enum { TEXT_BYTES_MAX = 64 << 20, MODELS_MAX = 256, WITHOUT_SCORE = REVIEW_STRATA_MAX - 1 };

/* One delivery of the sample at hand; of a model the lowest counts. */
struct candidate {
    char *model;
    const struct group_shard *shard;
    const struct shard_source *source;
    int64_t source_id, offset, at_ms;
    double value; /* that strata are told by; NAN: none */
    struct buffer scores;
};

struct drawing {
    struct review_queue *queue;
    struct sample_groups groups;
    uint8_t key[SIPHASH_KEY_BYTES];
    struct candidate candidates[MODELS_MAX];
    size_t count;
};

static void clear_candidates(struct drawing *drawing)
{
    for (size_t i = 0; i < drawing->count; i++) {
        free(drawing->candidates[i].model);
        buffer_clear(&drawing->candidates[i].scores);
    }
    drawing->count = 0;
}

/* ---- the deliveries of a sample ---- */

static void read_scores(struct drawing *drawing, struct group_shard *shard,
                        const struct sample_row *row, struct candidate *out)
{
    struct row_score score;
    const char *wanted = drawing->queue->stratify_by;
    buffer_append(&out->scores, "{", 1);
    while (sample_rows_next_score(&shard->rows, row, &score)) {
        const struct shard_criterion *criterion =
            shard_names_criterion(&shard->names, score.criterion);
        if (!criterion || score.status != ROW_SCORED)
            continue;
        buffer_append_str(&out->scores, out->scores.size > 1 ? STR(",") : STR(""));
        buffer_append_json(&out->scores, str_of(criterion->name));
        buffer_append(&out->scores, ":", 1);
        buffer_append_number(&out->scores, score.value);
        if (wanted && isnan(out->value) && strcmp(criterion->name, wanted) == 0)
            out->value = score.value;
    }
    buffer_append(&out->scores, "}", 1);
}

/* The place for a delivery; NULL: a lower one of its model is there. */
static struct candidate *place_of(struct drawing *drawing, struct str model,
                                  const struct shard_source *source, int64_t offset)
{
    for (size_t i = 0; i < drawing->count; i++) {
        struct candidate *one = &drawing->candidates[i];
        if (!str_is(model, one->model))
            continue;
        if (sample_groups_order(source, offset, one->source, one->offset) >= 0)
            return NULL;
        free(one->model);
        buffer_clear(&one->scores);
        return one;
    }
    return drawing->count < MODELS_MAX ? &drawing->candidates[drawing->count++] : NULL;
}

static void read_sample(struct drawing *drawing)
{
    struct sample_row row;
    struct group_shard *shard;
    unsigned runs;
    while ((shard = sample_groups_row(&drawing->groups, &row, &runs))) {
        const struct shard_source *source = shard_names_source(&shard->names, row.source);
        const char *model = drawing->queue->model;
        struct candidate *place = NULL;
        if (source && (!model || str_is(row.model, model)))
            place = place_of(drawing, row.model, source, row.offset);
        if (!place)
            continue;
        *place = (struct candidate){.model = memory_copy_str(row.model),
                                    .shard = shard,
                                    .source = source,
                                    .source_id = row.source,
                                    .offset = row.offset,
                                    .at_ms = row.at_ms,
                                    .value = NAN};
        read_scores(drawing, shard, &row, place);
    }
}

/* ---- drawing ---- */

static size_t stratum_of(const struct review_queue *queue, double value)
{
    if (!queue->stratify_by)
        return 0;
    if (isnan(value))
        return WITHOUT_SCORE;
    return value < 1 ? (size_t)(value * WITHOUT_SCORE) : WITHOUT_SCORE - 1;
}

static uint64_t rank_of(const struct drawing *drawing, const char *model)
{
    struct buffer name = {0};
    buffer_append_str(&name, str_of(model));
    buffer_append(&name, "", 1);
    buffer_append_str(&name, buffer_str(&drawing->groups.sample));
    uint64_t rank = hash_sip(drawing->key, buffer_str(&name));
    buffer_clear(&name);
    return rank;
}

static void clear_item(struct review_item *item)
{
    free(item->sample);
    free(item->model);
    free(item->prompt);
    free(item->response);
    free(item->scores);
}

static void read_text(struct review_item *item, const struct candidate *from)
{
    struct statement *read =
        db_sql(from->shard->shard->db,
               "SELECT policy, body FROM text WHERE run = 1 AND source = ? AND off = ?");
    struct buffer json = {0};
    db_bind_int(read, from->source_id);
    db_bind_int(read, from->offset);
    if (db_row(read) && gzip_unpack(db_text(read, 1), TEXT_BYTES_MAX, &json)) {
        json_t *object = json_loadb(json.data, json.size, JSON_ALLOW_NUL, NULL);
        const char *prompt = json_string_value(json_object_get(object, "prompt"));
        const char *response = json_string_value(json_object_get(object, "response"));
        item->prompt = prompt ? memory_copy_string(prompt) : NULL;
        item->response = response ? memory_copy_string(response) : NULL;
        item->text = str_is(db_text(read, 0), "full") ? "full" : "redacted";
        json_decref(object);
    }
    db_end(read);
    buffer_clear(&json);
}

static void draw(struct drawing *drawing, const struct candidate *from)
{
    struct review_queue *queue = drawing->queue;
    size_t number = stratum_of(queue, from->value);
    struct review_stratum *stratum = &queue->strata[number];
    uint64_t rank = rank_of(drawing, from->model);
    size_t at = stratum->count;
    stratum->population++;
    queue->population++;
    while (at > 0 && stratum->items[at - 1].rank > rank)
        at--;
    if (at == queue->wanted)
        return;
    if (!stratum->items)
        stratum->items = memory_new(queue->wanted, sizeof *stratum->items);
    if (stratum->count == queue->wanted)
        clear_item(&stratum->items[--stratum->count]);
    memmove(stratum->items + at + 1, stratum->items + at,
            (stratum->count - at) * sizeof *stratum->items);
    stratum->items[at] =
        (struct review_item){.rank = rank,
                             .sample = memory_copy_str(buffer_str(&drawing->groups.sample)),
                             .model = memory_copy_string(from->model),
                             .at_ms = from->at_ms,
                             .stratum = number,
                             .scores = memory_copy_str(buffer_str(&from->scores))};
    read_text(&stratum->items[at], from);
    stratum->count++;
}

/* ---- how many of each stratum ---- */

/* Whole numbers that add up: rounded down, then one more where the rest is largest. */
static void round_sizes(const double *sizes, const uint64_t *most, size_t total, size_t *out)
{
    size_t sum = 0;
    for (size_t i = 0; i < REVIEW_STRATA_MAX; i++)
        sum += out[i] = (size_t)fmin(floor(sizes[i] + 1e-9), (double)most[i]);
    for (bool more = true; more && sum < total;) {
        size_t best = REVIEW_STRATA_MAX;
        for (size_t i = 0; i < REVIEW_STRATA_MAX; i++)
            if (out[i] < most[i] && (best == REVIEW_STRATA_MAX ||
                                     sizes[i] - (double)out[i] > sizes[best] - (double)out[best]))
                best = i;
        more = best < REVIEW_STRATA_MAX;
        if (more) {
            out[best]++;
            sum++;
        }
    }
}

static void allocate(struct review_queue *queue, size_t out[REVIEW_STRATA_MAX])
{
    struct stratum_size strata[REVIEW_STRATA_MAX];
    double shares[REVIEW_STRATA_MAX], sizes[REVIEW_STRATA_MAX] = {0};
    uint64_t most[REVIEW_STRATA_MAX];
    size_t places[REVIEW_STRATA_MAX], count = 0;
    double total = fmin((double)queue->wanted, (double)queue->population);
    for (size_t i = 0; i < REVIEW_STRATA_MAX; i++) {
        most[i] = queue->strata[i].population;
        if (most[i] > 0) {
            places[count] = i;
            strata[count++] = (struct stratum_size){.population = (double)most[i]};
        }
    }
    sampling_allocate(strata, count, ALLOCATION_SQUARE_ROOT, total, 1, shares);
    for (size_t i = 0; i < count; i++)
        sizes[places[i]] = shares[i];
    round_sizes(sizes, most, (size_t)total, out);
}

static int by_rank(const void *left, const void *right)
{
    const struct review_item *a = left, *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    int order = strcmp(a->sample, b->sample);
    return order ? order : strcmp(a->model, b->model);
}

static void gather(struct review_queue *queue)
{
    size_t sizes[REVIEW_STRATA_MAX];
    allocate(queue, sizes);
    queue->items = memory_new(queue->wanted + 1, sizeof *queue->items);
    for (size_t s = 0; s < REVIEW_STRATA_MAX; s++) {
        const struct review_stratum *stratum = &queue->strata[s];
        for (size_t i = 0; i < sizes[s]; i++) {
            struct review_item *item = &queue->items[queue->count++];
            *item = stratum->items[i];
            item->probability = (double)sizes[s] / (double)stratum->population;
            queue->with_text += item->text != NULL;
        }
    }
    qsort(queue->items, queue->count, sizeof *queue->items, by_rank);
}

void review_queue_draw(struct review_queue *queue)
{
    static const char *const live[2] = {"live", "live"};
    struct drawing *drawing = memory_new(1, sizeof *drawing);
    drawing->queue = queue;
    for (size_t i = 0; i < sizeof queue->seed; i++)
        drawing->key[i] = (uint8_t)(queue->seed >> 8 * i);
    stores_resolve(queue->stores);
    sample_groups_open(&drawing->groups, queue->stores, live, queue->window);
    while (sample_groups_next(&drawing->groups)) {
        read_sample(drawing);
        for (size_t i = 0; i < drawing->count && drawing->groups.sample.size > 0; i++)
            draw(drawing, &drawing->candidates[i]);
        clear_candidates(drawing);
    }
    sample_groups_close(&drawing->groups);
    free(drawing);
    stores_check(queue->stores);
    gather(queue);
}

void review_queue_clear(struct review_queue *queue)
{
    for (size_t s = 0; s < REVIEW_STRATA_MAX; s++) {
        for (size_t i = 0; i < queue->strata[s].count; i++)
            clear_item(&queue->strata[s].items[i]);
        free(queue->strata[s].items);
    }
    free(queue->items);
    *queue = (struct review_queue){0};
}
