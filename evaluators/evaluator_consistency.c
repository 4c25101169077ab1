/* consistency: do several responses to one request say the same? */
#include "evaluators/consistency.h"

#include <stdlib.h>
#include "schema/base/memory.h"
#include "evaluators/comparing/comparing.h"
#include "evaluators/comparing/entailment.h"
#include "evaluators/evaluator.h"

static bool configure(const json_t *options, const struct evaluator_context *context,
                      void **out_state, struct problems *problems)
{
    struct consistency *consistency = memory_new(1, sizeof *consistency);
    *out_state = consistency;
    return comparing_configure(consistency, options, context, problems);
}

static bool asks_judge(const struct consistency *consistency)
{
    return consistency->judge.instructions != NULL;
}

static void determine(const void *state, struct buffer *into)
{
    const struct consistency *consistency = state;
    if (asks_judge(consistency))
        judge_determine(&consistency->judge, into);
    resample_determine(&consistency->resampling, into);
}

/* ---- what is compared ---- */

static bool needs_texts(enum consistency_metric metric)
{
    return metric == CONSISTENCY_LEXICAL || metric == CONSISTENCY_ROBUSTNESS;
}

static const char *units_of(const struct consistency *consistency, struct str response,
                            bool perturbed, struct arena *arena, struct fingerprint *out)
{
    struct extracted answer;
    bool found = extract_answer(consistency->extract, consistency->field, response, arena, &answer);
    struct str text = found ? answer.text : STR("");
    if (needs_texts(consistency->metric))
        return comparing_tokens(text, perturbed, arena, out);
    uint64_t *unit = arena_new(arena, 1, sizeof *unit);
    comparing_class_unit(text, arena, unit);
    *out = (struct fingerprint){unit, 1};
    return NULL;
}

static struct score compare_units(const struct consistency *consistency,
                                  const struct fingerprint *responses, size_t count,
                                  struct arena *arena)
{
    switch (consistency->metric) {
    case CONSISTENCY_LEXICAL:
        return comparing_lexical(responses, count, arena);
    case CONSISTENCY_ROBUSTNESS:
        return comparing_robustness(responses, count, arena);
    default:
        return comparing_classes(consistency, responses, count);
    }
}

/* ---- a group that arrives as records of its own ---- */

static bool is_perturbed(const struct consistency *consistency, const struct sample *sample)
{
    for (size_t i = 0; i < sample->tag_count; i++)
        if (str_is(sample->tags[i].key, consistency->perturbed_tag))
            return !str_is(sample->tags[i].value, "false");
    return false;
}

/* What a judge compares are texts, of which nothing is kept from record to record. */
static const char *fingerprint(const void *state, const struct sample *sample,
                               struct arena *arena, struct fingerprint *out)
{
    const struct consistency *consistency = state;
    bool perturbed =
        consistency->metric == CONSISTENCY_ROBUSTNESS && is_perturbed(consistency, sample);
    if (asks_judge(consistency))
        return "needs_one_record";
    return units_of(consistency, sample->response, perturbed, arena, out);
}

static bool compare(const void *state, const struct fingerprint *responses, size_t count,
                    struct arena *arena, struct score *out, struct error *error)
{
    if (count > RESPONSES_MAX)
        return error_set(error, ERROR_INPUT, "more than %d resamples", SAMPLE_RESAMPLES_MAX);
    *out = compare_units(state, responses, count, arena);
    return true;
}

static size_t group_size(const void *state)
{
    return (size_t)((const struct consistency *)state)->group_size;
}

/* ---- the responses of one record, and those of its endpoint when it is asked again ---- */

/* False when one that was asked for did not come: a comparison of fewer is another one. */
static bool gather(const struct sample *sample, const struct question *answered,
                   struct responses *out, const struct question **out_missing)
{
    *out = (struct responses){.items = {sample->response}, .count = 1};
    for (size_t i = 0; i < sample->resample_count; i++)
        out->items[out->count++] = sample->resamples[i];
    size_t from = out->count;
    for (; answered; answered = answered->next) {
        if (answered->target != ASK_ENDPOINT)
            continue;
        if (answered->status != ANSWER_RECEIVED) {
            *out_missing = answered;
            return false;
        }
        out->items[from + answered->about] = answered->answer;
        out->count++;
    }
    return true;
}

