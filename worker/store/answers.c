/* answers: rows of what models answered, in a shard and in the store's file of answers. */
#include "schema/base/clock.h"
#include "worker/store/answers_inside.h"

bool answer_may_be_kept(const struct store_config *config, struct str answer)
{
    if (config->text != TEXT_REDACTED)
        return config->text == TEXT_FULL;
    struct arena arena = {0};
    bool clean = str_equal(config->mask(config->mask_owner, answer, &arena), answer);
    arena_clear(&arena);
    return clean;
}

void answer_insert(struct db *db, const uint8_t key[SHA256_BYTES], const struct question *question)
{
    struct statement *row =
        db_sql(db, "INSERT INTO answer(key, answer, nonce, input_tokens, output_tokens,"
                   "finish_reason, recorded_at_ms) VALUES(?,?,?,?,?,?,?) ON CONFLICT DO NOTHING");
    db_bind_blob(row, (struct str){(const char *)key, SHA256_BYTES});
    db_bind_text(row, question->answer);
    db_bind_text(row, str_of(question->nonce));
    db_bind_int(row, question->input_tokens);
    db_bind_int(row, question->output_tokens);
    db_bind_text(row, str_of(question->finish_reason));
    db_bind_int(row, clock_wall_ms());
    db_do(row);
}

static void keep_list(struct store *store, const struct store_config *policy,
                      const struct evaluated *one, size_t criterion)
{
    const struct question *question = one->answered[criterion];
    for (; question; question = question->next) {
        uint8_t key[SHA256_BYTES];
        if (question->status != ANSWER_RECEIVED || question->remembered ||
            !answer_may_be_kept(policy, question->answer))
            continue;
        question_answer_key(question, one->rubric->judge, key);
        answer_insert(store->db, key, question);
    }
}

/* A rerun's answers are in the store's file already. */
void shard_answers(struct store *store, const struct delivery *delivery)
{
    const struct store_config policy = {
        .text = store->text, .mask = store->mask, .mask_owner = store->mask_owner};
    if (store->text == TEXT_NONE || store->run != LIVE_RUN || !delivery->sample)
        return;
    for (size_t i = 0; i < delivery->evaluated_count; i++)
        for (size_t c = 0; c < delivery->evaluated[i].rubric->criterion_count; c++)
            keep_list(store, &policy, &delivery->evaluated[i], c);
}
