/* contradiction: does the response say what further responses to its request do not? */
#include "evaluators/comparing/comparing.h"

#include <math.h>
#include "evaluators/answers/sentences.h"
#include "evaluators/answers/text.h"

static const char INSTRUCTIONS[] =
    "You compare a sentence with a text; both are answers of one model to the same request, given "
    "apart from each other. The text stands under \"context\", the sentence under \"response\".\n"
    "You judge one thing only: does the text support the sentence?\n"
    "supported: what the sentence claims is stated in the text or follows from it.\n"
    "contradicted: the sentence and the text cannot both be true.\n"
    "neither: the text says nothing of what the sentence claims, the sentence claims nothing, or "
    "you cannot tell.\n"
    "Which of the two is right in the world does not matter.";

/* SelfCheckGPT's prompt variant has yes 0, no 1, anything else 0.5: here 1 is best. */
static const struct verdict_label LABELS[] = {
    {"supported", 1}, {"contradicted", 0}, {"neither", .5}};

const struct judge CONTRADICTION_JUDGE = {
    .instructions = INSTRUCTIONS,
    .inputs = JUDGE_CONTEXT | JUDGE_RESPONSE,
    .scale = {.labels = LABELS, .label_count = sizeof LABELS / sizeof *LABELS},
    .max_tokens = 512,
    .max_shown_bytes = JUDGE_SHOWN_BYTES_MAX,
    .empty_value = NAN,
};

/* Which sentences are held against how many of the resamples: all, or as many as the questions are
 * enough for, evenly spread over the response. */
struct plan {
    struct str sentences[QUESTIONS_PER_SAMPLE_MAX];
    size_t sentence_count, resample_count;
    bool whole;
    size_t longest; /* bytes that a question shows at most */
};

static size_t count_sentences(struct str text)
{
    size_t count = 0;
    struct str sentence;
    for (size_t at = 0; sentence_next(text, &at, &sentence);)
        count++;
    return count;
}

static void pick_sentences(struct str text, size_t total, struct plan *plan)
{
    struct str sentence;
    size_t at = 0, picked = 0;
    for (size_t i = 0; picked < plan->sentence_count && sentence_next(text, &at, &sentence); i++)
        if (i == (2 * picked + 1) * total / (2 * plan->sentence_count))
            plan->sentences[picked++] = text_trim(sentence);
}

static struct plan plan_of(const struct consistency *consistency,
                           const struct responses *responses)
{
    size_t most = (size_t)consistency->questions_max, resamples = responses->count - 1;
    size_t total = count_sentences(responses->items[0]), sentence = 0, resample = 0;
    struct plan plan = {.resample_count = resamples < most ? resamples : most};
    size_t room = most / plan.resample_count;
    plan.sentence_count = total < room ? total : room;
    plan.whole = plan.sentence_count == total && plan.resample_count == resamples;
    pick_sentences(responses->items[0], total, &plan);
    for (size_t i = 0; i < plan.sentence_count; i++)
        sentence = plan.sentences[i].size > sentence ? plan.sentences[i].size : sentence;
    for (size_t i = 1; i <= plan.resample_count; i++)
        resample = responses->items[i].size > resample ? responses->items[i].size : resample;
    plan.longest = sentence + resample;
    return plan;
}

/* `about` numbers the pairs, sentence by sentence. */
static struct sample shown_of(const struct responses *responses, const struct plan *plan,
                              size_t about)
{
    return (struct sample){.response = plan->sentences[about / plan->resample_count],
                           .context = responses->items[1 + about % plan->resample_count]};
}

static bool is_too_long(const struct consistency *consistency, const struct plan *plan)
{
    return plan->longest > (size_t)consistency->judge.max_shown_bytes;
}

static bool was_asked(const struct question *answered)
{
    while (answered && answered->target != ASK_JUDGE)
        answered = answered->next;
    return answered != NULL;
}

struct question *contradiction_ask(const struct consistency *consistency,
                                   const struct responses *responses,
                                   const struct question *answered, struct arena *arena)
{
    struct question *list = NULL;
    if (was_asked(answered))
        return NULL;
    struct plan plan = plan_of(consistency, responses);
    if (is_too_long(consistency, &plan))
        return NULL;
    for (unsigned i = 0; i < plan.sentence_count * plan.resample_count; i++) {
        struct sample shown = shown_of(responses, &plan, i);
        list = comparing_question(&consistency->judge, &shown, i, list, arena);
    }
    return list;
}

struct score contradiction_score(const struct consistency *consistency,
                                 const struct responses *responses,
                                 const struct question *answered, struct arena *arena)
{
    struct plan plan = plan_of(consistency, responses);
    struct readings readings = {.failed = false};
    double values[QUESTIONS_PER_SAMPLE_MAX];
    size_t count = 0;
    if (plan.sentence_count == 0)
        return score_without_value(SCORE_NOT_APPLICABLE, "no_sentences");
    if (is_too_long(consistency, &plan))
        return score_without_value(SCORE_SKIPPED, "too_long_for_judge");
    for (; answered; answered = answered->next) {
        struct score read;
        if (answered->target != ASK_JUDGE)
            continue;
        struct sample shown = shown_of(responses, &plan, answered->about);
        if (readings_add(&readings, &consistency->judge, answered, &shown, arena, &read))
            values[count++] = read.value;
    }
    if (readings.failed)
        return readings.failure;
    if (count < plan.sentence_count * plan.resample_count)
        return score_without_value(SCORE_SKIPPED, "judge_not_asked");
    return score_value(comparing_mean(values, count), readings.suspect ? "injection_suspect"
                                                      : plan.whole     ? NULL
                                                                       : "some_sentences");
}
