/* meanings: classes of answers that mean the same, as a judge says of pairs of them. */
#include "evaluators/comparing/comparing.h"

#include <math.h>
#include <string.h>
#include "evaluators/comparing/entailment.h"

static const char INSTRUCTIONS[] =
    "You compare two answers that were given to the same request. The request stands under "
    "\"prompt\", answer A under \"context\", answer B under \"response\".\n"
    "You judge one thing only: does answer A entail answer B, as answers to this request?\n"
    "entailment: if A is true, B is true too: B claims nothing that A does not claim or imply.\n"
    "contradiction: A and B cannot both be true.\n"
    "neutral: neither of these: B claims something that A leaves open.\n"
    "unknown: you cannot read one of the answers.\n"
    "Which of the two is right does not matter, nor do wording, order and style. Two answers that "
    "both decline, or both say that they do not know, entail each other.";

static const char ENTAILMENT[] = "entailment", NEUTRAL[] = "neutral";
static const struct verdict_label LABELS[] = {
    {ENTAILMENT, 1}, {NEUTRAL, .5}, {"contradiction", 0}, {VERDICT_UNKNOWN, NAN}};

const struct judge MEANINGS_JUDGE = {
    .instructions = INSTRUCTIONS,
    .inputs = JUDGE_CONTEXT | JUDGE_PROMPT | JUDGE_RESPONSE,
    .scale = {.labels = LABELS, .label_count = sizeof LABELS / sizeof *LABELS},
    .max_tokens = 512,
    .max_shown_bytes = JUDGE_SHOWN_BYTES_MAX,
    .empty_value = NAN,
};

/* The answers of the responses: those that are equal stand here once and are not asked about. */
struct answers {
    struct str texts[RESPONSES_MAX], canonical[RESPONSES_MAX];
    uint32_t counts[RESPONSES_MAX]; /* of responses that give it */
    size_t count;
    size_t blank; /* responses without an answer: each is a class of its own */
};

static struct answers find_answers(const struct consistency *consistency,
                                   const struct responses *responses, struct arena *arena)
{
    struct answers answers = {.count = 0};
    for (size_t i = 0; i < responses->count; i++) {
        struct extracted found = {.text = STR("")};
        extract_answer(consistency->extract, consistency->field, responses->items[i], arena,
                       &found);
        struct str canonical = comparing_canonical(found.text, arena);
        size_t at = 0;
        while (at < answers.count && !str_equal(answers.canonical[at], canonical))
            at++;
        answers.blank += canonical.size == 0;
        if (canonical.size == 0)
            continue;
        answers.counts[at]++;
        if (at < answers.count)
            continue;
        answers.texts[at] = found.text;
        answers.canonical[at] = canonical;
        answers.count++;
    }
    return answers;
}

/* What the judge is shown: does `from` entail `to`? */
static struct sample shown_of(const struct sample *sample, const struct answers *answers,
                              struct answer_pair pair)
{
    return (struct sample){.id = sample->id,
                           .prompt = sample->prompt,
                           .context = answers->texts[pair.from],
                           .response = answers->texts[pair.to]};
}

/* A text that is too long is not cut: half an answer is another answer. */
static bool is_too_long(const struct consistency *consistency, const struct sample *sample,
                        const struct answers *answers)
{
    size_t longest = 0;
    for (size_t i = 0; i < answers->count; i++)
        longest = answers->texts[i].size > longest ? answers->texts[i].size : longest;
    return sample->prompt.size + 2 * longest > (size_t)consistency->judge.max_shown_bytes;
}

/* ---- what was said so far ---- */

struct said {
    struct answers answers;
    struct relations relations;
    struct readings readings;
    unsigned rounds;  /* asked so far */
    size_t questions; /* likewise */
};

static unsigned mark_of(unsigned round, struct answer_pair pair)
{
    return round << 16 | (unsigned)pair.from << 8 | pair.to;
}

static enum relation relation_of(const char *label)
{
    return strcmp(label, ENTAILMENT) == 0 ? RELATION_ENTAILS
           : strcmp(label, NEUTRAL) == 0  ? RELATION_NEUTRAL
                                          : RELATION_CONTRADICTS;
}

static void read_answer(const struct consistency *consistency, const struct sample *sample,
                        const struct question *question, struct arena *arena, struct said *said)
{
    struct answer_pair pair = {(unsigned char)(question->about >> 8),
                               (unsigned char)question->about};
    struct sample shown = shown_of(sample, &said->answers, pair);
    struct score read;
    unsigned round = question->about >> 16;
    if (readings_add(&said->readings, &consistency->judge, question, &shown, arena, &read))
        said->relations.of[pair.from][pair.to] = (unsigned char)relation_of(read.label);
    said->rounds = round + 1 > said->rounds ? round + 1 : said->rounds;
    said->questions++;
}

static void read_all(const struct consistency *consistency, const struct sample *sample,
                     const struct responses *responses, const struct question *answered,
                     struct arena *arena, struct said *out)
{
    *out = (struct said){.answers = find_answers(consistency, responses, arena)};
    out->relations.count = out->answers.count;
    out->relations.lax = consistency->lax;
    for (; answered; answered = answered->next)
        if (answered->target == ASK_JUDGE)
            read_answer(consistency, sample, answered, arena, out);
}

/* What the next round asks, once all of the last one was answered. */
static size_t next_pairs(const struct said *said, struct answer_pair out[ENTAILMENT_PAIRS_MAX])
{
    return entailment_missing(&said->relations, said->rounds + 1 >= ENTAILMENT_ROUNDS, out);
}

struct question *meanings_ask(const struct consistency *consistency, const struct sample *sample,
                              const struct responses *responses, const struct question *answered,
                              struct arena *arena)
{
    struct said said;
    struct answer_pair pairs[ENTAILMENT_PAIRS_MAX];
    struct question *list = NULL;
    read_all(consistency, sample, responses, answered, arena, &said);
    size_t count = next_pairs(&said, pairs);
    if (said.readings.failed || is_too_long(consistency, sample, &said.answers) ||
        said.questions + count > (size_t)consistency->questions_max)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct sample shown = shown_of(sample, &said.answers, pairs[i]);
        list = comparing_question(&consistency->judge, &shown, mark_of(said.rounds, pairs[i]),
                                  list, arena);
    }
    return list;
}

static struct score score_classes(const struct consistency *consistency, const struct said *said)
{
    size_t class_of[ENTAILMENT_ANSWERS_MAX];
    uint32_t counts[RESPONSES_MAX] = {0};
    size_t classes = entailment_classes(&said->relations, class_of);
    for (size_t i = 0; i < said->answers.count; i++)
        counts[class_of[i]] += said->answers.counts[i];
    for (size_t i = 0; i < said->answers.blank; i++)
        counts[classes++] = 1;
    return score_value(consistency_from_counts(consistency->metric, counts, classes),
                       said->answers.count == 0 ? "no_answer"
                       : said->readings.suspect ? "injection_suspect"
                                                : NULL);
}

struct score meanings_score(const struct consistency *consistency, const struct sample *sample,
                            const struct responses *responses, const struct question *answered,
                            struct arena *arena)
{
    struct said said;
    struct answer_pair pairs[ENTAILMENT_PAIRS_MAX];
    read_all(consistency, sample, responses, answered, arena, &said);
    if (said.readings.failed)
        return said.readings.failure;
    if (next_pairs(&said, pairs) == 0)
        return score_classes(consistency, &said);
    if (is_too_long(consistency, sample, &said.answers))
        return score_without_value(SCORE_SKIPPED, "too_long_for_judge");
    return score_without_value(SCORE_SKIPPED, "too_many_questions");
}
