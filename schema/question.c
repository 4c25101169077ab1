/* question: what an evaluator asks of a model, and the answer that came. */
#include "schema/question.h"

#include "schema/base/buffer.h"

/* Every field is length-prefixed, so that no two questions share an encoding. */
static void add(struct buffer *into, struct str text)
{
    buffer_printf(into, "%zu:", text.size);
    buffer_append_str(into, text);
}

static void add_place(struct buffer *into, const struct question *question)
{
    add(into, question->place.endpoint);
    add(into, question->place.component);
    add(into, question->place.variant);
    add(into, question->body);
}

void question_seal(struct question *question)
{
    struct buffer all = {0};
    buffer_printf(&all, "question 1 %d %u %lld %.17g %zu\n", question->target, question->draw,
                  (long long)question->max_tokens, question->temperature, question->message_count);
    add(&all, str_of(question->purpose));
    add(&all, str_of(question->model));
    for (size_t i = 0; i < question->message_count; i++) {
        const struct question_message *message = &question->messages[i];
        add(&all, str_of(message->role));
        for (size_t j = 0; j < message->part_count; j++) {
            if (message->parts[j].kind == PART_TEXT)
                add(&all, message->parts[j].text);
            else
                buffer_append_str(&all, STR("nonce,"));
        }
    }
    if (question->target == ASK_ENDPOINT)
        add_place(&all, question);
    hash_sha256(buffer_str(&all), question->hash);
    buffer_clear(&all);
}

void question_refuse(struct question *question)
{
    question->status = ANSWER_SKIPPED;
    question->failure = question->target == ASK_JUDGE ? "no_judge" : "endpoint_not_listed";
}

void question_answer_key(const struct question *question, const struct judge_identity *judge,
                         uint8_t out[SHA256_BYTES])
{
    struct buffer all = {0};
    buffer_append_str(&all, STR("answer 1 "));
    buffer_append(&all, question->hash, sizeof question->hash);
    if (question->target == ASK_JUDGE && judge) {
        add(&all, str_of(judge->endpoint));
        add(&all, str_of(judge->component));
        add(&all, str_of(question->model ? NULL : judge->model));
    }
    hash_sha256(buffer_str(&all), out);
    buffer_clear(&all);
}
