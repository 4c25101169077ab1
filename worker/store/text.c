/* text: prompt and response at rest, by policy: for people who must see why. */
#include "schema/base/arena.h"
#include "schema/base/buffer.h"
#include "schema/base/gzip.h"
#include "worker/store/shard.h"

enum { UNIFORM_ONE_IN = 100 }; /* of the samples that nothing else keeps, by hash */

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

static bool is_kept(const struct store *store, const struct delivery *delivery)
{
    if (store->text == TEXT_NONE || !delivery->sample || delivery->evaluated_count == 0)
        return false;
    for (size_t i = 0; i < delivery->evaluated_count; i++)
        if (failed_or_judged(&delivery->evaluated[i]))
            return true;
    return delivery->sample_key % UNIFORM_ONE_IN == 0;
}

/* Masked as the policy says; absent when it must not be stored. */
static struct str at_rest(struct store *store, struct str text, struct arena *arena)
{
    if (!text.data || store->text == TEXT_FULL)
        return text;
    return store->mask(store->mask_owner, text, arena);
}

static void append_member(struct buffer *json, const char *name, struct str text)
{
    buffer_printf(json, "%s\"%s\":", json->size > 1 ? "," : "", name);
    if (text.data)
        buffer_append_json(json, text);
    else
        buffer_append_str(json, STR("null"));
}

void shard_text(struct store *store, const struct delivery *delivery)
{
    if (!is_kept(store, delivery))
        return;
    struct arena arena = {0};
    struct buffer json = {0}, packed = {0};
    buffer_append(&json, "{", 1);
    append_member(&json, "prompt", at_rest(store, delivery->sample->prompt, &arena));
    append_member(&json, "response", at_rest(store, delivery->sample->response, &arena));
    buffer_append(&json, "}", 1);
    gzip_pack(buffer_str(&json), &packed);
    struct statement *row =
        db_sql(store->db, "INSERT INTO text VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    db_bind_int(row, shard_run(store, delivery->sample->run));
    db_bind_int(row, delivery->tenure->source);
    db_bind_int(row, delivery->offset);
    db_bind_text(row, store->text == TEXT_FULL ? STR("full") : STR("redacted"));
    db_bind_int(row, (int64_t)json.size);
    db_bind_blob(row, buffer_str(&packed));
    db_do(row);
    buffer_clear(&json);
    buffer_clear(&packed);
    arena_clear(&arena);
}
