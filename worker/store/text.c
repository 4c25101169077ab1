/* text: samples at rest, by policy: for people who must see why, and to be scored again. */
#include <inttypes.h>
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/gzip.h"
#include "schema/capture_write.h"
#include "worker/store/shard.h"

static bool failed_or_judged(const struct evaluated *one)
{
    for (size_t i = 0; i < one->rubric->criterion_count; i++) {
        const struct score *score = &one->scores[i];
        if (one->answered[i] ||
            (score->status == SCORE_SCORED && score->value < one->rubric->criteria[i].threshold))
            return true;
    }
    return false;
}

/* With which probability a sample like this one is kept. */
static double share_of(const struct store *store, const struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->evaluated_count; i++)
        if (failed_or_judged(&delivery->evaluated[i]))
            return 1;
    return store->text_share;
}

/* By hash, so that every worker chooses the same. */
static bool is_chosen(const struct delivery *delivery, double share)
{
    return (double)(delivery->sample_key >> 11) * 0x1p-53 < share;
}

/* ---- masks ---- */

/* What masks a sample's texts. */
struct masking {
    struct store *store;
    struct arena *arena;
    bool refused; /* a text cannot be masked: then nothing is kept */
};

static void mask(struct masking *masking, struct str *text)
{
    if (!text->data || masking->refused)
        return;
    *text = masking->store->mask(masking->store->mask_owner, *text, masking->arena);
    masking->refused = !text->data;
}

static void mask_list(struct masking *masking, const struct str **texts, size_t count)
{
    struct str *masked = arena_new(masking->arena, count + 1, sizeof *masked);
    for (size_t i = 0; i < count; i++) {
        masked[i] = (*texts)[i];
        mask(masking, &masked[i]);
    }
    *texts = masked;
}

/* A name that something is found in still tells what belongs together, and no more. */
static void mask_name(struct masking *masking, struct str *name)
{
    struct str masked = *name;
    mask(masking, &masked);
    if (masking->refused || str_equal(masked, *name))
        return;
    uint64_t hash = hash_sip(masking->store->key, *name);
    *name = str_of(arena_printf(masking->arena, "hash:%016" PRIx64, hash));
}

static void mask_tags(struct masking *masking, struct sample *sample)
{
    struct tag *tags = arena_new(masking->arena, sample->tag_count + 1, sizeof *tags);
    for (size_t i = 0; i < sample->tag_count; i++) {
        tags[i] = sample->tags[i];
        mask_name(masking, &tags[i].value);
    }
    sample->tags = tags;
}

/* False: it must not be stored. */
static bool mask_sample(struct store *store, struct sample *sample, struct arena *arena)
{
    struct masking masking = {.store = store, .arena = arena};
    struct str *const texts[] = {&sample->prompt, &sample->last_user, &sample->response,
                                 &sample->context};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mask(&masking, texts[i]);
    mask_list(&masking, &sample->references, sample->reference_count);
    mask_list(&masking, &sample->resamples, sample->resample_count);
    mask_name(&masking, &sample->group);
    mask_name(&masking, &sample->session);
    mask_tags(&masking, sample);
    return !masking.refused;
}

/* ---- rows ---- */

static void insert_text(struct store *store, const struct delivery *delivery, double share,
                        const struct buffer *record)
{
    struct buffer packed = {0};
    gzip_pack(buffer_str(record), &packed);
    struct statement *row = db_sql(store->db, "INSERT INTO text VALUES(?, ?, ?, ?, ?, ?, 1, ?) "
                                              "ON CONFLICT DO NOTHING");
    db_bind_int(row, shard_run(store, delivery->sample->run));
    db_bind_int(row, delivery->tenure->source);
    db_bind_int(row, delivery->offset);
    db_bind_text(row, store->text == TEXT_FULL ? STR("full") : STR("redacted"));
    db_bind_int(row, (int64_t)record->size);
    db_bind_blob(row, buffer_str(&packed));
    db_bind_real(row, share);
    db_do(row);
    buffer_clear(&packed);
}

void shard_text(struct store *store, const struct delivery *delivery)
{
    if (store->text == TEXT_NONE || !delivery->sample || delivery->evaluated_count == 0)
        return;
    double share = share_of(store, delivery);
    if (!is_chosen(delivery, share))
        return;
    struct arena arena = {0};
    struct buffer record = {0};
    struct sample sample = *delivery->sample;
    if (store->text == TEXT_FULL || mask_sample(store, &sample, &arena)) {
        capture_write(&sample, &record);
        insert_text(store, delivery, share, &record);
    }
    buffer_clear(&record);
    arena_clear(&arena);
}