static bool holds_too_many(const struct sample *sample)
{
    return 1 + sample->resample_count > RESPONSES_MAX;
}

/* A record that is one of a group is compared with the others of it: nothing is asked. */
static bool waits_for_group(const struct sample *sample)
{
    return sample->group.size > 0 && sample->resample_count == 0;
}

static struct question *ask(const void *state, const struct sample *sample,
                            const struct question *answered, struct arena *arena)
{
    const struct consistency *consistency = state;
    const struct question *missing;
    struct responses responses;
    if (waits_for_group(sample) || holds_too_many(sample))
        return NULL;
    struct question *resamples =
        answered ? NULL : resample_questions(&consistency->resampling, sample, arena);
    if (resamples || !gather(sample, answered, &responses, &missing) || responses.count < 2)
        return resamples;
    if (consistency->by_meaning)
        return meanings_ask(consistency, sample, &responses, answered, arena);
    if (consistency->metric == CONSISTENCY_CONTRADICTION)
        return contradiction_ask(consistency, &responses, answered, arena);
    return NULL;
}

static unsigned rounds(const void *state)
{
    const struct consistency *consistency = state;
    unsigned of_judge = consistency->by_meaning    ? ENTAILMENT_ROUNDS
                        : asks_judge(consistency) ? 1
                                                  : 0;
    return (consistency->resampling.draws > 0) + of_judge;
}

static struct score why_alone(const struct consistency *consistency, const struct sample *sample,
                              struct arena *arena)
{
    struct str body;
    int64_t max_tokens;
    const char *why = consistency->resampling.draws && !waits_for_group(sample)
                          ? resample_body(&consistency->resampling, sample, arena, &body,
                                          &max_tokens)
                          : NULL;
    return score_without_value(SCORE_NOT_APPLICABLE, why ? why : "no_resamples");
}

static struct score compare_texts(const struct consistency *consistency,
                                  const struct responses *responses, struct arena *arena)
{
    struct fingerprint *units = arena_new(arena, responses->count, sizeof *units);
    for (size_t i = 0; i < responses->count; i++) {
        bool perturbed = i == 0 && consistency->metric == CONSISTENCY_ROBUSTNESS;
        const char *why_not =
            units_of(consistency, responses->items[i], perturbed, arena, &units[i]);
        if (why_not)
            return score_without_value(SCORE_NOT_APPLICABLE, why_not);
    }
    return compare_units(consistency, units, responses->count, arena);
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)scratch;
    const struct consistency *consistency = state;
    const struct question *missing;
    struct responses responses;
    if (holds_too_many(sample))
        return error_set(error, ERROR_INPUT, "more than %d resamples", SAMPLE_RESAMPLES_MAX);
    if (!gather(sample, answered, &responses, &missing))
        *out = score_without_value(
            missing->status == ANSWER_FAILED ? SCORE_ERROR : SCORE_SKIPPED, missing->failure);
    else if (responses.count < 2)
        *out = why_alone(consistency, sample, arena);
    else if (consistency->by_meaning)
        *out = meanings_score(consistency, sample, &responses, answered, arena);
    else if (consistency->metric == CONSISTENCY_CONTRADICTION)
        *out = contradiction_score(consistency, &responses, answered, arena);
    else
        *out = compare_texts(consistency, &responses, arena);
    return true;
}

const struct evaluator evaluator_consistency = {
    .name = "consistency",
    .summary = "do several responses to one request say the same?",
    .needs = NEEDS_RESAMPLES,
    .configure = configure,
    .determine = determine,
    .rounds = rounds,
    .ask = ask,
    .score = score,
    .fingerprint = fingerprint,
    .compare = compare,
    .group_size = group_size,
    .release = free,
};
