/* judge: asks a model what it thinks of the sample, one question for one criterion. */
#include <math.h>
#include "schema/base/memory.h"
#include "evaluators/evaluator.h"
#include "evaluators/judging/judge.h"

static bool configure(const json_t *options, const struct evaluator_context *context,
                      void **out_state, struct problems *problems)
{
    struct judge *judge = memory_new(1, sizeof *judge);
    judge->asked = context->judge;
    *out_state = judge;
    return judge_configure(judge, options, context->path, problems);
}

static void determine(const void *state, struct buffer *into)
{
    judge_determine(state, into);
}

static bool is_blank(struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!strchr(" \t\r\n\v\f", text.data[i]))
            return false;
    return true;
}

static size_t shown_bytes(const struct judge *judge, const struct sample *sample)
{
    size_t bytes = 0;
    for (unsigned input = JUDGE_CONTEXT; input <= JUDGE_RESPONSE; input <<= 1)
        if (judge->inputs & input)
            bytes += judge_shown(sample, input).size;
    for (size_t i = 1; (judge->inputs & JUDGE_REFERENCE) && i < sample->reference_count; i++)
        bytes += sample->references[i].size;
    return bytes;
}

/* Is the score settled without the judge? A text that is too long is not cut: half a response is
 * another response. */
static bool settled(const struct judge *judge, const struct sample *sample, struct score *out)
{
    if ((judge->inputs & JUDGE_REFERENCE) && !judge_shown(sample, JUDGE_REFERENCE).data)
        *out = score_without_value(SCORE_NOT_APPLICABLE, "no_reference");
    else if ((judge->inputs & JUDGE_CONTEXT) && !sample->context.data)
        *out = score_without_value(SCORE_NOT_APPLICABLE, "no_context");
    else if ((judge->inputs & JUDGE_PROMPT) && !sample->prompt.data)
        *out = score_without_value(SCORE_NOT_APPLICABLE, "no_prompt");
    else if ((judge->inputs & JUDGE_RESPONSE) && is_blank(sample->response))
        *out = isnan(judge->empty_value)
                   ? score_without_value(SCORE_NOT_APPLICABLE, "empty_response")
                   : score_value(judge->empty_value, "no_answer");
    else if (shown_bytes(judge, sample) > (size_t)judge->max_shown_bytes)
        *out = score_without_value(SCORE_SKIPPED, "too_long_for_judge");
    else
        return false;
    return true;
}

static struct question *ask(const void *state, const struct sample *sample,
                            const struct question *answered, struct arena *arena)
{
    const struct judge *judge = state;
    struct score score;
    if (answered || settled(judge, sample, &score))
        return NULL;
    return judge_question(judge, sample, arena);
}

static bool score(const void *state, const struct sample *sample, const struct question *answered,
                  struct scratch *scratch, struct arena *arena, struct score *out,
                  struct error *error)
{
    (void)scratch, (void)error;
    const struct judge *judge = state;
    if (!settled(judge, sample, out))
        *out = judge_read(judge, answered, sample, arena);
    return true;
}

const struct evaluator evaluator_judge = {
    .name = "judge",
    .summary = "what does a judge model say of the sample, on a scale or by labels?",
    .configure = configure,
    .determine = determine,
    .ask = ask,
    .score = score,
    .release = judge_free,
};
